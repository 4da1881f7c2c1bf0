/* SPDX-License-Identifier: MIT */
/* The libraries that this program runs with, and those that it was built without. */
#include "run_priv.h"

#include "dropfeed/plan.h"

#include <curl/curl.h>
#include <gpgme.h>
#include <json-c/json_c_version.h>
#include <libssh2.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <zip.h>
#include <zlib.h>

/* What a build may lack: the Makefile defines HAVE_... for the libraries that it found. */
#ifdef HAVE_LIBZSTD
#include <zstd.h>
#define VERSION_ZSTD ZSTD_versionString()
#else
#define VERSION_ZSTD NULL
#endif
#ifdef HAVE_LIBBZ2
#include <bzlib.h>
#define VERSION_BZ2 BZ2_bzlibVersion()
#else
#define VERSION_BZ2 NULL
#endif
#ifdef HAVE_LIBLZMA
#include <lzma.h>
#define VERSION_LZMA lzma_version_string()
#else
#define VERSION_LZMA NULL
#endif

/* Versions come from the libraries themselves, which may be newer than those that the program
 * was built with. */
static void version_add(struct df_buf *out, const char *name, const char *version)
{
	df_buf_addf(out, "  %-10s %s\n", name, version != NULL ? version : "(unknown)");
}

static void version_optional(struct df_buf *out, const char *name, const char *version,
			     const char *what)
{
	if (version != NULL)
		version_add(out, name, version);
	else
		df_buf_addf(out, "  %-10s not built in: %s are refused\n", name, what);
}

void run_version(struct df_buf *out)
{
	gpgme_engine_info_t engine = NULL;
	df_buf_adds(out, "dropfeed " DROPFEED_VERSION "\n");
	version_add(out, "libssh2", libssh2_version(0));
	version_add(out, "libcurl", curl_version_info(CURLVERSION_NOW)->version);
	version_add(out, "libcrypto", OpenSSL_version(OPENSSL_VERSION));
	version_add(out, "GPGME", gpgme_check_version(NULL));
	if (gpgme_get_engine_info(&engine) == 0)
		for (; engine != NULL; engine = engine->next)
			if (engine->protocol == GPGME_PROTOCOL_OpenPGP)
				version_add(out, "gpg", engine->version);
	version_add(out, "zlib", zlibVersion());
	version_add(out, "libzip", zip_libzip_version());
	version_optional(out, "libzstd", VERSION_ZSTD, ".zst files");
	version_optional(out, "libbz2", VERSION_BZ2, ".bz2 files");
	version_optional(out, "liblzma", VERSION_LZMA, ".xz files");
	version_add(out, "SQLite", sqlite3_libversion());
	version_optional(out, "libpq", ledger_libpq(), "ledgers that hosts share");
	version_add(out, "json-c", json_c_version());
	version_add(out, "PCRE2", plan_library());
}
