/* SPDX-License-Identifier: MIT */
/* Files that are packed, and what is not CSV. */
#include "decode_fixture.h"

#include <signal.h>
#include <sys/resource.h>

static void test_plain(void)
{
	struct conf_feed feed = fx_feed();
	struct fx_file f;
	fx_sh("seq 1 100000 > a-custom_event.csv; : > e-custom_event.csv; echo x > bad.csv");
	fx_expect_one(&feed, "a-custom_event.csv", "custom_event", "a-custom_event.csv");
	fx_decode(&f, &feed, "a-custom_event.csv");
	CU_ASSERT_EQUAL(decode_doc(f.d, 0)->fd, f.fd); /* read where it lies */
	CU_ASSERT_PTR_NULL(decode_doc(f.d, 0)->name);
	CU_ASSERT_EQUAL(decode_skipped_count(f.d), 0);
	fx_end(&f);
	fx_reject(&feed, "e-custom_event.csv", "empty-file", "no bytes");
	fx_reject(&feed, "bad.csv", "bad-name", "event type");
	feed.decode.max_plaintext = 1000;
	fx_reject(&feed, "a-custom_event.csv", "archive-limit", "max_plaintext");
	feed = fx_feed();
	feed.decode.encrypted = true;
	fx_reject(&feed, "a-custom_event.csv", "encryption-mismatch", "encrypted = yes");
	decode_close(NULL);
}

static void test_gzip(void)
{
	struct conf_feed feed = fx_feed();
	fx_sh("seq 1 300000 > plain; gzip -c plain > a-screen_view.csv.gz");
	fx_expect_one(&feed, "a-screen_view.csv.gz", "screen_view", "plain");
	/* with a name, a comment-less extra field by Python, stored blocks */
	fx_sh("gzip -1c < plain > b-custom_event.csv.gz; cp plain c; gzip -9 c; mv c.gz "
	      "c-custom_event.csv.gz");
	fx_expect_one(&feed, "b-custom_event.csv.gz", "custom_event", "plain");
	fx_expect_one(&feed, "c-custom_event.csv.gz", "custom_event", "plain");
	/* members, an empty one among them, cut where a read ends too */
	fx_sh("head -c 700000 plain | gzip -c > m-custom_event.csv.gz; : | gzip -c >> "
	      "m-custom_event.csv.gz; "
	      "tail -c +700001 plain | gzip -c >> m-custom_event.csv.gz");
	fx_expect_one(&feed, "m-custom_event.csv.gz", "custom_event", "plain");
	/* a member for each of 3,000 pieces */
	fx_sh("(echo noise; head -c 3000000 /dev/urandom) > noise; split -b 1000 noise noise.; "
	      "gzip -c noise.* > n-custom_event.csv.gz; rm noise.*");
	fx_expect_one(&feed, "n-custom_event.csv.gz", "custom_event", "noise");
	fx_sh(": | gzip -c > e-custom_event.csv.gz");
	fx_reject(&feed, "e-custom_event.csv.gz", "empty-file", "no bytes");
}

/* Output that ends exactly with the output buffer, just before, and just after. */
static void test_gzip_buffer_edges(void)
{
	struct conf_feed feed = fx_feed();
	for (int n = 262142; n <= 262146; n++) {
		fx_sh("head -c %d /dev/zero | tr '\\0' x > edge; gzip -c edge > "
		      "g-custom_event.csv.gz; "
		      "gzip -c edge >> g-custom_event.csv.gz; cat edge edge > edge2",
		      n);
		fx_expect_one(&feed, "g-custom_event.csv.gz", "custom_event", "edge2");
	}
}

static void test_gzip_damage(void)
{
	struct conf_feed feed = fx_feed();
	fx_sh("seq 1 20000 > plain; gzip -nc plain > whole; size=$(stat -c %%s whole); "
	      "for i in 1 2 3 4 5 6 7; do head -c $((size * i / 8)) whole > "
	      "t$i-custom_event.csv.gz; done; "
	      "head -c 1 whole > t8-custom_event.csv.gz; head -c $((size - 1)) whole > "
	      "t9-custom_event.csv.gz");
	for (int i = 1; i <= 9; i++) {
		char name[64];
		snprintf(name, sizeof(name), "t%d-custom_event.csv.gz", i);
		fx_reject(&feed, name, "corrupt-archive", "ends too early");
	}
	fx_sh("python3 - <<'P'\n"
	      "whole = open('whole', 'rb').read()\n"
	      "for i in range(8):\n"
	      "    b = bytearray(whole); at = 12 + (len(b) - 13) * i // 7; b[at] ^= 0x10\n"
	      "    open('f%%d-custom_event.csv.gz' %% i, 'wb').write(b)\n"
	      "P");
	for (int i = 0; i < 8; i++) {
		char name[64];
		snprintf(name, sizeof(name), "f%d-custom_event.csv.gz", i);
		fx_reject(&feed, name, "corrupt-archive", i < 7 ? "" : "incorrect length check");
	}
	fx_sh("size=$(stat -c %%s whole); { head -c $((size - 8)) whole; printf AAAA; tail -c 4 "
	      "whole; } > "
	      "c-custom_event.csv.gz");
	fx_reject(&feed, "c-custom_event.csv.gz", "corrupt-archive", "incorrect data check");
	fx_sh("cp plain x-custom_event.csv.gz");
	fx_reject(&feed, "x-custom_event.csv.gz", "corrupt-archive", "not gzip data");
}

static void test_gzip_trailing(void)
{
	struct conf_feed feed = fx_feed();
	fx_sh("echo a,b > p; gzip -nc p > whole; stat -c %%s whole > size; "
	      "for g in 'x' '\\0x' '\\0\\0\\0\\0\\037' 'hello' '\\037'; do printf \"$g\" > g; "
	      "cat whole g > t$(stat -c %%s g)$(od -An -tx1 -N1 g | tr -d ' "
	      "')-custom_event.csv.gz; done");
	char *size = NULL, at[64], *path = df_format("%s/size", fx_dir);
	CU_ASSERT_EQUAL(df_read_file(path, 64, &size, NULL, NULL), DF_OK);
	snprintf(at, sizeof(at), "at byte %d", atoi(size));
	static const char *const names[] = {"t178-custom_event.csv.gz", "t200-custom_event.csv.gz",
					    "t500-custom_event.csv.gz", "t568-custom_event.csv.gz",
					    "t11f-custom_event.csv.gz"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		fx_reject(&feed, names[i], "corrupt-archive", at);
	free(size);
	free(path);
}

/* What all packed formats have in common, made by the tools of each. */
static const struct {
	const char *ending, *tool, *name;
} packs[] = {{"gz", "gzip", "gzip"},
	     {"zst", "zstd -q", "zstd"},
	     {"bz2", "bzip2", "bzip2"},
	     {"xz", "xz", "xz"}};
enum { N_PACKS = sizeof(packs) / sizeof(*packs) };

static void test_packs(void)
{
	struct conf_feed feed = fx_feed();
	for (size_t i = 0; i < N_PACKS; i++) {
		const char *e = packs[i].ending, *tool = packs[i].tool;
		char name[64];
		fx_sh("command -v %s >/dev/null", packs[i].name);
		fx_sh("seq 1 300000 > plain; %s -c < plain > a-eventless.csv.%s; head -c 700000 "
		      "plain | %s -c > "
		      "m-eventless.csv.%s; : | %s -c >> m-eventless.csv.%s; tail -c +700001 plain "
		      "| %s -c >> "
		      "m-eventless.csv.%s; (cat m-eventless.csv.%s; head -c 600000 /dev/zero) > "
		      "n-eventless.csv.%s",
		      tool, e, tool, e, tool, e, tool, e, e, e);
		static const char *const good[] = {"a", "m", "n"};
		for (size_t k = 0; k < 3; k++) {
			snprintf(name, sizeof(name), "%s-eventless.csv.%s", good[k], e);
			fx_expect_one(&feed, name, "eventless", "plain");
		}
		fx_sh("head -c 9000 /dev/urandom | od > p; %s -c < p > whole; size=$(stat -c %%s "
		      "whole)\n"
		      "for i in 1 2 3 4 5 6 7; do head -c $((size * i / 8)) whole > "
		      "t$i-eventless.csv.%s; done\n"
		      "head -c $((size - 1)) whole > t8-eventless.csv.%s; head -c 1 whole > "
		      "t9-eventless.csv.%s\n"
		      "(cat whole; printf x) > x-eventless.csv.%s; (cat whole; printf '\\0\\0y') > "
		      "y-eventless.csv.%s\n"
		      "(cat whole; head -c 2 whole) > z-eventless.csv.%s; cp p r-eventless.csv.%s; "
		      ": | %s -c > "
		      "e-eventless.csv.%s",
		      tool, e, e, e, e, e, e, e, tool, e);
		for (int k = 1; k <= 9; k++) {
			snprintf(name, sizeof(name), "t%d-eventless.csv.%s", k, e);
			fx_reject(&feed, name, "corrupt-archive", "ends too early");
		}
		static const char *const bad[][2] = {
		    {"x", "follow the end"}, {"y", "follow the end"}, {"r", "despite its name"}};
		for (size_t k = 0; k < 3; k++) {
			snprintf(name, sizeof(name), "%s-eventless.csv.%s", bad[k][0], e);
			fx_reject(&feed, name, "corrupt-archive", bad[k][1]);
		}
		snprintf(name, sizeof(name), "z-eventless.csv.%s", e);
		fx_reject(&feed, name, "corrupt-archive", "");
		snprintf(name, sizeof(name), "e-eventless.csv.%s", e);
		fx_reject(&feed, name, "empty-file", "holds no bytes");
	}
}

/* A byte that changed anywhere is found, and never more than the cap is written. */
static void test_packs_damage_and_caps(void)
{
	struct conf_feed feed = fx_feed();
	for (size_t i = 0; i < N_PACKS; i++) {
		char name[64];
		/* always the same bytes: a few bits of some packed ones mean nothing */
		fx_sh("python3 -c 'import random; random.seed(7); "
		      "print(random.randbytes(20000).hex())' > p; %s -c < p > whole; python3 - "
		      "<<'P'\n"
		      "whole = open('whole', 'rb').read()\n"
		      "for i in range(8):\n"
		      "    b = bytearray(whole); at = 40 + (len(b) - 80) * i // 7; b[at] ^= 0x10\n"
		      "    open('f%%d-eventless.csv.%s' %% i, 'wb').write(b)\n"
		      "P\nhead -c 200M /dev/zero | %s -c > b-eventless.csv.%s",
		      packs[i].tool, packs[i].ending, packs[i].tool, packs[i].ending);
		for (int k = 0; k < 8; k++) {
			snprintf(name, sizeof(name), "f%d-eventless.csv.%s", k, packs[i].ending);
			fx_reject(&feed, name, "corrupt-archive", "");
		}
		snprintf(name, sizeof(name), "b-eventless.csv.%s", packs[i].ending);
		feed.decode.max_ratio = 20;
		fx_reject(&feed, name, "archive-limit", "max_ratio");
		feed.decode.max_ratio = 1000000;
		feed.decode.max_plaintext = 100 << 20;
		fx_reject(&feed, name, "archive-limit", "max_plaintext");
		feed = fx_feed();
	}
	fx_sh("head -c 3000 /dev/urandom | od > p; zstd -q --ultra --long=31 -c < p > "
	      "l-eventless.csv.zst");
	fx_reject(&feed, "l-eventless.csv.zst", "archive-limit", "without --long");
}

/* Packed or encrypted data where CSV should be: named, not parsed. */
static void test_other_bytes(void)
{
	struct conf_feed feed = fx_feed();
	fx_sh(
	    "echo a,b > p; gzip -c p > a-custom_event.csv; gzip -c p | gzip -c > "
	    "b-custom_event.csv.gz\n"
	    "rm -f i.zip j.zip k.csv; zip -q i.zip p; cp i.zip c-custom_event.csv; gzip -c i.zip > "
	    "d-custom_event.csv.gz\n"
	    "cp a-custom_event.csv k.csv; zip -q j-custom_event.zip k.csv; printf 'BZh91AY' > "
	    "e-custom_event.csv\n"
	    "printf '%%s\\n\\nabc' '-----BEGIN PGP MESSAGE-----' > f-custom_event.csv; printf "
	    "'\\205\\001\\214' > "
	    "g-custom_event.csv\n"
	    "printf 'BZ' > h-custom_event.csv; printf '7z\\274\\257\\047\\034' > "
	    "l-custom_event.csv");
	fx_reject(&feed, "a-custom_event.csv", "corrupt-archive",
		  "the file is not CSV but gzip data; give it the name");
	fx_reject(&feed, "b-custom_event.csv.gz", "corrupt-archive",
		  "unpacked, the file is not CSV but gzip data");
	fx_reject(&feed, "c-custom_event.csv", "corrupt-archive", "a zip");
	fx_reject(&feed, "d-custom_event.csv.gz", "corrupt-archive", "a zip");
	fx_reject(&feed, "j-custom_event.zip", "corrupt-archive",
		  "entry 'k.csv' is not CSV but gzip data");
	fx_reject(&feed, "e-custom_event.csv", "corrupt-archive", "bzip2");
	fx_reject(&feed, "l-custom_event.csv", "corrupt-archive", "7z");
	fx_reject(&feed, "f-custom_event.csv", "encryption-mismatch", "OpenPGP");
	fx_reject(&feed, "g-custom_event.csv", "encryption-mismatch", "OpenPGP");
	fx_sh("python3 -c \"import zipfile; zipfile.ZipFile('x-eventless.csv', "
	      "'w').writestr('[Content_Types].xml', "
	      "'x')\"");
	fx_reject(&feed, "x-eventless.csv", "corrupt-archive", "an Excel workbook");

	/* files of other programs, and a first byte that is a letter in windows-1252 */
	fx_sh("printf '%%%%PDF-1.7\\n%%%%\\342\\343' > m-eventless.csv\n"
	      "printf '\\320\\317\\021\\340\\241\\261\\032\\341\\000' > n-eventless.csv\n"
	      "printf 'PAR1\\025\\004' > o-eventless.csv\n"
	      "tar cf p-eventless.csv p; printf '<HTML>no' > q-eventless.csv.gz\n"
	      "printf '\\n<!doctype html>' > r.zip; printf '\\301rea,b\\n' > s-eventless.csv");
	fx_reject(&feed, "m-eventless.csv", "malformed-csv", "is not CSV but a PDF; export");
	fx_reject(&feed, "n-eventless.csv", "malformed-csv", "an Excel workbook (.xls)");
	fx_reject(&feed, "o-eventless.csv", "malformed-csv", "a Parquet file");
	fx_reject(&feed, "p-eventless.csv", "corrupt-archive", "a tar archive");
	fx_reject(&feed, "q-eventless.csv.gz", "corrupt-archive", "its text is a web page");
	fx_reject(&feed, "r.zip", "corrupt-archive", "its text is a web page");
	fx_accept(&feed, "s-eventless.csv");
	fx_accept(&feed, "h-custom_event.csv"); /* too short to be anything */
}

static void test_gzip_caps(void)
{
	struct conf_feed feed = fx_feed();
	fx_sh("head -c 80M /dev/zero > zeros; gzip -9c zeros > z-custom_event.csv.gz; "
	      "head -c 60M zeros | gzip -9c > y-custom_event.csv.gz");
	/* deflate does 1:1029 here */
	fx_reject(&feed, "z-custom_event.csv.gz", "archive-limit", "max_ratio (1000)");
	feed.decode.max_ratio = 1100;
	fx_expect_one(&feed, "z-custom_event.csv.gz", "custom_event", "zeros");
	feed.decode.max_ratio = 10;
	fx_accept(&feed, "y-custom_event.csv.gz"); /* up to 64 MiB nobody looks */
	feed = fx_feed();
	feed.decode.max_ratio = UINT64_MAX;
	feed.decode.max_plaintext = 80ull << 20;
	fx_expect_one(&feed, "z-custom_event.csv.gz", "custom_event", "zeros");
	feed.decode.max_plaintext--;
	fx_reject(&feed, "z-custom_event.csv.gz", "archive-limit", "max_plaintext");
	fx_sh("rm zeros y-* z-*");
}

/* The outside world's faults put the file off instead of refusing it. */
static void test_outside(void)
{
	struct conf_feed feed = fx_feed();
	struct rlimit was = {0}, small = {0};
	fx_sh("seq 1 300000 | gzip -c > a-custom_event.csv.gz");
	getrlimit(RLIMIT_FSIZE, &was);
	small = was;
	small.rlim_cur = 300000;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	fx_expect(&feed, "a-custom_event.csv.gz", DF_RETRY, "", "cannot write");
	setrlimit(RLIMIT_FSIZE, &was);
	df_stop_requested = 1;
	fx_expect(&feed, "a-custom_event.csv.gz", DF_RETRY, "", "asked to stop");
	df_stop_requested = 0;
	char scratch[sizeof(fx_scratch)];
	memcpy(scratch, fx_scratch, sizeof(scratch));
	snprintf(fx_scratch, sizeof(fx_scratch), "%s/nowhere", fx_dir);
	fx_expect(&feed, "a-custom_event.csv.gz", DF_RETRY, "", "temporary file");
	memcpy(fx_scratch, scratch, sizeof(scratch));
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"plain", test_plain},
	    {"gzip", test_gzip},
	    {"gzip at the buffer's edges", test_gzip_buffer_edges},
	    {"gzip damaged", test_gzip_damage},
	    {"gzip with trailing bytes", test_gzip_trailing},
	    {"other bytes than CSV", test_other_bytes},
	    {"gzip over a cap", test_gzip_caps},
	    {"packed, all formats", test_packs},
	    {"packed, damaged and over a cap", test_packs_damage_and_caps},
	    {"faults of the outside", test_outside},
	    CU_TEST_INFO_NULL,
	};
	return fx_run("decode", fx_open, fx_close, tests);
}
