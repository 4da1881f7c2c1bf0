# SPDX-License-Identifier: MIT
"""What the end-to-end tests ask about delivered batches, computed without dropfeed.

batches.py identical FILE...          batches of one source_request_id are equal; so are events of
                                      one source_message_id
batches.py events FILE...             how many different events there are (by source_message_id)
batches.py ids FILE...                the different source_request_ids, sorted
batches.py covers CSV COPIES FILE...  every row of the sample arrived as COPIES events, and nothing
                                      else did
batches.py schema SCHEMA FILE...      every batch is valid
batches.py retail CSV FILE...         the Online Retail rows that have a customer arrived
batches.py starts CSV                 the physical line of each data row
FILE: one batch, or one request of batches, per line; batches that were sent more than once under
the same id count once.
"""
import collections
import csv
import datetime
import json
import sys


def read(files):
    batches = {}
    for name in files:
        with open(name, encoding="utf-8") as f:
            for line in f:
                something = json.loads(line, parse_float=str)
                for batch in something if isinstance(something, list) else [something]:
                    known = batches.setdefault(batch["source_request_id"], batch)
                    if known != batch:
                        sys.exit(
                            "source_request_id %s has two contents" % batch["source_request_id"]
                        )
    return list(batches.values())


def events(files):
    seen = {}
    for batch in read(files):
        for event in batch.get("events") or []:
            key = event["data"]["source_message_id"]
            if key in seen:
                sys.exit("source_message_id %s is in two batches" % key)
            seen[key] = (batch, event)
    return list(seen.values())


def key_of_event(batch, event):
    """What identifies an event of the samples, whatever form it came in."""
    data = event["data"]
    detail = data.get("screen_name") or data.get("event_name")
    for action in ("product_action", "promotion_action"):
        if action in data:
            what = data[action]
            item = (what.get("products") or what.get("promotions"))[0]
            detail = (
                what["action"],
                item["id"],
                str(item.get("quantity", "")),
                str(item.get("price", "")),
            )
    user = batch["user_identities"].get("customer_id")
    return (event["event_type"], user, data["timestamp_unixtime_ms"], detail)


def key_of_row(row, event_type):
    data = {k[len("events.data.") :]: v for k, v in row.items() if k.startswith("events.data.")}
    detail = data.get("screen_name") or data.get("event_name")
    if "product_action.action" in data:
        detail = tuple(
            data["product_action." + k]
            for k in ("action", "products.id", "products.quantity", "products.price")
        )
    if "promotion_action.action" in data:
        detail = (data["promotion_action.action"], data["promotion_action.promotions.id"], "", "")
    user = row.get("user_identities.customerid") or row.get("user_identities.customer_id")
    return (event_type, user, int(data["timestamp_unixtime_ms"]), detail)


def compare(got, wanted):
    for text, rest in (("missing", wanted - got), ("not expected", got - wanted)):
        for key, n in list(rest.items())[:10]:
            print("%s: %d x %s" % (text, n, key))
    sys.exit(got != wanted)


def covers(sample, copies, files):
    event_type = sample.rsplit("-", 1)[1].split(".")[0]
    with open(sample, newline="", encoding="utf-8") as f:
        wanted = collections.Counter(key_of_row(row, event_type) for row in csv.DictReader(f))
    wanted = collections.Counter({k: n * int(copies) for k, n in wanted.items()})
    # Two samples hold commerce events; each covers its own kind only.
    kind = {len(k[3]) and k[3][0] for k in wanted if isinstance(k[3], tuple)}
    got = collections.Counter(
        k
        for k in (key_of_event(*e) for e in events(files))
        if k[0] == event_type and (not kind or k[3][0] in kind)
    )
    compare(got, wanted)


def schema(path, files):
    import jsonschema

    with open(path, encoding="utf-8") as f:
        validator = jsonschema.Draft7Validator(
            json.load(f), format_checker=jsonschema.FormatChecker(["ipv4", "ipv6"])
        )
    bad = n = 0
    for name in files:
        with open(name, encoding="utf-8") as f:
            for line in f:
                n += 1
                for error in validator.iter_errors(json.loads(line)):
                    bad += 1
                    if bad <= 10:
                        print("%s: %s: %s" % (name, list(error.absolute_path), error.message[:300]))
    print("%d batches, %d errors" % (n, bad))
    sys.exit(bad > 0 or n == 0)


def retail(path, files):
    wanted = collections.Counter()
    with open(path, newline="", encoding="utf-8-sig") as f:
        for row in csv.DictReader(f):
            if row["CustomerID"]:
                when = datetime.datetime.strptime(row["InvoiceDate"], "%m/%d/%y %H:%M").replace(
                    tzinfo=datetime.timezone.utc
                )
                wanted[
                    row["CustomerID"],
                    int(when.timestamp()) * 1000,
                    row["StockCode"],
                    row["Quantity"],
                ] += 1
    got = collections.Counter()
    for batch, event in events(files):
        data = event["data"]
        for product in data["product_action"]["products"]:
            got[
                batch["user_identities"]["customer_id"],
                data["timestamp_unixtime_ms"],
                product["id"],
                str(product["quantity"]),
            ] += 1
    compare(got, wanted)


def starts(path):
    with open(path, newline="", encoding="utf-8") as f:
        reader, line = csv.reader(f), 1
        for row in reader:
            if line > 1:
                print(line)
            line = reader.line_num + 1


def main(verb, *args):
    if verb == "identical":
        events(args)
    elif verb == "events":
        print(len(events(args)))
    elif verb == "ids":
        print("\n".join(sorted(b["source_request_id"] for b in read(args))))
    elif verb == "covers":
        covers(args[0], args[1], args[2:])
    elif verb == "schema":
        schema(args[0], args[1:])
    elif verb == "retail":
        retail(args[0], args[1:])
    elif verb == "starts":
        starts(args[0])
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
