/* SPDX-License-Identifier: MIT */
/* Zips by Info-ZIP, and by Python what Info-ZIP will not make. */
#include "decode_fixture.h"

static void expect_doc(const struct fx_file *f, size_t i, const char *name, const char *event_type,
		       const char *plain)
{
	CU_ASSERT_TRUE(i < decode_count(f->d));
	if (i >= decode_count(f->d))
		return;
	const struct decode_doc *doc = decode_doc(f->d, i);
	CU_ASSERT_STRING_EQUAL(doc->name, name);
	CU_ASSERT_STRING_EQUAL(doc->event_type, event_type);
	CU_ASSERT_TRUE(fx_same_bytes(doc, plain));
}

static void expect_skipped(const struct fx_file *f, const char *name, const char *why)
{
	const char *found = NULL;
	for (size_t i = 0; i < decode_skipped_count(f->d); i++)
		if (strcmp(decode_skipped(f->d, i)->name, name) == 0)
			found = decode_skipped(f->d, i)->why;
	CU_ASSERT_PTR_NOT_NULL(found);
	if (found != NULL)
		CU_ASSERT_STRING_EQUAL(found, why);
}

/* Opens a zip that must be good. */
static bool good_zip(struct fx_file *f, const char *name, size_t documents, size_t skipped)
{
	struct conf_feed feed = fx_feed();
	fx_decode(f, &feed, name);
	CU_ASSERT_EQUAL(f->st, DF_OK);
	if (f->st != DF_OK) {
		fx_show(f, name);
		fx_end(f);
		return false;
	}
	CU_ASSERT_EQUAL(decode_count(f->d), documents);
	CU_ASSERT_EQUAL(decode_skipped_count(f->d), skipped);
	return true;
}

static void test_documents(void)
{
	struct fx_file f;
	fx_sh(
	    "seq 1 200000 > orders-custom_event.csv; echo a,b > views.csv; : > none-eventless.csv; "
	    "zip -q x-screen_view.zip orders-custom_event.csv views.csv none-eventless.csv");
	if (!good_zip(&f, "x-screen_view.zip", 3, 0))
		return;
	expect_doc(&f, 0, "orders-custom_event.csv", "custom_event", "orders-custom_event.csv");
	expect_doc(&f, 1, "views.csv", "screen_view", "views.csv");
	/* refused later, on its own */
	expect_doc(&f, 2, "none-eventless.csv", "eventless", "none-eventless.csv");
	fx_end(&f);
}

static void test_flavours(void)
{
	static const char *const how[] = {
	    "zip -q0 v.zip n-custom_event.csv",          /* stored */
	    "zip -q9 v.zip n-custom_event.csv",          /* deflate */
	    "zip -qfd v.zip n-custom_event.csv",         /* data descriptors */
	    "zip -q - n-custom_event.csv | cat > v.zip", /* the same, as written to a pipe */
	    "zip -qfz v.zip n-custom_event.csv",         /* zip64 */
	    "python3 -c \"import zipfile, sys; z = zipfile.ZipFile(sys.stdout.buffer, 'w', "
	    "zipfile.ZIP_DEFLATED); "
	    "w = z.open('n-custom_event.csv', 'w', force_zip64=True); "
	    "w.write(open('n-custom_event.csv', "
	    "'rb').read()); "
	    /* zip64 with data descriptors, which Info-ZIP gets wrong */
	    "w.close(); z.close()\" | cat > v.zip",
	    /* a comment */
	    "zip -q v.zip n-custom_event.csv; echo words | zip -qz v.zip",
	    /* a bad one */
	    "zip -q v.zip n-custom_event.csv; printf 'PK\\005\\006 %%.0s' $(seq 9000) | zip -qz "
	    "v.zip",
	    /* a prefix */
	    "zip -q i.zip n-custom_event.csv; { echo '#!/bin/sh'; cat i.zip; } > v.zip; zip -qA "
	    "v.zip",
	};
	fx_sh("seq 1 50000 > n-custom_event.csv");
	for (size_t i = 0; i < sizeof(how) / sizeof(*how); i++) {
		struct fx_file f;
		fx_sh("rm -f v.zip; %s", how[i]);
		if (!good_zip(&f, "v.zip", 1, 0))
			continue;
		expect_doc(&f, 0, "n-custom_event.csv", "custom_event", "n-custom_event.csv");
		fx_end(&f);
	}
}

static void test_standard_input(void)
{
	struct fx_file f;
	fx_sh("rm -f v.zip; cat n-custom_event.csv | zip -qfz v-custom_event.zip -; printf '@ "
	      "-\\n@=s.csv\\n' | "
	      "zipnote -w "
	      "v-custom_event.zip");
	if (!good_zip(&f, "v-custom_event.zip", 1, 0))
		return;
	expect_doc(&f, 0, "s.csv", "custom_event", "n-custom_event.csv");
	fx_end(&f);
}

/* Makes a zip by Python: lines of the body may use add(name, text, method, attributes). */
#define PY_ZIP(file, body)                                                                         \
	"rm -f " file "\npython3 -W ignore - <<'P'\nimport zipfile, struct\n"                      \
	"z = zipfile.ZipFile('" file "', 'w', zipfile.ZIP_DEFLATED)\n"                             \
	"def add(name, text='a,b\\n', method=zipfile.ZIP_DEFLATED, attributes=0o100644):\n"        \
	"    i = zipfile.ZipInfo(name); i.compress_type = method; i.external_attr = attributes "   \
	"<< 16; z.writestr(i, "                                                                    \
	"text)\n"                                                                                  \
	"" body "\nz.close()\nP\n"

static void test_skipped(void)
{
	struct fx_file f;
	fx_sh("%s",
	      PY_ZIP(
		  "s.zip",
		  "for n in ['a-custom_event.csv', 'README.txt', 'sub/b-custom_event.csv', 'sub/', "
		  "'/etc/c-custom_event.csv', '../d-custom_event.csv', '..\\\\e-custom_event.csv', "
		  "'__MACOSX/._a-custom_event.csv', '.hidden-custom_event.csv', 'Thumbs.db', "
		  "'sub/x.zip', "
		  "'C:\\\\f-custom_event.csv', 'g.csv.part', '.git/h-custom_event.csv', "
		  "'__MACOSX/']: add(n)\n"
		  "add('ln-custom_event.csv', '/etc/passwd', attributes=0o120777)"));
	if (!good_zip(&f, "s.zip", 1, 15))
		return;
	fx_sh("printf 'a,b\\n' > ab");
	expect_doc(&f, 0, "a-custom_event.csv", "custom_event", "ab");
	expect_skipped(&f, "README.txt", "not CSV");
	expect_skipped(&f, "Thumbs.db", "not CSV");
	expect_skipped(&f, "sub/b-custom_event.csv", "in a sub-folder");
	expect_skipped(&f, "sub/", "a folder");
	expect_skipped(&f, "/etc/c-custom_event.csv", "in a sub-folder");
	expect_skipped(&f, "../d-custom_event.csv", "in a sub-folder");
	expect_skipped(&f, "..\\e-custom_event.csv", "in a sub-folder");
	expect_skipped(&f, "C:\\f-custom_event.csv", "in a sub-folder");
	expect_skipped(&f, "__MACOSX/._a-custom_event.csv", "hidden");
	expect_skipped(&f, ".hidden-custom_event.csv", "hidden");
	expect_skipped(&f, ".git/h-custom_event.csv", "hidden");
	expect_skipped(&f, "sub/x.zip", "in a sub-folder");
	expect_skipped(&f, "g.csv.part", "an unfinished file by its name");
	expect_skipped(&f, "ln-custom_event.csv", "a symbolic link");
	fx_end(&f);
}

/* "./name" is at the top: that is how some programs write names. */
static void test_dot_slash(void)
{
	struct conf_feed feed = fx_feed();
	struct fx_file f;
	fx_sh("python3 - <<'P'\nimport zipfile\nz = zipfile.ZipFile('dot.zip', 'w')\n"
	      "for n in ['./a-eventless.csv', './/b-eventless.csv', './sub/c-eventless.csv', "
	      "'./.d-eventless.csv', "
	      "'__MACOSX/e-eventless.csv', 'readme.txt']: z.writestr(n, 'x\\n')\n"
	      "z = zipfile.ZipFile('twice.zip', 'w')\n"
	      "for n in ['./a-eventless.csv', 'a-eventless.csv']: z.writestr(n, "
	      "'x\\n')\nz.close()\nP");
	fx_decode(&f, &feed, "dot.zip");
	CU_ASSERT_EQUAL_FATAL(f.st, DF_OK);
	CU_ASSERT_EQUAL_FATAL(decode_count(f.d), 2);
	CU_ASSERT_STRING_EQUAL(decode_doc(f.d, 0)->name, "a-eventless.csv");
	CU_ASSERT_STRING_EQUAL(decode_doc(f.d, 1)->name, "b-eventless.csv");
	CU_ASSERT_EQUAL(decode_skipped_count(f.d), 4);
	for (size_t i = 0; i < decode_skipped_count(f.d); i++) {
		const struct decode_skipped *s = decode_skipped(f.d, i);
		CU_ASSERT_EQUAL(s->missed, strcmp(s->name, "./sub/c-eventless.csv") == 0);
	}
	fx_end(&f);
	fx_reject(&feed, "twice.zip", "corrupt-archive", "two entries named 'a-eventless.csv'");
}

static void test_refused(void)
{
	struct conf_feed feed = fx_feed();
	fx_sh("%s%s%s%s%s%s%s",
	      PY_ZIP("bz-custom_event.zip", "add('ok.csv'); add('bz.csv', 'x', zipfile.ZIP_BZIP2)"),
	      PY_ZIP("lz-custom_event.zip", "add('ok.csv'); add('README', 'x', zipfile.ZIP_LZMA)"),
	      PY_ZIP("dup-custom_event.zip", "add('ok.csv'); add('b.csv'); add('ok.csv')"),
	      PY_ZIP("nest-custom_event.zip", "add('ok.csv'); add('inner.ZIP')"),
	      PY_ZIP("gz-custom_event.zip", "add('ok.csv'); add('a-custom_event.csv.gz')"),
	      PY_ZIP("type.zip", "add('a-custom_event.csv'); add('plain.csv')"),
	      PY_ZIP("none-custom_event.zip", "add('README'); add('sub/a.csv')"));
	fx_sh("%s%s", PY_ZIP("nl-custom_event.zip", "add('a\\nb.csv')"),
	      PY_ZIP("long-custom_event.zip", "add('x' * 252 + '.csv')"));
	fx_sh("echo a,b > a-custom_event.csv; zip -qP secret pw.zip a-custom_event.csv; echo hi > "
	      "README; "
	      "zip -q pr.zip a-custom_event.csv; zip -qP secret pr.zip README; rm -f "
	      "void-custom_event.zip; "
	      "printf 'PK\\005\\006\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0' > "
	      "void-custom_event.zip");
	fx_reject(&feed, "bz-custom_event.zip", "corrupt-archive",
		  "'bz.csv' is compressed by method 12");
	fx_reject(&feed, "lz-custom_event.zip", "corrupt-archive",
		  "'README' is compressed by method 14");
	fx_reject(&feed, "dup-custom_event.zip", "corrupt-archive", "two entries named 'ok.csv'");
	fx_reject(&feed, "nest-custom_event.zip", "corrupt-archive", "directly into the zip");
	fx_reject(&feed, "gz-custom_event.zip", "corrupt-archive", "directly into the zip");
	fx_reject(&feed, "type.zip", "bad-name", "'plain.csv'");
	fx_reject(&feed, "none-custom_event.zip", "empty-file", "no CSV file");
	fx_reject(&feed, "void-custom_event.zip", "empty-file", "no CSV file");
	fx_reject(&feed, "nl-custom_event.zip", "bad-name", "control character");
	fx_reject(&feed, "long-custom_event.zip", "bad-name", "256 bytes");
	fx_reject(&feed, "pw.zip", "corrupt-archive", "zip password");
	fx_reject(&feed, "pr.zip", "corrupt-archive", "'README' is encrypted");
}

/* An event type in capitals is not read as one: another one must not take its place. */
static void test_capitals(void)
{
	struct conf_feed feed = fx_feed();
	fx_sh("%s%s%s", PY_ZIP("day-eventless.zip", "add('Leads-Session_Start-2.CSV')"),
	      PY_ZIP("day.zip", "add('Leads-Session_Start.csv')"),
	      PY_ZIP("same-eventless.zip", "add('Leads-Eventless.csv'); add('LEADS.CSV')"));
	fx_reject(&feed, "day-eventless.zip", "bad-name", "NAME-session_start was expected");
	fx_reject(&feed, "day.zip", "bad-name", "'Leads-Session_Start.csv'");
	feed.decode.document_type = (char *)"eventless";
	fx_reject(&feed, "day.zip", "bad-name", "NAME-session_start was expected");
	fx_accept(&feed, "same-eventless.zip");
}

static void test_names_in_other_letters(void)
{
	struct fx_file f;
	/* UTF-8 with and without the flag, and CP437, where 0x81 is a u with two dots */
	fx_sh(
	    "%s",
	    PY_ZIP("u.zip",
		   "add('\\u00fc1-custom_event.csv')\nadd('Q2-custom_event.csv')\nadd('Q3Q-custom_"
		   "event.csv')") "python3 - <<'P'\n"
				  "b = open('u.zip', 'rb').read()\n"
				  "open('u.zip', 'wb').write(b.replace(b'Q2-', "
				  "b'\\x812-').replace(b'Q3Q-', b'\\xc3\\xbc4-'))\nP\n");
	if (!good_zip(&f, "u.zip", 3, 0))
		return;
	CU_ASSERT_STRING_EQUAL(decode_doc(f.d, 0)->name, "\xc3\xbc"
							 "1-custom_event.csv");
	CU_ASSERT_STRING_EQUAL(decode_doc(f.d, 1)->name, "\xc3\xbc"
							 "2-custom_event.csv");
	CU_ASSERT_STRING_EQUAL(decode_doc(f.d, 2)->name, "\xc3\xbc"
							 "4-custom_event.csv");
	fx_end(&f);
}

/* Nothing of an archive comes out when one entry is bad, were it the last. */
static void test_damage(void)
{
	struct conf_feed feed = fx_feed();
	fx_sh("seq 1 20000 > a-custom_event.csv; seq 5 30000 > b-custom_event.csv; zip -q w.zip "
	      "a-custom_event.csv "
	      "b-custom_event.csv; size=$(stat -c %%s w.zip); for i in $(seq 1 15); do head -c "
	      "$((size * i / 16)) "
	      "w.zip > t$i.zip; "
	      "done; head -c $((size - 1)) w.zip > t16.zip; head -c 3 w.zip > t17.zip; tail -c +9 "
	      "w.zip > t18.zip");
	for (int i = 1; i <= 18; i++) {
		char name[64];
		snprintf(name, sizeof(name), "t%d.zip", i);
		fx_reject(&feed, name, "corrupt-archive", "again");
	}
	fx_sh("python3 - <<'P'\n"
	      "import zipfile\n"
	      "whole = open('w.zip', 'rb').read()\n"
	      "second = zipfile.ZipFile('w.zip').infolist()[1]\n"
	      "start = second.header_offset + 80\n"
	      "for i in range(8):\n"
	      "    b = bytearray(whole); b[start + (second.compress_size - 40) * i // 7] ^= 4\n"
	      "    open('f%%d.zip' %% i, 'wb').write(b)\n"
	      /* CRC */
	      "b = bytearray(whole); at = b.rindex(b'PK\\x01\\x02'); b[at + 16] ^= 1; "
	      "open('f8.zip', 'wb').write(b)\n"
	      /* size */
	      "b = bytearray(whole); at = b.rindex(b'PK\\x01\\x02'); b[at + 24] ^= 1; "
	      "open('f9.zip', 'wb').write(b)\n"
	      /* offset */
	      "b = bytearray(whole); at = b.rindex(b'PK\\x01\\x02'); b[at + 42] ^= 1; "
	      "open('f10.zip', 'wb').write(b)\n"
	      "P");
	for (int i = 0; i <= 10; i++) {
		char name[64];
		snprintf(name, sizeof(name), "f%d.zip", i);
		fx_reject(&feed, name, "corrupt-archive", "again");
	}
	fx_sh("zip -q v.zip a-custom_event.csv; zip -qfz v64.zip b-custom_event.csv; for z in w v "
	      "v64; do\n"
	      "{ cat $z.zip; echo garbage; } > g$z.zip; { cat $z.zip; head -c 3000 /dev/zero; echo "
	      "x; } > z$z.zip\n"
	      "{ cat $z.zip; head -c 300000 /dev/zero; } > p$z.zip; { cat $z.zip; printf '\\0'; } "
	      "> q$z.zip\n"
	      "cat v.zip $z.zip > c$z.zip; cat v64.zip $z.zip > d$z.zip; cat $z.zip v64.zip > "
	      "e$z.zip\n"
	      "{ echo '#!/bin/sh'; cat $z.zip; } > s$z.zip; done");
	for (const char *how = "gzcdes"; *how != '\0'; how++) {
		static const char *const which[] = {"w", "v", "v64"};
		for (size_t i = 0; i < 3; i++) {
			char name[64];
			snprintf(name, sizeof(name), "%c%s.zip", *how, which[i]);
			fx_reject(&feed, name, "corrupt-archive", "again");
		}
	}
	/* NULs alone are padding, as tar leaves it */
	for (const char *how = "pq"; *how != '\0'; how++) {
		static const char *const which[] = {"w", "v", "v64"};
		for (size_t i = 0; i < 3; i++) {
			char name[64];
			snprintf(name, sizeof(name), "%c%s.zip", *how, which[i]);
			fx_accept(&feed, name);
		}
	}
	fx_sh("echo hello > no-custom_event.zip");
	fx_reject(&feed, "no-custom_event.zip", "corrupt-archive", "again");
}

/* Every byte of a small zip is altered in turn: whatever comes out of it is what was put in, and
 * nobody tries it once more. */
static void every_byte(const char *name, char mask)
{
	struct conf_feed feed = fx_feed();
	char *path = df_format("%s/%s", fx_dir, name), *whole = NULL;
	size_t len = 0;
	unsigned refused = 0;
	CU_ASSERT_EQUAL(df_read_file(path, 1 << 20, &whole, &len, NULL), DF_OK);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < len; i++) {
		struct fx_file f;
		char bad = (char)(whole[i] ^ mask);
		CU_ASSERT_EQUAL(pwrite(fd, &bad, 1, (off_t)i), 1);
		fx_decode(&f, &feed, name);
		refused += f.st == DF_REJECT;
		CU_ASSERT_TRUE(f.st == DF_OK || f.st == DF_REJECT);
		if (f.st == DF_OK) /* a field that nobody reads, or the name's */
			CU_ASSERT_TRUE(decode_count(f.d) == 1 &&
				       fx_same_bytes(decode_doc(f.d, 0), "e-custom_event.csv"));
		fx_end(&f);
		CU_ASSERT_EQUAL(pwrite(fd, whole + i, 1, (off_t)i), 1);
	}
	CU_ASSERT_TRUE(refused > len / 4);
	close(fd);
	free(whole);
	free(path);
}

static void test_every_byte(void)
{
	fx_sh("printf 'a,b\\n1,2\\n' > e-custom_event.csv; rm -f e.zip l.zip; zip -qX e.zip "
	      "e-custom_event.csv; "
	      "zip -qXfz l.zip e-custom_event.csv");
	every_byte("e.zip", 0x21);
	every_byte("l.zip", 0x21);
	every_byte("l.zip", (char)0x80); /* offsets that no file has */
}

static void test_caps(void)
{
	struct conf_feed feed = fx_feed();
	fx_sh("head -c 70M /dev/zero > z-custom_event.csv; head -c 1M /dev/urandom > r; rm -f "
	      "z.zip n.zip; "
	      "zip -q9 z.zip z-custom_event.csv; zip -q0 z.zip r; rm z-custom_event.csv; "
	      "rm *.csv; for i in 1 2 3 4 5; do echo a > $i-custom_event.csv; done; zip -q n.zip "
	      "?-custom_event.csv");
	/* the other entry's size does not excuse it */
	fx_reject(&feed, "z.zip", "archive-limit", "max_ratio (1000)");
	feed.decode.max_ratio = 1100;
	fx_accept(&feed, "z.zip");
	feed.decode.max_plaintext = 69ull << 20;
	fx_reject(&feed, "z.zip", "archive-limit", "max_plaintext");
	feed = fx_feed();
	feed.decode.max_plaintext = 10; /* five entries of two bytes: all of them together count */
	fx_accept(&feed, "n.zip");
	feed.decode.max_plaintext = 9;
	fx_reject(&feed, "n.zip", "archive-limit", "max_plaintext");
	feed = fx_feed();
	feed.decode.max_entries = 5;
	fx_accept(&feed, "n.zip");
	feed.decode.max_entries = 4;
	fx_reject(&feed, "n.zip", "archive-limit", "max_entries (4)");
}

/* A directory that would fill the memory is not read to its end just to count it. */
static void test_large_directory(void)
{
	struct conf_feed feed = fx_feed();
	fx_sh("%s", PY_ZIP("d.zip",
			   "for i in range(3000):\n    i = zipfile.ZipInfo('%d-custom_event.csv' % "
			   "i); i.comment = b'c' * 2000; "
			   "z.writestr(i, 'a')"));
	feed.decode.max_entries =
	    3000; /* 2 KiB a entry, where 1 KiB is expected, and all of it beyond the free 1 MiB */
	fx_reject(&feed, "d.zip", "archive-limit", "max_entries (3000)");
	feed.decode.max_entries = 10000;
	fx_accept(&feed, "d.zip");
	feed.decode.max_entries = UINT64_MAX;
	fx_accept(&feed, "d.zip");
}

/* ---- a disk that fails ---- */

static unsigned fail_at, preads; /* the read, from 1, that fails; 0: none */

ssize_t __real_pread64(int fd, void *p, size_t len, off_t offset);
ssize_t __wrap_pread64(int fd, void *p, size_t len, off_t offset);

ssize_t __wrap_pread64(int fd, void *p, size_t len, off_t offset)
{
	if (++preads == fail_at) {
		errno = EIO;
		return -1;
	}
	return __real_pread64(fd, p, len, offset);
}

/* It is never the zip's fault, whichever read fails; libzip takes some for the end of the file. */
static void test_failing_disk(void)
{
	struct conf_feed feed = fx_feed();
	struct fx_file f;
	fx_sh("seq 1 100000 > a-custom_event.csv; echo a,b > b-eventless.csv; zip -q f.zip "
	      "a-custom_event.csv "
	      "b-eventless.csv");
	preads = fail_at = 0;
	fx_accept(&feed, "f.zip");
	unsigned all = preads;
	CU_ASSERT_TRUE(all > 5);
	for (unsigned i = 1; i <= all; i++) {
		preads = 0;
		fail_at = i;
		fx_decode(&f, &feed, "f.zip");
		CU_ASSERT_EQUAL(f.st, DF_RETRY);
		CU_ASSERT_PTR_NOT_NULL(strstr(f.err.text, "Input/output error"));
		if (f.st != DF_RETRY)
			fx_show(&f, "f.zip");
		fx_end(&f);
	}
	fail_at = 0;
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"documents", test_documents},
	    {"flavours", test_flavours},
	    {"from standard input", test_standard_input},
	    {"skipped entries", test_skipped},
	    {"names with ./", test_dot_slash},
	    {"refused", test_refused},
	    {"event types in capitals", test_capitals},
	    {"names in other letters", test_names_in_other_letters},
	    {"damaged", test_damage},
	    {"every byte altered", test_every_byte},
	    {"over a cap", test_caps},
	    {"large directory", test_large_directory},
	    {"a failing disk", test_failing_disk},
	    CU_TEST_INFO_NULL,
	};
	return fx_run("decode_zip", fx_open, fx_close, tests);
}
