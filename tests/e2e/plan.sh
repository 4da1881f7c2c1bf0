# SPDX-License-Identifier: MIT
# Data plans: `plan check`, `plan fetch` from a stand-in of the platform, and a delivery under a
# plan, which is stored with its document.
. "$(dirname "$0")/lib/checks.sh"

plan=$root/tests/plan/shop.json

exits 0 "a plan that can be enforced" plan check "$plan"
said "its points" "custom_event 'Phone Order' \(transaction\)"
said "what would be left out" \
	'leaves out: unplanned events, attributes of events, attributes of users, identities'
exits 0 "the same as JSON" plan check --format json "$plan"
check "the same as JSON: what it says" holds \
	'.id == "shop" and .version == 3 and (.points | length) == 6 and .not_enforced == []' \
	"$work/out"
jq \
	'.version_document.data_points[0].validator.definition.properties.data.properties
	.custom_attributes.properties.note |= {"$ref": "#/x"}
	| .version_document.settings = {validation_actions:
	{event: "allow", event_attribute: "allow",
	user_attribute: "allow", user_identity: "allow"}}' \
	"$plan" >"$work/odd.json"
exits 1 "a plan that cannot be enforced in full" plan check "$work/odd.json"
said "what is not enforced, and where" \
	"not enforced: #/version_document/data_points/0/validator/definition/.*/note: the keyword '\\\$ref'"
said "settings that allow all" 'leaves out: nothing'
printf '{"a": 1}' >"$work/other.json"
exits 2 "a file that is not a plan" plan check "$work/other.json"
said "says so" 'other.json: no version_document'
exits 2 "a file that is not there" plan check "$work/nowhere.json"
exits 2 "no such subcommand" plan upload

printf \
	'Customer Id,Order-ID,TOTAL,Newsletter\nc1,AB-1,12.50,true\nc2,AB-2,2.50,false\n' \
	>"$work/phone-custom_event.csv"
exits 0 "a manifest with the plan's names" manifest --plan "$plan" "$work/phone-custom_event.csv"
said "an attribute of an event" \
	'"column": "Order-ID".*"field": "events.data.custom_attributes.order_id"'
said "an attribute of a user" '"column": "Newsletter".*"field": "user_attributes.newsletter"'
cp "$work/out" "$work/phone.json"
exits 0 "which validate takes" validate --manifest "$work/phone.json" --plan "$plan" \
	--set plan_action=reject --set 'event_name=Phone Order' \
	--set event_type=transaction "$work/phone-custom_event.csv"
exits 0 "a dry run under the plan" import --dry-run --sink - --manifest "$work/phone.json" \
	--plan "$plan" --set plan_action=block \
	--set 'event_name=Fax Order' --set event_type=transaction "$work/phone-custom_event.csv"
said "counts what would be left out" 'left out'

# ---- fetching ----

mkdir -p "$work/hosts" "$work/home"
cp "$plan" "$work/hosts/plan.json"
python3 "$root/tests/peers/plan-hosts" "$work/hosts" 2>"$work/hosts/err" &
receivers+=($!)
wait_for "$work/hosts/port" || exit 1
url=http://127.0.0.1:$(cat "$work/hosts/port")
export HOME=$work/home XDG_CACHE_HOME=
printf 's3cret\n' >"$work/secret"
chmod 600 "$work/secret"
fetch() {
	"$dropfeed" plan fetch --api "$url" --sso "$url" --workspace 7 --client-id me \
		--client-secret-file "$work/secret" "$@"
}
# fetches CODE WHAT ARGUMENT...
fetches() {
	local wanted=$1 what=$2 status=0
	shift 2
	fetch "$@" >"$work/out" 2>"$work/err" || status=$?
	equal "$what" "$status" "$wanted"
}
asked() { grep -c "$1" "$work/hosts/log"; }

fetches 0 "a version" --plan shop --version 3
check "it is the plan" cmp "$work/out" "$plan"
fetches 0 "another time" --plan shop
equal "the token is kept for its life" "$(asked POST)" 1
equal "its file is its owner's" "$(stat -c %a "$work"/home/.cache/dropfeed/plan-token.*)" 600
check "no secret in its name or in what was printed" absent s3cret "$work/err" "$work/out"
fetches 2 "a plan that is not there" --plan other
said "where to look" "not found \(HTTP 404\)"
equal "nothing is printed" "$(lines "$work/out")" 0
printf '401\n' >"$work/hosts/script"
fetches 0 "a token that was withdrawn is asked for anew" --plan shop
equal "once" "$(asked POST)" 2
printf '429 1\n500\nok\n' >"$work/hosts/script"
fetches 0 "429 and 500 are waited for" --plan shop
printf '429 999\n' >"$work/hosts/script"
fetches 3 "a wait that is too long is not" --plan shop
printf 'page\n' >"$work/hosts/script"
fetches 4 "a login page is not a plan" --plan shop --version 3
said "says so" 'something else than a plan'
rm -f "$work/hosts/script"
printf wrong >"$work/secret"
fetches 4 "a wrong secret" --plan shop
said "says what to look at" 'refused the credentials \(HTTP 401\)'
chmod 644 "$work/secret"
fetches 2 "a secret that others can read" --plan shop
chmod 600 "$work/secret"
printf 's3cret' >"$work/secret"
printf 10 >"$work/hosts/life"
rm -f "$work"/home/.cache/dropfeed/*
before=$(asked POST)
fetches 0 "a token that ends at once" --plan shop
fetches 0 "a token that ends at once, again" --plan shop
equal "is not used twice" "$(($(asked POST) - before))" 2
exits 2 "an address that is not encrypted" plan fetch --api http://192.0.2.1 --sso "$url" \
	--workspace 7 --plan shop --client-id me --client-secret-file "$work/secret"

exits 2 "a name that begins like an address of this machine" plan fetch \
	--api http://127.example.invalid --sso "$url" --workspace 7 \
	--plan shop --client-id me --client-secret-file "$work/secret"

# ---- a delivery ----

receiver_start "$work/api" || exit 1
mkdir -p "$work/in"
printf demo-secret >"$work/api-secret" && chmod 600 "$work/api-secret"
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed a "$work/in"
	printf 'plan = %s\nplan_action = block\n' "$work/plan.json"
} >"$conf"
cp "$plan" "$work/plan.json"
cp "$root/tests/cases/plan-block/orders-custom_event.csv" "$work/in"
exits 0 "the configuration with a plan" check
exits 1 "a delivery with what the plan has" run
check "what the API got has nothing else" test \
	"$(jq -c '.. | objects | select(.shoe or .google or .colour)' \
	"$work/api/accepted.ndjson" | wc -l)" = 0
check "but the rest" test "$(jq -c '.. | objects | select(.["$Age"])' \
	"$work/api/accepted.ndjson" | wc -l)" = 4
exits 0 "the balance" status --format json
check "rows = delivered + rejected + skipped" holds \
	'[.. | objects | select(has("delivered") and has("rows"))] | length > 0 and all(.rows == .delivered + .rejected + .skipped)' \
	"$work/out"
printf '{' >"$work/plan.json"
exits 2 "a plan that is broken" check
said "says where" 'dropfeed.conf:[0-9]+: plan: .*plan.json: line 1, column 2'
finish
