/* SPDX-License-Identifier: MIT */
/*
 * gpg_fixture.h - homes of GnuPG: r receives (ed, rsa and its own signing key), s sends and signs,
 * o has keys that r lacks, p has a key with a passphrase
 */
#ifndef GPG_FIXTURE_H
#define GPG_FIXTURE_H

#include "decode_fixture.h"

static char fx_home[4][80]; /* r, s, o, p */
static char fx_signer[64], fx_signer_sub[64];

static inline struct conf_feed gpg_feed(void)
{
	struct conf_feed feed = fx_feed();
	feed.decode.encrypted = true;
	feed.decode.gnupg_home = fx_home[0];
	return feed;
}

/* gpg as one that asks nothing; $G HOME arguments */
#define G                                                                                          \
	"G() { h=$1; shift; gpg --homedir $h --batch --quiet --no-tty --yes --trust-model always " \
	"\"$@\"; }\n"

static inline void read_line(const char *name, char *out, size_t size)
{
	char *path = df_format("%s/%s", fx_dir, name), *text = NULL;
	/* the caller misses what it looks for */
	if (df_read_file(path, 4096, &text, NULL, NULL) != DF_OK)
		text = NULL;
	snprintf(out, size, "%.*s", text != NULL ? (int)strcspn(text, "\n") : 0,
		 text != NULL ? text : "");
	free(text);
	free(path);
}

static inline int gpg_open(void)
{
	if (fx_open() != 0)
		return 1;
	for (size_t i = 0; i < 4; i++)
		snprintf(fx_home[i], sizeof(fx_home[i]), "%s/%c", fx_dir, "rsop"[i]);
	int code =
	    fx_try(G "mkdir -m 700 r s o p\n"
		     "N() { h=$1; shift; G $h --passphrase '' --quick-gen-key \"$@\"; }\n"
		     "N r ed ed25519 cert never; fpr=$(G r --with-colons -k ed | awk -F: '/^fpr/ "
		     "{print $10; exit}')\n"
		     "G r --passphrase '' --quick-add-key $fpr cv25519 encr never\n"
		     "N r rsa rsa2048 encr never || N r rsa rsa2048 default never\n"
		     "N s signer ed25519 default never; fpr=$(G s --with-colons -k signer | awk "
		     "-F: '/^fpr/ {print $10; "
		     "exit}')\n"
		     "G s --passphrase '' --quick-add-key $fpr ed25519 sign never\n"
		     "N s stranger ed25519 default never\n"
		     "G s --with-colons -k signer | awk -F: '/^fpr/ {print $10}' > fprs; head -1 "
		     "fprs > primary; tail -1 fprs > "
		     "sub\n"
		     "N o other rsa2048 default never; fpr=$(G o --with-colons -k other | awk -F: "
		     "'/^fpr/ {print $10; exit}')\n"
		     "G o --passphrase '' --quick-add-key $fpr rsa2048 encr never\n"
		     "G p --passphrase 'open sesame' --pinentry-mode loopback --quick-gen-key "
		     "locked ed25519 default never\n"
		     "fpr=$(G p --with-colons -k locked | awk -F: '/^fpr/ {print $10; exit}')\n"
		     "G p --passphrase 'open sesame' --pinentry-mode loopback --quick-add-key $fpr "
		     "cv25519 encr never\n"
		     "for h in r o p; do G $h --export > $h.pub; G s --import $h.pub; done\n"
		     "G s --export signer > signer.pub; G r --import signer.pub\n"
		     "gpgconf --homedir p --kill all\n"
		     "seq 1 200000 > plain; gzip -nc plain > plain.gz\n");
	if (code != 0)
		return code;
	read_line("primary", fx_signer, sizeof(fx_signer));
	read_line("sub", fx_signer_sub, sizeof(fx_signer_sub));
	return strlen(fx_signer) == 40 && strlen(fx_signer_sub) == 40 ? 0 : 1;
}

static inline int gpg_close(void)
{
	fx_try("for h in r s o p n; do gpgconf --homedir \"$PWD/$h\" --kill all || :; done");
	return fx_close();
}

#endif
