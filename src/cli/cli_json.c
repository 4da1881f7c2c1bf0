/* SPDX-License-Identifier: MIT */
/* What the JSON of several commands has in common. */
#include "cli.h"

#include "dropfeed/json.h"

void cli_json_refused(struct json_writer *j, const struct df_err *refused)
{
	char text[DF_ERR_TEXT];
	if (refused->text[0] == '\0') {
		json_write_null(j, "refused");
		return;
	}
	cli_refusal(refused, text, sizeof(text));
	json_write_open(j, "refused", '{');
	json_write_text(j, "code", refused->code);
	json_write_filled(j, "message", text);
	json_write_close(j);
}

void cli_json_warnings(struct json_writer *j, const struct map_warning *v, size_t n)
{
	json_write_open(j, "warnings", '[');
	for (size_t i = 0; i < n; i++) {
		json_write_open(j, NULL, '{');
		json_write_text(j, "code", v[i].code);
		json_write_filled(j, "message", v[i].text);
		json_write_close(j);
	}
	json_write_close(j);
}
