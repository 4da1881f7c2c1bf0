/* SPDX-License-Identifier: MIT */
/* By places the reject file is what another pass would write. */
#include "places_world.h"

static void test_plain(void)
{
	struct conf_feed *feed = feed_with(NULL, NULL);
	both_ways((struct sample){.feed = feed, .text = ROWS, .n_rejected = 5});
	both_ways((struct sample){.feed = feed, .text = ROWS "\n"});
	both_ways((struct sample){.feed = feed, .text = ROWS "\nz,no line end"});
	both_ways((struct sample){.feed = feed, .text = "\xef\xbb\xbf" ROWS});
	both_ways((struct sample){.feed = feed, .text = "mpid,ip\r\nx,\r\n1,\r\n\r\ny,\r\n"});
	both_ways((struct sample){.feed = feed, .text = "mpid\nx"});
	both_ways((struct sample){.feed = feed,
				  .text = ROWS "\nz,,\n\0\0\0\0",
				  .len = sizeof(ROWS "\nz,,\n\0\0\0\0") - 1});
	both_ways((struct sample){.feed = feed, .text = ROWS "\nz,,\n\x1a\x1a"});
	conf_feed_free(feed);
}

/* A row with several faults, and reasons that repeat. */
static void test_reasons(void)
{
	struct conf_feed *feed = feed_with(NULL, NULL);
	struct written a = {0}, b = {0};
	const struct sample s = {.feed = feed,
				 .text = "mpid,environment,device_info.platform\n"
					 "x,nowhere,web\n1,development,web\n,,\ny,moon,\n",
				 .every = 1,
				 .n_rejected = 3};
	write_both(&s, &a, &b);
	same(&a, &b, s.text);
	TEXT_HAS(df_buf_cstr(&a.bytes), "\nx,nowhere,web,2,\"not-allowed in environment: ");
	TEXT_HAS(df_buf_cstr(&a.bytes), "; not-an-integer in mpid: ");
	TEXT_HAS(df_buf_cstr(&a.bytes), "\n1,development,web,3,\"api-rejected: too, \"\"old\"\"");
	TEXT_IS(df_buf_cstr(&a.reasons), "not-allowed in environment: 2 from 2, 5\n"
					 "api-rejected in : 1 from 3, 0\n"
					 "missing-identity in : 1 from 4, 0\n");
	written_free(&a);
	written_free(&b);
	conf_feed_free(feed);
}

static void test_dialects(void)
{
	static const struct {
		const char *key, *value, *text;
	} all[] = {
	    {"delimiter", ";", "mpid;user_attributes.Ort\nx;a,b\n1;c\ny;\"d;\n\"\n"},
	    {"delimiter", "tab", "mpid\tuser_attributes.Ort\r\nx\ta\r\n1\tc\r\n2\r\n"},
	    {"quote", "none", "mpid,user_attributes.Ort\nx,\"a\n1,c\ny,d\"\n"},
	    {"quote", "'", "mpid,user_attributes.Ort\nx,'a,\nb'\n1,c\ny,'it''s'\n"},
	    {"escape", "backslash", "mpid,user_attributes.Ort\nx,\"a\\\"\n,\"\n1,c\n,\"d\\\\\"\n"},
	    {"trim", "yes", "mpid,user_attributes.Ort\nx  , \"a\" \n1,c\n y ,d\n"},
	    {"comment", "#", "# about\nmpid,ip\n# 1\nx,\n1,\n# 2\ny,\n# end\n"},
	    {"skip_lines", "2", "A report\n\nmpid,ip\nx,\n1,\ny,\n"},
	    {"skip_last_lines", "1", "mpid,ip\nx,\n1,\ny,\n3 rows\n"},
	    {"null", "\\N", "mpid,ip\n\\N,\n1,\ny,\\N\n"},
	    {"unknown_columns", "warn", "mpid,ip,\nx,,\n1,,\ny,,\n"},
	    {"unknown_columns", "warn", "mpid,ip\nx,,\n1,,\ny,,\n2,,3\n"},
	    {"row_count", "^# ([0-9]+)", "mpid\nx\n1\ny\n# 3\n"},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct conf_feed *feed = feed_with(all[i].key, all[i].value);
		if (strcmp(all[i].key, "row_count") == 0)
			set(feed, "skip_last_lines", "1");
		both_ways((struct sample){.feed = feed, .text = all[i].text});
		conf_feed_free(feed);
	}
}

static void test_encodings(void)
{
	struct conf_feed *feed = feed_with("encoding", "iso-8859-1");
	both_ways((struct sample){.feed = feed,
				  .text = "mpid,user_attributes.Ort\nx,Z\xfcrich\n1,K\xf6ln\n"
					  "y,\"Li\xe8ge\n\"\n"});
	conf_feed_free(feed);

	static const char text[] = "m\0p\0i\0d\0\n\0x\0\xfc\0\n\0001\0\n\0y\0\xac\x20\n\0";
	feed = feed_with("encoding", "utf-16le");
	both_ways((struct sample){.feed = feed, .text = text, .len = sizeof(text) - 1});
	conf_feed_free(feed);
}

static void manifest(struct conf_feed *feed, const char *text)
{
	struct df_err err = {0};
	char *path = df_format("%s/manifest.json", dir);
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	OK(df_write_all(fd, text, strlen(text), &err));
	close(fd);
	set(feed, "manifest", path);
	free(path);
}

/* Without a header the reject file gets one of places, which ends as its first row does. */
static void test_no_header(void)
{
	struct conf_feed *feed = feed_with(NULL, NULL);
	manifest(feed, "{\"hasHeaderRow\": false, \"columns\": ["
		       "{\"column\": \"Who\", \"action\": \"keep\", \"field\": \"mpid\"},"
		       "{\"column\": \"What\", \"action\": \"keep\", \"field\": "
		       "\"user_attributes.a\"}]}");
	both_ways((struct sample){.feed = feed, .text = "1,a\nx,b\n2,c\ny,\"d\ne\"\n"});
	both_ways((struct sample){.feed = feed, .text = "x,b\r\n2,c\r\ny,d\r\n"});
	both_ways((struct sample){.feed = feed, .text = "x\"y,b\n2,c\ny,d"});
	both_ways((struct sample){.feed = feed,
				  .text = "dropfeed.column1,dropfeed.column2,dropfeed.line,"
					  "dropfeed.reason\nx,b,7,why\n2,c,8,\"why, \"\"so\"\"\"\n"
					  "y,d,9,\n"});
	conf_feed_free(feed);
}

/* A reject file that was dropped again, as it is and requoted. */
static void test_again(void)
{
	struct conf_feed *feed = feed_with(NULL, NULL);
	struct written a = {0}, b = {0};
	const struct sample s = {.feed = feed, .text = ROWS, .every = 2};
	write_both(&s, &a, &b);
	same(&a, &b, ROWS);
	both_ways((struct sample){.feed = feed, .text = df_buf_cstr(&a.bytes), .len = a.bytes.len});
	written_free(&a);
	written_free(&b);
	both_ways((struct sample){
	    .feed = feed,
	    .text = "\"dropfeed.reason\",\"mpid\",\"dropfeed.line\",\"ip\"\n"
		    "\"wrong, \"\"so\"\"\",\"x\",\"7\",\"\"\n\"\",\"1\",\"8\",\"\"\n"
		    "\"w\nw\",\"y\",\"9\",\"\"\n"});
	conf_feed_free(feed);
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"rows as they are", test_plain},
	    {"reasons", test_reasons},
	    {"dialects", test_dialects},
	    {"encodings", test_encodings},
	    {"no header", test_no_header},
	    {"dropped again", test_again},
	    CU_TEST_INFO_NULL,
	};
	return test_main("document_places, both ways", begin_folder, end_folder, tests);
}
