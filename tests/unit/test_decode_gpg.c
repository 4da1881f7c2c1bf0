/* SPDX-License-Identifier: MIT */
/* Messages, keys and signatures of OpenPGP, read by GnuPG. */
#include "gpg_fixture.h"

static void test_layers(void)
{
	struct conf_feed feed = gpg_feed();
	fx_sh(G "G s -r ed -o a-custom_event.csv.gpg -e plain; G s -r rsa -o "
		"b-custom_event.csv.pgp -e plain\n"
		"G s -r ed --armor -o c-custom_event.csv.asc -e plain; G s -r ed -o "
		"d-custom_event.csv.gz.gpg -e plain.gz\n"
		"G s -r other -r rsa -r ed -o e-screen_view.csv.gpg -e plain; G s -z 0 -r ed -o "
		"f-custom_event.csv.gpg -e "
		"plain\n"
		"G s --hidden-recipient ed -o g-custom_event.csv.gpg -e plain\n"
		"G s --compress-algo bzip2 -r ed -o h-custom_event.csv.gpg -e < plain\n"
		"cp plain x.csv; zip -q x.zip x.csv; G s -r ed -o x-custom_event.zip.gpg -e x.zip");
	static const char *const names[] = {"a-custom_event.csv.gpg", "b-custom_event.csv.pgp",
					    "c-custom_event.csv.asc", "d-custom_event.csv.gz.gpg",
					    "f-custom_event.csv.gpg", "g-custom_event.csv.gpg",
					    "h-custom_event.csv.gpg", "x-custom_event.zip.gpg"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		fx_expect_one(&feed, names[i], "custom_event", "plain");
	fx_expect_one(&feed, "e-screen_view.csv.gpg", "screen_view", "plain");
	feed.decode.encrypted = false;
	fx_reject(&feed, "a-custom_event.csv.gpg", "encryption-mismatch", "encrypted = yes");
}

static void test_wrong_key(void)
{
	struct conf_feed feed = gpg_feed();
	char id[64] = "";
	fx_sh(G "G s -r other -o a-custom_event.csv.gpg -e plain\n"
		"G o --with-colons -k other | awk -F: '/^sub/ {print $5}' > id\n"
		"python3 - <<'P'\n"
		"b = open('a-custom_event.csv.gpg', 'rb').read(); i = "
		"bytes.fromhex(open('id').read().strip())\n"
		"assert b.count(i) == 1\n"
		"open('h-custom_event.csv.gpg', 'wb').write(b.replace(i, "
		"bytes.fromhex('5CCF5ED334228ACF')))\n"
		"P\n");
	read_line("id", id, sizeof(id));
	CU_ASSERT_EQUAL(strlen(id), 16);
	fx_reject(&feed, "a-custom_event.csv.gpg", "wrong-key", id);
	fx_reject(&feed, "a-custom_event.csv.gpg", "wrong-key", fx_home[0]);
	fx_reject(&feed, "h-custom_event.csv.gpg", "wrong-key",
		  "hosted feed (pod US1; key ids 5CCF5ED334228ACF)");
	feed.decode.gnupg_home = fx_home[2];
	fx_expect_one(&feed, "a-custom_event.csv.gpg", "custom_event", "plain");
}

static void test_passphrase(void)
{
	struct conf_feed feed = gpg_feed();
	char right[] = "open sesame", wrong[] = "open barley";
	feed.decode.gnupg_home = fx_home[3];
	fx_sh(G "G s -r locked -o p-custom_event.csv.gpg -e plain");
	fx_expect(&feed, "p-custom_event.csv.gpg", DF_DENIED, "decrypt-failed",
		  "set gnupg_passphrase_file");
	feed.fetch.passphrase = wrong;
	fx_expect(&feed, "p-custom_event.csv.gpg", DF_DENIED, "decrypt-failed",
		  "correct what passphrase_file names");
	feed.fetch.passphrase = right;
	fx_expect_one(&feed, "p-custom_event.csv.gpg", "custom_event", "plain");
}

static void test_not_encrypted(void)
{
	struct conf_feed feed = gpg_feed();
	fx_sh(
	    G
	    "cp plain t-custom_event.csv.gpg; G s --store -o l-custom_event.csv.gpg plain\n"
	    "G s -u signer -o s-custom_event.csv.gpg -s plain; G s -u signer -o "
	    "c-custom_event.csv.asc --clearsign "
	    "plain\n"
	    "G s --pinentry-mode loopback --passphrase x -o y-custom_event.csv.gpg -c plain\n"
	    ": | G s -r ed -o e-custom_event.csv.gpg -e; : > n-custom_event.csv.gpg\n"
	    "head -c 5000 /dev/urandom > r-custom_event.csv.gpg; cp r.pub k-custom_event.csv.gpg\n"
	    "G s -u signer -o d-custom_event.csv.gpg -b plain");
	static const char *const names[] = {"t-custom_event.csv.gpg", "l-custom_event.csv.gpg",
					    "s-custom_event.csv.gpg", "c-custom_event.csv.asc",
					    "r-custom_event.csv.gpg", "k-custom_event.csv.gpg",
					    "d-custom_event.csv.gpg"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		fx_reject(&feed, names[i], "decrypt-failed", "");
	fx_reject(&feed, "s-custom_event.csv.gpg", "decrypt-failed",
		  "not an encrypted OpenPGP message");
	fx_reject(&feed, "e-custom_event.csv.gpg", "empty-file", "no bytes");
	fx_reject(&feed, "n-custom_event.csv.gpg", "empty-file", "no bytes");
	char passphrase[] = "x";
	fx_reject(&feed, "y-custom_event.csv.gpg", "decrypt-failed", "by a passphrase");
	feed.fetch.passphrase = passphrase; /* even if it happens to be the right one */
	fx_reject(&feed, "y-custom_event.csv.gpg", "decrypt-failed", "by a passphrase");
}

static void test_damage(void)
{
	struct conf_feed feed = gpg_feed();
	fx_sh(G "G s -r ed -o whole -e plain; G s -r ed -z 0 --armor -o whole.asc -e plain; G s -z "
		"0 -r ed -o whole0 "
		"-e < plain\n"
		"for w in whole whole.asc whole0; do size=$(stat -c %%s $w)\n"
		"for i in 1 2 3 4 5 6 7; do head -c $((size * i / 8)) $w > "
		"t$i$w-custom_event.csv.gpg; done\n"
		"head -c $((size - 1)) $w > t8$w-custom_event.csv.gpg; head -c $((size - 22)) $w > "
		"t9$w-custom_event.csv.gpg; done\n"
		"python3 - <<'P'\n"
		"for w in ['whole', 'whole0']:\n"
		"    whole = open(w, 'rb').read()\n"
		"    for i in range(9):\n"
		"        b = bytearray(whole); b[120 + (len(b) - 121) * i // 8] ^= 0x10\n"
		"        open('f%%d%%s-custom_event.csv.gpg' %% (i, w), 'wb').write(b)\n"
		"P\n"
		"G s -r other -r ed -z 0 -o both -e plain; head -c 400000 both > "
		"o-custom_event.csv.gpg");
	/* not for want of a key */
	fx_reject(&feed, "o-custom_event.csv.gpg", "decrypt-failed", "damaged or cut off");
	static const char *const wholes[] = {"whole", "whole0", "whole.asc"};
	for (size_t w = 0; w < 3; w++) {
		for (int i = 1; i <= 9; i++) {
			char name[64];
			snprintf(name, sizeof(name), "t%d%s-custom_event.csv.gpg", i, wholes[w]);
			/* the end line of an armour is not a part of the message */
			if (w < 2 || i < 8)
				fx_reject(&feed, name, "decrypt-failed", "");
			snprintf(name, sizeof(name), "f%d%s-custom_event.csv.gpg", i - 1,
				 wholes[w]);
			if (w < 2)
				fx_reject(&feed, name, "decrypt-failed", "");
		}
	}
}

static void test_more_than_one(void)
{
	struct conf_feed feed = gpg_feed();
	fx_sh(G "G s -r ed -o one -e plain; echo b > b; G s -r ed -o two -e b; cat one two > "
		"m-custom_event.csv.gpg\n"
		"G s --store -o lit b; cat one lit > l-custom_event.csv.gpg; cat lit one > "
		"k-custom_event.csv.gpg\n"
		"{ cat one; echo garbage; } > g-custom_event.csv.gpg; { cat one; head -c 100 "
		"/dev/zero; cat two; } > z-custom_event.csv.gpg\n"
		/* a signature by a key that nobody knows gives GnuPG an excuse to fail: that
		 * must not hide the rest */
		"G s -r ed -u stranger -o signed -se plain; cat signed two > "
		"a-custom_event.csv.gpg; cat signed lit > "
		"b-custom_event.csv.gpg; { cat signed; echo garbage; } > c-custom_event.csv.gpg; "
		"cat two signed > "
		"d-custom_event.csv.gpg\n"
		"G s -r other -o alien -e plain; cat signed alien > e-custom_event.csv.gpg; cat "
		"alien signed > "
		"f-custom_event.csv.gpg");
	static const char *const names[] = {"m", "l", "k", "g", "z", "a", "b", "c", "d", "e"};
	for (int lax = 0; lax < 2; lax++) {
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			char name[64];
			snprintf(name, sizeof(name), "%s-custom_event.csv.gpg", names[i]);
			fx_reject(&feed, name, "decrypt-failed", "");
		}
		fx_reject(&feed, "f-custom_event.csv.gpg", "wrong-key", "");
		/* the user's own laxness changes nothing */
		fx_sh("echo allow-multiple-messages > r/gpg.conf");
	}
	fx_sh("rm r/gpg.conf");
}

/* Tar and tapes pad with NULs, and editors begin armour with a byte order mark. */
static void test_around(void)
{
	struct conf_feed feed = gpg_feed();
	fx_sh(G
	      /* padding could replace a last byte that is NUL */
	      "until [ -s padded ] && [ $(tail -c 1 padded | tr -d '\\0' | wc -c) -eq 1 ]; do\n"
	      "rm -f padded; G s -r ed -o padded -e plain; done\n"
	      "G s -r ed -z 0 -o parts -e < plain; echo a,b > small\n"
	      "G s -r ed -o short -e small; G s -r ed --armor -o armour -e plain\n"
	      "Z() { head -c $1 /dev/zero; }\n"
	      "{ cat padded; Z 1; } > a-custom_event.csv.gpg; { cat parts; Z 10240; } > "
	      "b-custom_event.csv.gpg; { cat armour; Z 512; } > c-custom_event.csv.asc\n"
	      "{ printf '\\357\\273\\277'; cat armour; } > d-custom_event.csv.asc\n"
	      "{ cat short; Z 3; } > e-custom_event.csv.gpg\n"
	      "{ head -c -1 padded; Z 600; } > f-custom_event.csv.gpg; { cat padded; Z 600; echo "
	      "x; } "
	      "> g-custom_event.csv.gpg; { cat padded; echo x; Z 600; } > h-custom_event.csv.gpg\n"
	      "Z 600 > i-custom_event.csv.gpg\n"
	      "{ printf '\\377\\376'; sed 's/./&\\x00/g; s/$/\\r\\x00/' armour; } > "
	      "j-custom_event.csv.asc; cp plain.gz k-custom_event.csv.gpg");
	static const char *const names[] = {"a-custom_event.csv.gpg", "b-custom_event.csv.gpg",
					    "c-custom_event.csv.asc", "d-custom_event.csv.asc"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		fx_expect_one(&feed, names[i], "custom_event", "plain");
	fx_expect_one(&feed, "e-custom_event.csv.gpg", "custom_event", "small");
	fx_reject(&feed, "f-custom_event.csv.gpg", "decrypt-failed", "damaged or cut off");
	fx_reject(&feed, "g-custom_event.csv.gpg", "decrypt-failed", "");
	fx_reject(&feed, "h-custom_event.csv.gpg", "decrypt-failed", "");
	fx_reject(&feed, "i-custom_event.csv.gpg", "decrypt-failed", "not an encrypted");
	fx_reject(&feed, "j-custom_event.csv.asc", "decrypt-failed", "gpg --output");
	fx_reject(&feed, "k-custom_event.csv.gpg", "decrypt-failed", "but gzip data");
}

/* GnuPG does not make messages without an MDC any more, so one is made here: RFC 4880 §5.7 and
 * §13.9. */
static void test_no_integrity(void)
{
	struct conf_feed feed = gpg_feed();
	fx_sh(
	    G
	    "echo a,b > small; G s -r ed --cipher-algo AES256 -o whole -e small\n"
	    "gpg --homedir r --batch --show-session-key -o /dev/null --yes -d whole 2>&1 | sed -n "
	    "\"s/.*'9:\\([0-9A-F]*\\)'.*/\\1/p\" "
	    "> key\n"
	    "cat > make.py <<'P'\n"
	    "import subprocess\n"
	    "whole = open('whole', 'rb').read(); key = open('key').read().strip()\n"
	    "assert whole[0] == 0x84 and len(key) == 64\n"
	    "pkesk = whole[:2 + whole[1]]\n"
	    "def aes(mode, data, *more):\n"
	    "    return subprocess.run(['openssl', 'enc', '-aes-256-' + mode, '-K', key, '-nopad', "
	    "*more], "
	    "input=data,\n"
	    "                          stdout=subprocess.PIPE, check=True).stdout\n"
	    "xor = lambda a, b: bytes(x ^ y for x, y in zip(a, b))\n"
	    "text = b'a,b\\n'; body = b'b\\0' + b'\\0' * 4 + text\n"
	    "literal = bytes([0xcb, len(body)]) + body\n"
	    "prefix = bytes(range(16))\n"
	    "c = xor(aes('ecb', b'\\0' * 16), prefix); c += xor(aes('ecb', c), prefix[14:])\n"
	    "c += aes('cfb', literal, '-iv', c[2:18].hex())\n"
	    "open('i-custom_event.csv.gpg', 'wb').write(pkesk + bytes([0xc9, len(c)]) + c)\n"
	    "P\n"
	    "python3 make.py; G r --ignore-mdc-error -o back -d i-custom_event.csv.gpg || :; cmp "
	    "back small");
	fx_reject(&feed, "i-custom_event.csv.gpg", "decrypt-failed", "no integrity protection");
	fx_sh("echo ignore-mdc-error > r/gpg.conf"); /* nor does laxness help here */
	fx_reject(&feed, "i-custom_event.csv.gpg", "decrypt-failed", "no integrity protection");
	fx_sh("rm r/gpg.conf");
}

static void test_signed_by(void)
{
	struct conf_feed feed = gpg_feed();
	char *list[2] = {fx_signer, NULL};
	fx_sh(G "G s -r ed -u $(cat sub)! -o s-custom_event.csv.gpg -se plain; G s -r ed -u $(cat "
		"primary)! -o "
		"p-custom_event.csv.gpg -se plain\n"
		"G s -r ed -o u-custom_event.csv.gpg -e plain; G s -r ed -u stranger -o "
		"x-custom_event.csv.gpg -se plain\n"
		"G s -r ed -u stranger -u signer -o b-custom_event.csv.gpg -se plain");
	/* Not demanded: whether the key is known or not. */
	fx_expect_one(&feed, "s-custom_event.csv.gpg", "custom_event", "plain");
	fx_expect_one(&feed, "x-custom_event.csv.gpg", "custom_event", "plain");
	feed.decode.signed_by = (struct conf_list){.v = list, .n = 1};
	/* by a subkey of the listed primary */
	fx_expect_one(&feed, "s-custom_event.csv.gpg", "custom_event", "plain");
	fx_expect_one(&feed, "p-custom_event.csv.gpg", "custom_event", "plain");
	fx_expect_one(&feed, "b-custom_event.csv.gpg", "custom_event", "plain");
	fx_reject(&feed, "u-custom_event.csv.gpg", "bad-signature", "not signed");
	fx_reject(&feed, "x-custom_event.csv.gpg", "bad-signature", "No public key");

	char other[] = "0123456789ABCDEF0123456789ABCDEF01234567", loose[80] = "0x";
	list[0] = other;
	fx_reject(&feed, "s-custom_event.csv.gpg", "bad-signature", "(good)");
	fx_reject(&feed, "p-custom_event.csv.gpg", "bad-signature", fx_signer);
	list[0] = fx_signer_sub; /* one subkey alone is listed */
	fx_expect_one(&feed, "s-custom_event.csv.gpg", "custom_event", "plain");
	fx_reject(&feed, "p-custom_event.csv.gpg", "bad-signature", "(good)");
	for (size_t i = 0, n = 2; i < 40; i++) {
		if (i % 4 == 0 && i > 0)
			loose[n++] = ' ';
		loose[n++] = (char)(fx_signer[i] >= 'A' ? fx_signer[i] | 0x20 : fx_signer[i]);
	}
	list[0] = loose;
	fx_expect_one(&feed, "p-custom_event.csv.gpg", "custom_event", "plain");
	list[0] = fx_signer + 24; /* a key id is not a fingerprint */
	fx_reject(&feed, "p-custom_event.csv.gpg", "bad-signature", "(good)");
}

/* Messages whose encryption is whole and whose signature is of something else, or of a key that
 * has ended. */
static void test_bad_signatures(void)
{
	struct conf_feed feed = gpg_feed();
	char short_lived[64] = "", *list[1] = {fx_signer};
	fx_sh(G "G s -u signer -z 0 -o signed -s plain\n"
		"python3 -c \"b = open('signed', 'rb').read(); open('forged', "
		"'wb').write(b.replace(b'\\\\n777\\\\n', "
		"b'\\\\n778\\\\n'))\"\n"
		"! cmp -s signed forged; sed 's/^777$/778/' plain > forged.plain\n"
		/* -r with an OpenPGP message as its input packet, not as literal data */
		"G s -r ed -z 0 --no-literal -o f-custom_event.csv.gpg -e forged\n"
		"G s -r ed -z 0 --no-literal -o g-custom_event.csv.gpg -e signed");
	fx_expect_one(&feed, "f-custom_event.csv.gpg", "custom_event",
		      "forged.plain"); /* nobody asked for a signature */
	feed.decode.signed_by = (struct conf_list){.v = list, .n = 1};
	fx_expect_one(&feed, "g-custom_event.csv.gpg", "custom_event", "plain");
	fx_reject(&feed, "f-custom_event.csv.gpg", "bad-signature", "Bad signature");

	fx_sh(G "G s --faked-system-time 20200101T000000! --passphrase '' --quick-gen-key gone "
		"ed25519 default 2020-02-01\n"
		"G s --faked-system-time 20200102T000000! -u gone -z 0 -o old -s plain\n"
		"G s -r ed --no-literal -o e-custom_event.csv.gpg -e old\n"
		"G s --export gone > gone.pub; G r --import gone.pub\n"
		"G s --with-colons -k gone | awk -F: '/^fpr/ {print $10; exit}' > gone");
	read_line("gone", short_lived, sizeof(short_lived));
	list[0] = short_lived;
	fx_reject(&feed, "e-custom_event.csv.gpg", "bad-signature", "has expired");
}

static void test_inner_layers(void)
{
	struct conf_feed feed = gpg_feed();
	fx_sh(G "head -c 10000 plain.gz | G s -r ed -o t-custom_event.csv.gz.gpg -e; G s -r ed -o "
		"p-custom_event.csv.gz.gpg -e plain\n"
		"G s -r ed -o p-custom_event.zip.gpg -e plain");
	fx_reject(&feed, "t-custom_event.csv.gz.gpg", "corrupt-archive", "too early");
	fx_reject(&feed, "p-custom_event.csv.gz.gpg", "corrupt-archive", "not gzip data");
	fx_reject(&feed, "p-custom_event.zip.gpg", "corrupt-archive", "again");
}

static void test_caps(void)
{
	struct conf_feed feed = gpg_feed();
	fx_sh(G "head -c 80M /dev/zero > zeros; G s -z 9 --compress-algo zlib -r ed -o "
		"z-custom_event.csv.gpg -e "
		"zeros; rm zeros");
	fx_reject(&feed, "z-custom_event.csv.gpg", "archive-limit", "max_ratio (1000)");
	feed.decode.max_ratio = 1100;
	fx_accept(&feed, "z-custom_event.csv.gpg");
	feed.decode.max_plaintext = 1 << 20;
	fx_reject(&feed, "z-custom_event.csv.gpg", "archive-limit", "max_plaintext");
}

static void test_outside(void)
{
	struct conf_feed feed = gpg_feed();
	char nowhere[96];
	fx_sh(G "G s -r ed -o a-custom_event.csv.gpg -e plain");
	df_stop_requested = 1;
	fx_expect(&feed, "a-custom_event.csv.gpg", DF_RETRY, "", "asked to stop");
	df_stop_requested = 0;
	snprintf(nowhere, sizeof(nowhere), "%s/nowhere", fx_dir);
	feed.decode.gnupg_home = nowhere;
	fx_expect(&feed, "a-custom_event.csv.gpg", DF_RETRY, "", "gnupg_home");
	/* A home whose agent cannot be started. */
	fx_sh("mkdir -m 700 n; cp -r r/private-keys-v1.d r/pubring.kbx n; echo agent-program "
	      "/bin/false > n/gpg.conf");
	snprintf(nowhere, sizeof(nowhere), "%s/n", fx_dir);
	fx_expect(&feed, "a-custom_event.csv.gpg", DF_RETRY, "", "agent");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"layers", test_layers},
	    {"wrong key", test_wrong_key},
	    {"passphrase", test_passphrase},
	    {"not encrypted", test_not_encrypted},
	    {"damaged", test_damage},
	    {"more than one message", test_more_than_one},
	    {"around message", test_around},
	    {"no integrity protection", test_no_integrity},
	    {"signed_by", test_signed_by},
	    {"bad signatures", test_bad_signatures},
	    {"inner layers", test_inner_layers},
	    {"over a cap", test_caps},
	    {"faults of the outside", test_outside},
	    CU_TEST_INFO_NULL,
	};
	return fx_run("decode_gpg", gpg_open, gpg_close, tests);
}
