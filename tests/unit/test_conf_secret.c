/* SPDX-License-Identifier: MIT */
/* Secrets come from files and from the environment. */
#include "conf_fixture.h"

/* A mounted secret is 0440, with a group of the process. */
static void test_secrets_of_a_group(void)
{
	struct conf *conf = load_good(HEAD "password_file = group\nidentity_file = group\n");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].fetch.password, "s3cret-value");
	conf_free(conf);
	EXPECT(HEAD "password_file = written\n",
	       "5: password_file: a group may write to the secret file");

	char *path = df_format("%s/group", dir);
	if (geteuid() != 0 || chown(path, (uid_t)-1, 54321) != 0) {
		puts("    skipped: only root can give a file to a group that it is not in");
		free(path);
		return;
	}
	EXPECT(HEAD "password_file = group\nidentity_file = group\n",
	       "5: password_file: the secret file", "6: identity_file: the secret file");
	/* systemd guards its folder: the group's bits are the mask of an access list */
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	conf = load_good(HEAD "password_file = $CREDENTIALS_DIRECTORY/group\n");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].fetch.password, "s3cret-value");
	conf_free(conf);
	EXPECT(HEAD "password_file = $CREDENTIALS_DIRECTORY/open\n",
	       "5: password_file: others may use");
	unsetenv("CREDENTIALS_DIRECTORY");
	CU_ASSERT_EQUAL(chown(path, (uid_t)-1, getegid()), 0);
	free(path);
}

static void test_credentials_folder(void)
{
	EXPECT(
	    HEAD
	    "password_file = $CREDENTIALS_DIRECTORY/secret\nmanifest = "
	    "$CREDENTIALS_DIRECTORY/manifest.json\n"
	    "ca_file = $CREDENTIALS_DIRECTORY/ca.pem\ngnupg_home = $CREDENTIALS_DIRECTORY/gnupg\n",
	    "5: password_file: $CREDENTIALS_DIRECTORY is not set",
	    "6: manifest: $CREDENTIALS_DIRECTORY is not set",
	    "7: ca_file: $CREDENTIALS_DIRECTORY is not set",
	    "8: gnupg_home: $CREDENTIALS_DIRECTORY is not set");
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	struct conf *conf = load_good(
	    "[dropfeed]\nstate_dir = $CREDENTIALS_DIRECTORY/s\n[feed a]\n"
	    "sink = file:$CREDENTIALS_DIRECTORY/out\nidentity_file = $CREDENTIALS_DIRECTORY/id\n"
	    "password_file = $CREDENTIALS_DIRECTORY/secret\nca_file = "
	    "$CREDENTIALS_DIRECTORY/ca.pem\n");
	char *want = df_format("%s/out", dir);
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].send.sink_path, want);
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].fetch.password, "s3cret-value");
	free(want);
	conf_free(conf);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void test_secrets(void)
{
	EXPECT(HEAD "password_file = open\napi_secret_file = nowhere\n",
	       "5: password_file: others may use",
	       "6: api_secret_file: cannot read the secret file");
	EXPECT(HEAD "identity_file = open\npassword_file = empty\npassphrase_file = gnupg\n",
	       "5: identity_file: others may use", "6: password_file: the first line",
	       "7: passphrase_file: ");
	char *problems = NULL;
	conf_free(load(HEAD "password_file = open\n", &problems));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "chmod 600 "));
	CU_ASSERT_PTR_NOT_NULL(strstr(problems, "0644"));
	CU_ASSERT_PTR_NULL(strstr(problems, "s3cret"));
	free(problems);
	EXPECT(HEAD "password_file = utf16\n", "5: password_file: the secret file");
	struct conf *conf = load_good(HEAD "password_file = bom\n");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].fetch.password, "s3cret-value");
	conf_free(conf);
	/* a variable that was filled from a file has its line end */
	setenv("DROPFEED_TEST_SECRET",
	       "\xef\xbb\xbf"
	       "from-env\r\n",
	       1);
	EXPECT(HEAD "api_secret_env = DROPFEED_TEST_SECRET\napi_secret_file = secret\n",
	       "6: api_secret_file and api_secret_env");
	EXPECT(HEAD "password_file = secret\npassword_env = DROPFEED_TEST_SECRET\n",
	       "6: password_file and password_env");
	EXPECT(HEAD
	       "api_secret = s3cret-value\npassword = s3cret-value\npassphrase = s3cret-value\n",
	       "5: 'api_secret': the configuration holds no secrets: write it to a file of mode "
	       "0600 and give that as "
	       "api_secret_file = PATH, or name an environment variable in api_secret_env",
	       "6: 'password': the configuration holds no secrets: write it to a file of mode 0600 "
	       "and give that as "
	       "password_file =",
	       "7: 'passphrase': the configuration");
	/* as other programs spell it, and in the other section */
	EXPECT(HEAD "API_SECRET = s3cret-value\napi-secret = s3cret-value\n",
	       "5: 'API_SECRET': the configuration holds no secrets: write",
	       "6: 'api-secret': the configuration holds no secrets: write");
	EXPECT("[dropfeed]\nledger_password = s3cret-value\n",
	       "2: 'ledger_password': the configuration holds no secrets: write it to a file of "
	       "mode 0600 and give that as ledger_password_file = PATH");
	conf = load_good(
	    HEAD "api_secret_env = DROPFEED_TEST_SECRET\npassword_env = DROPFEED_TEST_SECRET\n"
		 "passphrase_env = DROPFEED_TEST_SECRET\n");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].send.api_secret, "from-env");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].fetch.password, "from-env");
	CU_ASSERT_STRING_EQUAL(conf->feeds[0].fetch.passphrase, "from-env");
	conf_free(conf);
	unsetenv("DROPFEED_TEST_SECRET");
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"secrets", test_secrets},
	    {"secrets that a group may read", test_secrets_of_a_group},
	    {"the credentials' folder", test_credentials_folder},
	    CU_TEST_INFO_NULL,
	};
	return test_main("conf_secret", setup, teardown, tests);
}
