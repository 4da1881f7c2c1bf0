# dropfeed - see README.md; `make help` lists the targets
#
#   make [BUILD=dir] [CC=clang] [WERROR=1] [SANITIZE=address,undefined]

VERSION  := 0.1.0
BUILD    ?= build
PREFIX   ?= /usr/local
CC       ?= cc
CSTD     := -std=c17
WARN     := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wformat=2 -Wundef
OPT      ?= -O2 -g
HARDEN   := -fPIE -fstack-protector-strong -fstack-clash-protection
LDHARDEN := -pie -Wl,-z,relro,-z,now
ifdef SANITIZE
  OPT    := -O1 -g -fno-omit-frame-pointer -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined
  LDHARDEN += -fsanitize=$(SANITIZE)
else
  HARDEN += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif
ifdef WERROR
  WARN   += -Werror
endif

LIBS_PKG := libssh2 gpgme libzip zlib libcurl sqlite3 json-c libcrypto uuid
LIBS      = $(shell pkg-config --libs $(LIBS_PKG)) -lcsv -linih -lpthread
PKGFLAGS := $(shell pkg-config --cflags $(LIBS_PKG) 2>/dev/null | sed 's/-I/-isystem /g')
CPPFLAGS += -Iinclude -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DDROPFEED_VERSION='"$(VERSION)"' $(PKGFLAGS)
ALLFLAGS  = $(CSTD) $(WARN) $(OPT) $(HARDEN) $(CPPFLAGS) $(CFLAGS)

SRC      := $(filter-out src/main.c,$(wildcard src/*/*.c))
OBJ      := $(SRC:%.c=$(BUILD)/%.o)
LIB      := $(BUILD)/libdropfeed.a
UNIT     := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
HELPERS  := $(wildcard tests/unit/helper_*.c)
PEERS    := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/peers/*.c))

.PHONY: all deps test-deps demo test unit e2e bench lint format asan valgrind install uninstall clean help
.SECONDARY:
.DELETE_ON_ERROR:

all: $(BUILD)/dropfeed

$(BUILD)/dropfeed: $(BUILD)/src/main.o $(LIB)
	$(CC) $(OPT) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALLFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(HELPERS:%.c=$(BUILD)/%.o) $(LIB)
	$(CC) $(OPT) $(LDHARDEN) $(LDFLAGS) -o $@ $^ $(LIBS) -lcunit

$(BUILD)/tests/peers/%: $(BUILD)/tests/peers/%.o
	$(CC) $(OPT) $(LDHARDEN) $(LDFLAGS) -o $@ $^ -lmicrohttpd -ljson-c -lpthread

unit: $(UNIT) $(PEERS) $(BUILD)/dropfeed
	BUILD=$(abspath $(BUILD)) tests/run-unit $(UNIT)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
