/* SPDX-License-Identifier: MIT */
/* GnuPG as a process of its own: killed, stopped, asked twice, and by several threads. */
#include "gpg_fixture.h"

#include <pthread.h>
#include <signal.h>

/* ---- GnuPG killed, as by a machine that is out of memory ---- */

/* the read, from 1, of the first and second GnuPG before which it is killed; 0: never */
static unsigned kill_at[2];
static unsigned reads, killed;

/* Finds the gpg that decrypts in this fixture's home: GPGME does not say which process it is. */
static unsigned signal_gpg(int sig)
{
	unsigned found = 0;
	DIR *dir = opendir("/proc");
	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
		char *path = df_format("/proc/%s/cmdline", e->d_name), *line = NULL;
		size_t len = 0;
		if (atoi(e->d_name) > 1 &&
		    df_read_file(path, 1 << 20, &line, &len, NULL) == DF_OK) {
			bool ours = len > 4 && memcmp(line, "gpg", 4) == 0 &&
				    memmem(line, len, fx_home[0], strlen(fx_home[0]) + 1) != NULL &&
				    memmem(line, len, "--decrypt", 10) != NULL;
			found += ours && kill(atoi(e->d_name), sig) == 0;
		}
		free(line);
		free(path);
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

static void kill_gpg(void)
{
	unsigned found = 0;
	for (int i = 0; i < 20000 && found == 0; i++) {
		found = signal_gpg(SIGKILL);
		usleep(5000);
	}
	killed += found;
	while (signal_gpg(0) > 0)
		usleep(1000);
}

enum df_status __real_decode_stopped(struct df_err *err);
enum df_status __wrap_decode_stopped(struct df_err *err);

/* It is called before every read. */
enum df_status __wrap_decode_stopped(struct df_err *err)
{
	reads++;
	if (killed < 2 && kill_at[killed] == reads) {
		reads = 0;
		kill_gpg();
	}
	return __real_decode_stopped(err);
}

static void kill_plan(unsigned first, unsigned second)
{
	kill_at[0] = first;
	kill_at[1] = second;
	reads = killed = 0;
	while (signal_gpg(0) > 0) /* the one before, on its way out */
		usleep(1000);
}

/* A dead GnuPG is not a verdict on the file. */
static void test_killed(void)
{
	struct conf_feed feed = gpg_feed();
	fx_sh(G "(echo noise; head -c 32M /dev/urandom) > noise; G s -r ed -z 0 -o "
		"k-custom_event.csv.gpg -e noise");
	kill_plan(1, 0);
	/* asked again, it has one */
	fx_expect_one(&feed, "k-custom_event.csv.gpg", "custom_event", "noise");
	CU_ASSERT_EQUAL(killed, 1);
	kill_plan(12, 0);
	fx_expect_one(&feed, "k-custom_event.csv.gpg", "custom_event", "noise");
	CU_ASSERT_EQUAL(killed, 1);
	kill_plan(1, 1);
	fx_expect(&feed, "k-custom_event.csv.gpg", DF_RETRY, "", "died before it was done");
	CU_ASSERT_EQUAL(killed, 2);
	kill_plan(6, 100);
	fx_expect(&feed, "k-custom_event.csv.gpg", DF_RETRY, "", "died before it was done");
	CU_ASSERT_EQUAL(killed, 2);
	kill_plan(0, 0);
}

/* ---- a GnuPG that hangs ---- */

static char *agent_pid(void)
{
	char *path = df_format("%s/pid", fx_dir), *pid = NULL;
	size_t len = 0;
	struct df_err err = {0};
	fx_sh("gpg-connect-agent --no-autostart --homedir r 'getinfo pid' /bye | sed -n 's/^D //p' "
	      "| tr -d '\\n' >pid");
	CU_ASSERT_EQUAL_FATAL(df_read_file(path, 100, &pid, &len, &err), DF_OK);
	CU_ASSERT_FATAL(atoi(pid) > 1);
	free(path);
	return pid;
}

static void *stop_soon(void *arg)
{
	(void)arg;
	while (signal_gpg(0) == 0) /* until it runs, and waits */
		usleep(1000);
	df_stop_requested = 1;
	return NULL;
}

/* It waits for an agent that does not answer. That ends: after stall_timeout, or at once when
 * the run is to stop. */
static void test_hangs(void)
{
	struct conf_feed feed = gpg_feed();
	pthread_t thread;
	fx_sh(G "G s -r ed -o a-custom_event.csv.gpg -e plain");
	/* the agent runs */
	fx_expect_one(&feed, "a-custom_event.csv.gpg", "custom_event", "plain");
	char *pid = agent_pid();
	feed.fetch.stall_timeout_ms = 300;
	fx_sh("kill -STOP %s", pid);
	fx_expect(&feed, "a-custom_event.csv.gpg", DF_RETRY, "",
		  "GnuPG did nothing for 0.3 seconds (stall_timeout)");
	signal_gpg(SIGKILL);
	feed.fetch.stall_timeout_ms = 3600000;
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, stop_soon, NULL), 0);
	fx_expect(&feed, "a-custom_event.csv.gpg", DF_RETRY, "", "asked to stop");
	pthread_join(thread, NULL);
	df_stop_requested = 0;
	signal_gpg(SIGKILL);
	fx_sh("kill -CONT %s", pid);
	free(pid);
	fx_expect_one(&feed, "a-custom_event.csv.gpg", "custom_event", "plain");
}

/* ---- trouble in GnuPG's home that is gone when it is asked again ---- */

static const char *between; /* what happens before GnuPG is asked again, once */

int __real_ftruncate64(int fd, off_t length);
int __wrap_ftruncate64(int fd, off_t length);

/* The room empties what the first try has written. */
int __wrap_ftruncate64(int fd, off_t length)
{
	if (between != NULL)
		fx_sh("%s", between);
	between = NULL;
	return __real_ftruncate64(fd, length);
}

/* The secret keys go, and another one is there. */
#define AWAY                                                                                       \
	"mv r/private-keys-v1.d r/away; mkdir -m 700 r/private-keys-v1.d; : "                      \
	">r/private-keys-v1.d/00.key"
#define BACK "rm -r r/private-keys-v1.d; mv r/away r/private-keys-v1.d"

/* What comes only once is not a verdict on the file. */
static void test_asked_twice(void)
{
	struct conf_feed feed = gpg_feed();
	fx_sh(G "G s -r ed -o a-custom_event.csv.gpg -e plain; " AWAY);
	between = BACK;
	fx_expect_one(&feed, "a-custom_event.csv.gpg", "custom_event", "plain");
	CU_ASSERT_PTR_NULL(between);
	fx_sh("cp a-custom_event.csv.gpg b-custom_event.csv.gpg; " AWAY);
	between = "head -c 40 a-custom_event.csv.gpg >b-custom_event.csv.gpg; " BACK;
	fx_expect(&feed, "b-custom_event.csv.gpg", DF_RETRY, "", "and then another");
}

/* A key without a passphrase, and "customer_id\n1\n" encrypted to it and by a passphrase. */
static const char guessed_key[] =
    "lFgEaVW5ABYJKwYBBAHaRw8BAQdAP/EflpdkPG4L+InYasK7RbBnydRRYX33kR+ql1niyzYAAP4mUT657XV959Qq\n"
    "fOyurJWt0hzkoFTjjhJqZnfnDjSIaRHetAdndWVzc2VkiJAEExYKADgWIQRP1Ow76VX2aXzoxpvBW8Ah0D604wUC\n"
    "aVW5AAIbAQULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRDBW8Ah0D6045wHAQC86EVENHtIfotPgjFx2OSXEUdm\n"
    "fh8aNlgJG0w173CAygEAqU/UipRMQ7FVuCgQLCXzs+iYmIQhnAKdRugonVH5CgScXQRpVbkAEgorBgEEAZdVAQUB\n"
    "AQdAfZsrIac7kV9LEX3qbCro8xazMvfdsM/GPsZHHFzdPFkDAQgHAAD/R3ToU6vicM7Kr2yjAxPpk5GGdocy5GAf\n"
    "KQrCGVwRmhAPqIh4BBgWCgAgFiEET9TsO+lV9ml86MabwVvAIdA+tOMFAmlVuQACGwwACgkQwVvAIdA+tOO46wEA\n"
    "p87Kv/5OId/AL5S0h436LtVywZrW0PRxb6VTglfgnhIA/21oQ6gKCV8sje79qVKHpZtpwk/TwVFBHlmm+ZQOMocD\n";
static const char guessed_message[] =
    "hF4Db9rEOiN7WJoSAQdAn40dBeymQw7D577ptStF06zD+3mazqb/gZdg2MgrkHYwi5KW9Jvv9L9unmsK1r5V5ZGP\n"
    "fYqtKXzxkEeM784ZIXKMNlSWQQAMz7jCeqoG7L/IjC4ECQMKMBioH2x5jPH/RN7y2fCNlnUBZ/9ukj6lNNYzVJHB\n"
    "4n2QTQI8TBz0sbCR0j8BJ1uHThPDZSpAYuYyTvVUEggEtJ63w2lCDpbq3R2mJ0Q5iHZvVkvyU6ES//vkDWBvTV8A\n"
    "EAPxlNHYpUYVftQ=\n";

static const unsigned char *guesses; /* what is random next; NULL: what is */

int __real_RAND_bytes(unsigned char *buf, int num);
int __wrap_RAND_bytes(unsigned char *buf, int num);

int __wrap_RAND_bytes(unsigned char *buf, int num)
{
	if (guesses == NULL || *guesses == '\0')
		return __real_RAND_bytes(buf, num);
	memset(buf, *guesses++, (size_t)num);
	return 1;
}

/* GnuPG 2.3 and later ask for the passphrase first; these answers it takes for the right one. */
static void test_guessed(void)
{
	struct conf_feed feed = gpg_feed();
	fx_sh(G "echo '%s' | base64 -d >guessed.key; G r --import guessed.key\n"
		"echo '%s' | base64 -d >g-custom_event.csv.gpg; printf 'customer_id\\n1\\n' >one",
	      guessed_key, guessed_message);
	guesses = (const unsigned char *)"\x0a\x88\x9a\xa8";
	fx_expect_one(&feed, "g-custom_event.csv.gpg", "custom_event", "one");
	guesses = NULL;
}

static void *decode_often(void *failures)
{
	struct conf_feed feed = gpg_feed();
	unsigned *bad = failures;
	for (int i = 0; i < 5; i++) {
		struct decode *d = NULL;
		struct df_err err = {0};
		char *path = df_format("%s/t-custom_event.csv.gz.gpg", fx_dir);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		bool ok = decode_open(&feed, "t-custom_event.csv.gz.gpg", fd, fx_scratch, &d,
				      &err) == DF_OK;
		if (!ok)
			fprintf(stderr, "\nin a thread: [%s] %s\n", err.code, err.text);
		*bad += !ok || !fx_same_bytes(decode_doc(d, 0), "plain");
		decode_close(d);
		close(fd);
		free(path);
	}
	return NULL;
}

/* Files are decoded by several workers at once. */
static void test_threads(void)
{
	pthread_t threads[4];
	unsigned bad[4] = {0};
	if (getenv("WRAP") != NULL) {
		/* In a forked child valgrind takes for lost what the other threads hold, and the
		 * child "fails". */
		puts("\nskip: GnuPG from several threads, under valgrind");
		return;
	}
	fx_sh(G "G s -r ed -o t-custom_event.csv.gz.gpg -e plain.gz");
	for (size_t i = 0; i < 4; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, decode_often, &bad[i]), 0);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		CU_ASSERT_EQUAL(bad[i], 0);
	}
}

int main(void)
{
	static const CU_TestInfo tests[] = {
	    {"killed", test_killed},           {"hangs", test_hangs},
	    {"asked twice", test_asked_twice}, {"a passphrase that is guessed", test_guessed},
	    {"threads", test_threads},         CU_TEST_INFO_NULL,
	};
	return fx_run("decode_gpg_process", gpg_open, gpg_close, tests);
}
