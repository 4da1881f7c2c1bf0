# dropfeed - see README.md; `make help` lists the targets
#
#   make [BUILD=dir] [CC=clang] [WERROR=1] [SANITIZE=address,undefined]

VERSION  := 0.2.0
BUILD    ?= build
PREFIX   ?= /usr/local
CC       ?= cc
CSTD     := -std=c17
WARN     := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wformat=2 -Wundef
WARN     += -Wno-missing-field-initializers # GCC 10 (Debian 11) warns of designated ones as well
# -g1: lines for backtraces, and a fifth less time to compile than with -g
OPT      ?= -O2 -g1
HARDEN   := -fPIE -fstack-protector-strong -fstack-clash-protection
LDHARDEN := -pie -Wl,-z,relro,-z,now
ifdef SANITIZE
  OPT    := -O1 -g1 -fno-omit-frame-pointer -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined
  LDHARDEN += -fsanitize=$(SANITIZE)
else
  HARDEN += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
ifdef WERROR
  WARN   += -Werror
endif

# Nothing here may fail where the libraries are not installed yet: `make build-deps` has to start on a fresh machine.
LIBS_PKG := libssh2 gpgme libzip zlib libcurl sqlite3 json-c libcrypto uuid libxxhash libpcre2-8
# What `make libssh2` has built takes the place of the system's, in every build folder, and is seen by nobody else: libcurl has its own.
LIBSSH2  := $(wildcard build/libssh2/lib/libssh2.a)
ifneq ($(LIBSSH2),)
  LIBS_PKG := $(filter-out libssh2,$(LIBS_PKG))
  CPPFLAGS += -isystem build/libssh2/include
  LDFLAGS  += -Wl,--exclude-libs,libssh2.a
endif
# A build may lack these: `--version` says so, and what needs one refuses. WITHOUT="libzstd libbz2" leaves them out on purpose.
wanted    = $(filter-out $(WITHOUT),$(1))
OPTIONAL := $(foreach l,$(call wanted,libzstd liblzma libpq),$(shell pkg-config --exists $(l) && echo $(l)))
BZ2      := $(if $(call wanted,libbz2),$(shell echo '\#include <bzlib.h>' | $(CC) -E -xc - >/dev/null 2>&1 && echo libbz2))
HAVE     := $(foreach l,$(OPTIONAL) $(BZ2),-DHAVE_$(shell echo $(l) | tr a-z A-Z))
LIBS_PKG += $(OPTIONAL)
LIBS      = $(shell pkg-config --libs $(LIBS_PKG)) $(if $(BZ2),-lbz2) -lcsv -lpthread -lm
PKGFLAGS := $(shell pkg-config --cflags $(LIBS_PKG) 2>/dev/null | sed 's/-I/-isystem /g')
# Without quotes: a command that has any is run by a shell, twice the processes.
CPPFLAGS += -Iinclude $(HAVE) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DDROPFEED_VERSION_NUMBER=$(VERSION) $(PKGFLAGS)
ALLFLAGS  = $(CSTD) $(WARN) $(OPT) $(HARDEN) $(CPPFLAGS) $(CFLAGS)

SRC      := $(filter-out src/main.c,$(wildcard src/*/*.c))
OBJ      := $(SRC:%.c=$(BUILD)/%.o)
LIB      := $(BUILD)/libdropfeed.a
UNIT     := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
HELPERS  := $(wildcard tests/unit/helper_*.c)
PEERS    := $(patsubst %.c,$(BUILD)/%,$(filter-out tests/peers/receiver_%,$(wildcard tests/peers/*.c)))
RECEIVER := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/peers/receiver_*.c))
# what a host of tests/fleet preloads
PEERS    += $(BUILD)/tests/fleet/clock.so
# for tests of many short runs
PEERS    += $(BUILD)/tests/runs/dropfeed
FUZZ     := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
# What runs the inputs: our own main, or libFuzzer's (FUZZ_MAIN= and its flags in LDFLAGS).
FUZZ_MAIN ?= $(BUILD)/tests/fuzz/replay.o
FUZZ_SECONDS ?= 60
FLEET_SECONDS ?= 600
# a fault every fifteen seconds or so, and files that take as long or longer; chaos.py by itself is rougher
FLEET_OPTIONS ?= --pause 30 --users 600 --files 4
DAYS_SECONDS ?= 300
# `make test` runs the corpora through targets that are sanitized, whatever the rest is; they are those of `make asan`.
FUZZ_BUILD = $(if $(SANITIZE),$(BUILD),build-asan)
CFILES    = $(wildcard src/*.c src/*/*.c tests/*/*.c)
HFILES    = $(wildcard include/*/*.h src/*/*.h tests/*/*.h)
SCRIPTS   = $(shell grep -rlIE --exclude-dir=cases --exclude-dir=data '^\#!.*(sh|python)|^\# shellcheck' .ci cron samples src tests) \
            $(wildcard tests/e2e/*.sh tests/e2e/lib/*.sh)

# A nested make builds on all processors, unless -j was given already.
PARALLEL  = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: all deps build-deps test-deps test-postgres deps-lint deps-fuzz deps-bench have-libs build-tests calls crash days demo test unit e2e fuzz fuzz-targets fuzz-replays bench growth pace soak plan-peer report-shots deb deb-deps deb-test boot-deps image image-test cronjob-test model fleet
.PHONY: lint format asan tsan valgrind install uninstall clean help libssh2
.SECONDARY:
.DELETE_ON_ERROR:

all: ## build the program: build/dropfeed
	@$(MAKE) --no-print-directory $(PARALLEL) $(BUILD)/dropfeed

$(BUILD)/dropfeed: $(BUILD)/src/main.o $(LIB) $(LIBSSH2)
	$(CC) $(OPT) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS)

# folders, once each: $(BUILD)/src/rows/.
.SECONDEXPANSION:
%/.:
	@mkdir -p $@

# Whole at any time: `make -j all peers` links it in two makes at once.
$(LIB): $(OBJ)
	$(AR) rcs $@.$$$$ $^ && mv -f $@.$$$$ $@

$(BUILD)/%.o: %.c | have-libs $$(@D)/.
	$(CC) $(ALLFLAGS) -MMD -MP -c -o $@ $<

# The program that kills itself at a given step (include/dropfeed/step.h): what has steps is compiled anew.
FAULTY = $(shell grep -lE 'df_(before|after|faults_ms)\>|BATCH_FORMAT|DROPFEED_FAULTS' $(SRC))

$(BUILD)/faults/%.o: %.c | have-libs $$(@D)/.
	$(CC) $(ALLFLAGS) -DDROPFEED_FAULTS -MMD -MP -c -o $@ $<

$(BUILD)/faults/dropfeed: $(BUILD)/src/main.o $(FAULTY:%.c=$(BUILD)/faults/%.o) $(LIB) $(LIBSSH2)
	$(CC) $(OPT) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS)

# A test that defines __wrap_NAME replaces NAME: see tests/unit/test.h.
$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(HELPERS:%.c=$(BUILD)/%.o) $(LIB) $(LIBSSH2)
	wraps=$$(nm -g --defined-only $< | sed -n 's/.* T __wrap_/-Wl,--wrap=/p') && \
		$(CC) $(OPT) $(LDHARDEN) $(LDFLAGS) $$wraps -o $@ $^ $(LIBS) -lcunit

# The program without the time that loading it takes: its main is called by the test's.
$(BUILD)/tests/runs/dropfeed: $(BUILD)/tests/runs/dropfeed.o $(BUILD)/src/main.o $(LIB) $(LIBSSH2)
	$(CC) $(OPT) $(LDHARDEN) $(LDFLAGS) -Wl,--wrap=main -o $@ $^ $(LIBS)

$(BUILD)/tests/peers/receiver: $(RECEIVER)

$(BUILD)/tests/peers/%: $(BUILD)/tests/peers/%.o
	$(CC) $(OPT) $(LDHARDEN) $(LDFLAGS) -o $@ $^ -lmicrohttpd -ljson-c -lpthread

# Not sanitized: it comes before the sanitizer's own library.
$(BUILD)/tests/%.so: tests/%.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(WARN) -O2 -fPIC -shared -o $@ $<

$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/fuzz.o $(FUZZ_MAIN) $(LIB) $(LIBSSH2)
	$(CC) $(OPT) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/plan/%: $(BUILD)/tests/plan/%.o $(LIB) $(LIBSSH2)
	$(CC) $(OPT) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/braze/%: $(BUILD)/tests/braze/%.o $(LIB) $(LIBSSH2)
	$(CC) $(OPT) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o
	$(CC) $(OPT) $(LDHARDEN) $(LDFLAGS) -o $@ $^ -lcsv

$(BUILD)/tests/bench/settle: $(BUILD)/tests/bench/settle.o $(LIB) $(LIBSSH2)
	$(CC) $(OPT) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/tests/bench/sftploop: $(BUILD)/tests/bench/sftploop.o $(LIBSSH2)
	$(CC) $(OPT) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS)

have-libs:
	@pkg-config --exists $(LIBS_PKG) || { echo 'Libraries are missing: run `make build-deps` first.' >&2; exit 1; }

deps: ## install what building and testing need, where it is missing
	@tests/deps build test

build-deps: ## what building needs only, for a host that runs the program
	@tests/deps build

test-deps: ## what the tests need: sshd, GnuPG, valgrind, ...
	@tests/deps test

deps-lint:
	@tests/deps lint

deps-fuzz:
	@tests/deps fuzz

deps-bench: ## the other programs that bench compares with
	@tests/deps bench
	@npm install --silent --no-fund --no-audit --prefix $(BUILD)/node csv-parse@5 || echo 'skip: npm has no csv-parse' # Debian has none
	@npm install --silent --no-fund --no-audit --prefix $(BUILD)/node @duckdb/node-api@1.5.6-r.1 || echo 'skip: npm has no DuckDB'

# The libraries' flags are read while this file is parsed, so after `deps` the work is done by a make of its own.
demo: deps ## show the whole way of a drop file, against servers on this machine
	@$(MAKE) --no-print-directory -s $(PARALLEL) $(BUILD)/dropfeed peers
	@BUILD=$(abspath $(BUILD)) tests/demo

test: deps ## all tests; the last line counts them
	@$(MAKE) --no-print-directory $(PARALLEL) build-tests
	@BUILD=$(abspath $(BUILD)) FUZZ_BUILD=$(abspath $(FUZZ_BUILD)) tests/run $(UNIT)

unit: $(UNIT) $(PEERS) $(BUILD)/dropfeed ## unit tests only
	BUILD=$(abspath $(BUILD)) tests/run-unit $(UNIT)

e2e: $(PEERS) $(BUILD)/dropfeed faults ## end-to-end tests only: real sshd, gpg, zip, HTTP
	BUILD=$(abspath $(BUILD)) tests/run-e2e

.PHONY: peers
peers: $(PEERS)
fuzz-targets: $(FUZZ)
build-tests: $(BUILD)/dropfeed $(PEERS) $(UNIT) $(BUILD)/tests/plan/batches $(BUILD)/tests/braze/objects fuzz-replays faults

ifdef SANITIZE
fuzz-replays: $(FUZZ)
else
fuzz-replays:
	@$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) SANITIZE=address,undefined fuzz-targets
endif

.PHONY: faults
faults: $(BUILD)/faults/dropfeed

crash: deps ## kill it at every step of a document's life and at 200 random instants
	@$(MAKE) --no-print-directory $(PARALLEL) $(BUILD)/dropfeed peers faults
	@tests/crash/steps.py $(BUILD)
	@tests/crash/crash.py $(BUILD) --random 200
	@tests/crash/crash.py $(BUILD) --short --sftp
	@tests/crash/crash.py $(BUILD) --short --removes
	@tests/crash/commands.py $(BUILD) --short
	@tests/crash/braze.py $(BUILD) --random 200
	@tests/crash/subjects.py $(BUILD) --short --random 20

test-postgres: deps ## end-to-end tests and kills with PostgreSQL in SQLite's place; an hour (PGBOUNCER=1: through PgBouncer)
	@tests/deps ci
	@$(MAKE) --no-print-directory -s $(PARALLEL) $(BUILD)/dropfeed peers faults
	@BUILD=$(abspath $(BUILD)) tests/run-postgres --all

days: deps ## days of an operator's life by chance, DAYS_SECONDS (300), then the same through SFTP
	@$(MAKE) --no-print-directory -s $(PARALLEL) $(BUILD)/dropfeed peers
	@tests/crash/days.py $(BUILD) --seconds $(DAYS_SECONDS)
	@tests/crash/days.py $(BUILD) --seconds $(DAYS_SECONDS) --sftp

calls: deps ## let its system calls fail, one in each run, and see that nothing is lost; two minutes
	@$(MAKE) --no-print-directory $(PARALLEL) $(BUILD)/dropfeed peers $(BUILD)/tests/crash/fail.so
	@tests/crash/calls.py $(BUILD)

libssh2: ## build libssh2 1.11 into build/libssh2, for RSA keys where the system has 1.10
	@tests/deps build libssh2
	@src/fetch/build-libssh2 build/libssh2
	@rm -f $(foreach b,build build-asan $(BUILD),$(b)/src/fetch/fetch_sftp*.o $(b)/*/src/fetch/fetch_sftp*.o)
	@$(MAKE) --no-print-directory -s $(PARALLEL) all

asan: ## the same tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory test BUILD=build-asan SANITIZE=address,undefined

fleet: deps ## four hosts that share a ledger while everything fails, FLEET_SECONDS (600)
	@tests/deps ci
	@$(MAKE) --no-print-directory -s $(PARALLEL) $(BUILD)/dropfeed peers faults
	@tests/with-postgres tests/fleet/chaos.py $(BUILD) --seconds $(FLEET_SECONDS) $(FLEET_OPTIONS)

model: deps ## let spin check how hosts share a ledger, in each interleaving; two minutes
	@tests/deps model || echo "skip: spin cannot be installed here"
	@tests/run-model --all

TSAN_UNIT = $(addprefix build-tsan/tests/unit/test_,send send_answers send_connection send_end document_parts)
tsan: deps ## what has threads, under ThreadSanitizer
	@$(MAKE) --no-print-directory -s $(PARALLEL) BUILD=build-tsan SANITIZE=thread build-tsan/dropfeed peers $(TSAN_UNIT)
	@BUILD=$(abspath build-tsan) tests/run-unit $(TSAN_UNIT)
	@BUILD=$(abspath build-tsan) tests/run-e2e tests/e2e/threads.sh tests/e2e/feeds.sh tests/e2e/api.sh tests/e2e/crash.sh

fuzz: deps deps-fuzz ## search for inputs that break it, FUZZ_SECONDS (60) for each target
	@$(MAKE) --no-print-directory -s $(PARALLEL) BUILD=build-fuzz CC=clang SANITIZE=fuzzer-no-link,address,undefined \
		LDFLAGS=-fsanitize=fuzzer FUZZ_MAIN= fuzz-targets
	@tests/fuzz/run build-fuzz $(FUZZ_SECONDS)

valgrind: deps ## unit tests under valgrind
	@$(MAKE) --no-print-directory $(PARALLEL) build-tests
	@BUILD=$(abspath $(BUILD)) WRAP=tests/valgrind tests/run-unit $(UNIT)

bench: deps ## a table of dropfeed against its yardsticks; some minutes, BENCH_MB=20 for a quick look
	@$(MAKE) --no-print-directory -s $(PARALLEL) $(BUILD)/dropfeed $(patsubst %,$(BUILD)/tests/bench/%,csvloop sftploop sink settle) peers
	@BUILD=$(abspath $(BUILD)) tests/bench/bench.py

report-shots: deps ## what a report of made-up files looks like: screenshots in build/report, to be looked at
	@tests/deps shots
	@$(MAKE) --no-print-directory -s $(PARALLEL) $(BUILD)/dropfeed $(BUILD)/tests/unit/test_report_period
	@REPORT_PAGE=$(abspath $(BUILD))/report.html $(BUILD)/tests/unit/test_report_period >/dev/null
	@tests/report-shots $(BUILD)/report.html $(BUILD)/report

plan-peer: deps deps-bench ## data plans against the vendor's own validator, from npm; some minutes
	@npm install --silent --no-fund --no-audit --prefix $(BUILD)/node @mparticle/data-planning-node@1.0.3
	@$(MAKE) --no-print-directory -s $(PARALLEL) $(BUILD)/tests/plan/batches
	@BUILD=$(abspath $(BUILD)) tests/run-plan --vendor $(BUILD)/node/node_modules

growth: $(BUILD)/dropfeed ## how the work grows with the number of columns
	@tests/bench/growth.py $(BUILD)

pace: deps ## how well the API's rate limit is made use of, steady and changing; three minutes
	@$(MAKE) --no-print-directory -s $(PARALLEL) $(BUILD)/dropfeed peers
	@BUILD=$(abspath $(BUILD)) tests/bench/pace

soak: deps ## memory that an encrypted document of 2 GiB takes; some minutes
	@$(MAKE) --no-print-directory -s $(PARALLEL) $(BUILD)/dropfeed
	@BUILD=$(abspath $(BUILD)) tests/bench/openpgp

lint: deps deps-lint ## clang-format, clang-tidy, columns and plain English; nothing is changed
	tests/lint-language
	@tests/lint-columns $(sort $(CFILES) $(HFILES) $(SCRIPTS))
	@clang-format --dry-run -Werror $(CFILES) $(HFILES)
	printf '%s\n' $(filter src/%,$(CFILES)) | xargs -P $$(nproc) -n 2 sh -c \
		'clang-tidy --quiet --warnings-as-errors="*" "$$@" -- $(CSTD) $(CPPFLAGS) 2>/dev/null' tidy

format: deps-lint ## clang-format the tree in place
	clang-format -i $(CFILES) $(HFILES)

BIN := $(DESTDIR)$(PREFIX)/bin
MAN := $(DESTDIR)$(PREFIX)/share/man
DOC := $(DESTDIR)$(PREFIX)/share/doc/dropfeed
BASH_COMPLETIONS := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS := $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISH_COMPLETIONS := $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

install: all ## install below PREFIX (default /usr/local), honours DESTDIR
	install -D -m 0755 $(BUILD)/dropfeed $(BIN)/dropfeed
	install -D -m 0644 src/dropfeed.1 $(MAN)/man1/dropfeed.1
	install -D -m 0644 src/dropfeed.conf.5 $(MAN)/man5/dropfeed.conf.5
	install -D -m 0644 src/dropfeed.manifest.5 $(MAN)/man5/dropfeed.manifest.5
	install -D -m 0644 src/dropfeed-braze.7 $(MAN)/man7/dropfeed-braze.7
	$(BUILD)/dropfeed completions bash >$(BUILD)/completions.bash
	install -D -m 0644 $(BUILD)/completions.bash $(BASH_COMPLETIONS)/dropfeed
	$(BUILD)/dropfeed completions zsh >$(BUILD)/completions.zsh
	install -D -m 0644 $(BUILD)/completions.zsh $(ZSH_COMPLETIONS)/_dropfeed
	$(BUILD)/dropfeed completions fish >$(BUILD)/completions.fish
	install -D -m 0644 $(BUILD)/completions.fish $(FISH_COMPLETIONS)/dropfeed.fish
	install -D -m 0644 -t $(DOC) README.md CHANGELOG.md LICENSE
	find $(wildcard samples manifests cron) -type f -not -path 'cron/debian/*' | while read -r f; do \
		install -D -m "$$(if [ -x "$$f" ]; then echo 0755; else echo 0644; fi)" "$$f" "$(DOC)/$$f" || exit 1; done
	sed -i 's|/usr/local/bin|$(PREFIX)/bin|g' $(DOC)/cron/dropfeed.service $(DOC)/cron/dropfeed.cron

deb: deb-deps ## make the Debian package in build/deb, and let lintian look at it
	@cron/debian/build $(BUILD)/deb
	@lintian --fail-on error,warning --tag-display-limit 0 $(BUILD)/deb/dropfeed_$(VERSION)_*.changes && echo 'lintian: no errors, no warnings'

deb-test: deb test-deps boot-deps ## the package in a system of its own, booted with systemd; needs root, some minutes
	@$(MAKE) --no-print-directory -s $(BUILD)/tests/peers/receiver
	@nice tests/package/run $(BUILD)/deb/dropfeed_$(VERSION)_*.deb $(BUILD)/tests/peers/receiver

IMAGE  ?= dropfeed:$(VERSION)
ENGINE ?= $(firstword $(foreach e,podman docker buildah,$(if $(shell command -v $(e)),$(e))))
image: ## make the image of cron/Containerfile: IMAGE=name:tag ENGINE=podman|docker|buildah
	@[ -n "$(ENGINE)" ] || { echo 'No podman, docker or buildah is here; `make image-test` runs the steps without one.' >&2; exit 1; }
	@cron/export $(BUILD)/image
	$(ENGINE) build --file $(BUILD)/image/cron/Containerfile --tag $(IMAGE) $(BUILD)/image

image-test: test-deps boot-deps ## build cron/Containerfile, with podman where it is, and run what comes of it; needs root
	@tests/deps engine || true
	@$(MAKE) --no-print-directory -s $(BUILD)/tests/peers/receiver
	@nice tests/package/image $(BUILD)/tests/peers/receiver

cronjob-test: deps ## cron/kubernetes*.yaml against the types and schemas of Kubernetes' API, from npm
	@$(MAKE) --no-print-directory -s $(PARALLEL) $(BUILD)/dropfeed
	@npm install --silent --no-fund --no-audit --prefix $(BUILD)/node kubernetes-models@5.1.0 yaml@2.9.1 typescript@5.9.3
	@BUILD=$(abspath $(BUILD)) tests/package/cronjob $(BUILD)/node

boot-deps:
	@tests/deps boot

deb-deps:
	@tests/deps build deb lintian

uninstall: ## remove what install put there
	rm -f $(BIN)/dropfeed $(MAN)/man1/dropfeed.1 $(MAN)/man5/dropfeed.conf.5 $(MAN)/man5/dropfeed.manifest.5 $(MAN)/man7/dropfeed-braze.7 $(BASH_COMPLETIONS)/dropfeed $(ZSH_COMPLETIONS)/_dropfeed $(FISH_COMPLETIONS)/dropfeed.fish
	rm -rf $(DOC)

clean: ## remove what was built
	rm -rf $(BUILD) build-asan build-tsan build-fuzz

help: ## this list
	@echo 'make [BUILD=dir] [CC=clang] [WERROR=1] [SANITIZE=address,undefined] TARGET'
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='|' read -r name what; do printf '  %-10s %s\n' "$$name" "$$what"; done

-include $(shell find $(BUILD) \( -path $(BUILD)/deb -o -path $(BUILD)/image -o -path $(BUILD)/node \) -prune -o -name '*.d' -type f -print 2>/dev/null)
