// SPDX-License-Identifier: MIT
// The vendor's own validator, for tests/run-plan --vendor: reads lines of {"document", "batches"}, writes a line of results for each.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { DataPlanService } = createRequire(process.argv[2] + "/../")("@mparticle/data-planning-node");
const service = new DataPlanService();
const errors = (answer) => (answer.results ?? []).flatMap((result) => result?.data?.validation_errors ?? []);

for await (const line of createInterface({ input: process.stdin })) {
  const { document, batches } = JSON.parse(line);
  const version = { version: 1, data_plan_id: "p", version_document: document };
  const results = [];
  for (const { events = [], ...user } of batches) {
    const found = [];
    for (const event of events) found.push(errors(await service.validateEvent(event, version)));
    results.push({ events: found, user: errors(await service.validateBatch({ ...user, events: [] }, version)) });
  }
  console.log(JSON.stringify(results));
}
