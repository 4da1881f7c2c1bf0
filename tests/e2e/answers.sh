# SPDX-License-Identifier: MIT
# Where batches go and whom they are given to: old and new rows, a receiver that is restarted,
# credentials that end in mid-run, certificates, and a ledger whose numbers do not add up.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson requests=$work/api/requests.ndjson
mkdir -p "$work/in" "$work/empty"

# clicks FILE ROWS [PREFIX]: one batch a row
clicks() {
	python3 - "$@" <<'END'
import sys
with open(sys.argv[1], "w") as f:
    f.write("environment,user_identities.customer_id,events.data.timestamp_unixtime_ms,events.data.event_name,events.data.custom_event_type\n")
    for i in range(int(sys.argv[2])):
        f.write("development,%s%d,%d,Clicked,other\n" % (sys.argv[3], i, 1768206600000 + i))
END
}

# feed [more lines]: the configuration of one feed, without a source
feed() {
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed clicks "$work/empty"
	printf '%s\n' "$@"
} >"$conf"

# ---- historical: one user with events of many ages, in an order that changes the endpoint
#     again and again
python3 - "$work/ages-custom_event.csv" "$work/people-eventless.csv" <<'END'
import sys, time
now, day = int(time.time() * 1000), 86400000
with open(sys.argv[1], "w") as f:
    f.write("environment,mpid,events.data.timestamp_unixtime_ms,events.data.event_name,events.data.custom_event_type\n")
    for name, age in (("new", 0), ("old", 31), ("hours71", 71 / 24), ("hours73", 73 / 24), ("older", 400), ("days29", 29.99), ("days30", 30.01), ("future", -1)):
        f.write("development,5,%d,%s,other\n" % (now - int(age * day), name))
    f.write("development,5,,timeless,other\n")
with open(sys.argv[2], "w") as f:
    f.write("environment,mpid\ndevelopment,5\n")
END
# names ENDPOINT: the events that went there, in order of arrival
names() {
	python3 - "$1" "$requests" "$accepted" <<'END'
import json, sys
where = {i: r["path"] for r in map(json.loads, open(sys.argv[2])) for i in r["ids"]}
for batch in map(json.loads, open(sys.argv[3])):
    if where[batch["source_request_id"]] == sys.argv[1]:
        print(*(e["data"]["event_name"] for e in batch.get("events") or [{"data": {"event_name": "none"}}]))
END
}
feed
exits 0 "old and new rows in one document" import "$work/ages-custom_event.csv" \
	"$work/people-eventless.csv"
equal "what is older than 30 days goes to the historical endpoint" \
	"$(names /v2/bulkevents/historical | tr '\n' ' ')" "old older days30 "
equal "all else does not" "$(names /v2/bulkevents | tr ' ' '\n' | sort | tr '\n' ' ')" \
	"days29 future hours71 hours73 new none timeless "
rm -rf "$work/state" "$accepted" "$requests"
receiver_stop
receiver_start "$work/api" || exit 1
feed 'historical = always'
exits 0 "with historical = always" import "$work/ages-custom_event.csv" "$work/people-eventless.csv"
equal "what is younger than 72 hours never goes there, nor what has no time or no event" \
	"$(names /v2/bulkevents | tr ' ' '\n' | sort | tr '\n' ' ')" \
	"future hours71 new none timeless "
rm -rf "$work/state" "$accepted" "$requests"
receiver_stop

# ---- the receiver is restarted while batches are on their way
receiver_start "$work/api" || exit 1
port=${endpoint##*:}
clicks "$work/in/a-custom_event.csv" 400 A
feed 'batches_per_second = 300'
"$dropfeed" --config "$conf" import \
	"$work/in/a-custom_event.csv" >"$work/out" 2>"$work/err" </dev/null &
pid=$!
while kill -0 $pid 2>/dev/null && [ "$(lines "$accepted")" -le 50 ]; do sleep 0.02; done
receiver_stop
check "a receiver that goes away in mid-run" test "$(batches events "$accepted")" -lt 400
receiver_start "$work/api" --port "$port" || exit 1
status=0
wait $pid || status=$?
equal "and comes back" $status 0
equal "gets every row" "$(batches events "$accepted")" 400

# ---- credentials that are revoked in mid-run
clicks "$work/in/b-custom_event.csv" 400 B
printf '202\n202\n202\n401\n' >"$work/api/script"
exits 4 "a 401 in mid-run" import "$work/in/b-custom_event.csv"
said "names the keys to look at" 'HTTP 401.*api_key, its secret'
before=$(batches events "$accepted")
check "after some rows, before others" test "$before" -gt 400 -a "$before" -lt 800
exits 0 "with good credentials the next run goes on" run
equal "and every row arrived" "$(batches events "$accepted")" 800

# ---- numbers that do not add up
clicks "$work/in/c-custom_event.csv" 400 C
printf '202\n202\n202\n401\n' >"$work/api/script.new" &&
	mv "$work/api/script.new" "$work/api/script"
exits 4 "a document that was not finished" import "$work/in/c-custom_event.csv"
ledger_sql "$work/state" \
	"UPDATE document SET delivered = delivered + 1 WHERE id = (SELECT max(id) FROM document)"
exits 5 "a ledger whose sums do not hold" run
said "is reported as an error" 'does not balance: 400 rows, but 401 delivered'
exits 5 "and not forgotten" run
rm -rf "$work/state"
receiver_stop

# ---- certificates
if command -v openssl >/dev/null; then
	for name in ca other; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
			-keyout "$work/$name.key" -out "$work/$name.pem" \
			-days 2 -subj "/CN=$name" 2>/dev/null
	done
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
		-keyout "$work/api.key" -out "$work/api.csr" -subj /CN=api 2>/dev/null
	printf 'subjectAltName=IP:127.0.0.1\n' >"$work/san"
	openssl x509 -req -in "$work/api.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" \
		-CAcreateserial -days 2 -extfile "$work/san" \
		-out "$work/api.pem" 2>/dev/null
	receiver_start "$work/tls" --cert "$work/api.pem" --tlskey "$work/api.key" || exit 1
	endpoint=https://${endpoint#http://}
	accepted=$work/tls/accepted.ndjson
	feed
	exits 4 "a certificate of nobody that is known" import "$work/in/a-custom_event.csv"
	said "is reported, with the way out" 'not trusted.*ca_file'
	feed "ca_file = $work/other.pem"
	exits 4 "of another authority than ca_file's" run
	equal "nobody got anything" "$(lines "$accepted")" 0
	feed "ca_file = $work/ca.pem"
	exits 0 "of ca_file's authority" run
	equal "gets every row" "$(batches events "$accepted")" 400
	endpoint=${endpoint/127.0.0.1/localhost} # not in the certificate
	clicks "$work/in/d-custom_event.csv" 3 D
	feed "ca_file = $work/ca.pem"
	exits 4 "for another name" import "$work/in/d-custom_event.csv"
	said "is reported, with another way out" 'not trusted.*write endpoint with the name'
	printf 'no certificate\n' >"$work/no.pem"
	feed "ca_file = $work/no.pem"
	exits 4 "a ca_file that holds none" import "$work/in/d-custom_event.csv"
	said "says what is wanted" 'ca_file = .*no.pem: PEM is wanted'
	receiver_stop
	if openssl x509 -req -in "$work/api.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" \
		-CAcreateserial -days -1 -extfile "$work/san" \
		-out "$work/old.pem" 2>/dev/null; then
		receiver_start "$work/old" --cert "$work/old.pem" --tlskey "$work/api.key" || exit 1
		endpoint=https://${endpoint#http://}
		feed "ca_file = $work/ca.pem"
		exits 4 "a certificate that has ended" import "$work/in/d-custom_event.csv"
		said "sends to the clock and to the server's keeper" \
			'expired.*clock.*new certificate'
	else
		skip "this openssl makes no certificate of yesterday"
	fi
else
	skip "openssl is not here: no certificates"
fi
finish
