# SPDX-License-Identifier: GPL-2.0
#
# make          programs into build/, the module against the stock kernel
# make demo     two nodes on a booted kernel, step by step
# make test     everything; ends with "N passed, N failed"
#               test-kernels: the module on the oldest kernel and the newest;
#               test-debug: under the kernel's own checkers, and for longer
# make bench    what a message costs, here and on what users have today;
#               bench-quick: the essence of it, in two minutes;
#               bench-apps: small applications, beside plain UDP;
#               bench-dht: the directory, beside four others;
#               bench-dht-quick: less of it, in some minutes
# make lint     what every change must leave clean
# make install  programs, manual pages and header; install-module: the module
#
# KDIR=DIR      a prepared kernel tree to build the module against
# THEMIS_NULL=1 module: build themis_null.ko, which encrypts nothing
# APPS=WORDS    bench-apps: options and names of applications
# DHT=WORDS     bench-dht: options, and whose networks
# V=1           show commands

MAKEFLAGS += --no-builtin-rules

CC	?= gcc
CFLAGS	?= -O2 -g
PKGS	:= libnl-3.0 libnl-genl-3.0 libsodium libev jansson inih

# libev and inih of Debian come without a pkg-config file for one of them.
PKGS_HAVE := $(shell for p in $(PKGS); do pkg-config --exists $$p && echo $$p; done)

WARN	:= -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	   -Wold-style-definition -Wvla -Wno-unused-parameter
CPPFLAGS += -D_GNU_SOURCE -Iinclude/uapi -Itools/lib -Iuserd/core \
	    -Iuserd/dht
CPPFLAGS += $(shell pkg-config --cflags $(PKGS_HAVE) 2>/dev/null)
HARDEN	:= -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
USER_CFLAGS = -std=gnu11 $(CFLAGS) $(HARDEN) $(WARN)
LDFLAGS	+= -pie -Wl,-z,relro,-z,now
LIBS_NL	:= -lnl-genl-3 -lnl-3
LIBS_D	:= $(LIBS_NL) -lsodium -lev -ljansson -linih -lcap-ng -lseccomp \
	   -lcares -llmdb -lyajl
LIBS_T	:= $(LIBS_NL) -lsodium -ljansson

Q	:= $(if $(V),,@)
say	= $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

LIB_SRC	 := $(wildcard tools/lib/*.c) userd/core/id.c
CORE_SRC := $(filter-out userd/core/id.c,$(wildcard userd/core/*.c))
DHT_SRC	 := $(wildcard userd/dht/*.c)
D_SRC	 := $(wildcard userd/*.c)
T_SRC	 := $(wildcard tools/themis/*.c)
BENCH_SRC := $(wildcard tools/bench/*.c)
BENCH_DHT_SRC := $(wildcard tools/bench/dht/*.c)
SIM_SRC	 := $(wildcard tools/sim/*.c)

obj	= $(patsubst %.c,build/obj/%.o,$(1))

all: build/themisd build/themis build/themis-sim module

build/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(USER_CFLAGS) -MMD -MP -c -o $@ $<

build/libafthemis.a: $(call obj,$(LIB_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

build/libthemiscore.a: $(call obj,$(CORE_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

build/libthemisdht.a: $(call obj,$(DHT_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

build/themisd: $(call obj,$(D_SRC)) build/libthemisdht.a \
	       build/libthemiscore.a build/libafthemis.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_D)

build/themis: $(call obj,$(T_SRC)) build/libthemisdht.a \
	      build/libthemiscore.a build/libafthemis.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_T)

build/themis-bench: $(call obj,$(BENCH_SRC)) build/libthemiscore.a \
		build/libafthemis.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_T) -lssl -lcrypto

build/themis-bench-dht: $(call obj,$(BENCH_DHT_SRC)) build/libthemisdht.a \
			build/libthemiscore.a build/libafthemis.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lsodium

# What loads real nodes, ours and a rival's.
DHT_LOAD := tools/bench/dht/sides/load.c

build/bench-dht-themis: $(call obj,tools/bench/dht/sides/themis.c $(DHT_LOAD))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -ljansson -lsodium

build/bench-dht-pipeline: $(call obj,tools/bench/dht/sides/pipeline.c \
			  $(DHT_LOAD))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lsodium

# The daemon for themis_null.ko.
build/themisd-null: $(call obj,$(D_SRC) tools/bench/dht/sides/null.c) \
		    build/libthemisdht.a build/libthemiscore.a \
		    build/libafthemis.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -Wl,--wrap=themis_nl_key_new -o $@ $^ $(LIBS_D)

build/bench-dht-opendht: $(call obj,tools/bench/dht/sides/opendht.c $(DHT_LOAD))
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lopendht-c -pthread

# The directory's own code among many nodes on a virtual clock.
build/themis-sim: $(call obj,$(SIM_SRC)) build/libthemisdht.a \
		  build/libthemiscore.a build/libafthemis.a
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lsodium -lm

# The module. It is built in a copy of the few files that it is made of, one
# copy per kernel, so that trees for several kernels can live side by side.
KDIR	?= $(shell tools/vm/kernel stock --print kdir)
KREL	= $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
		$(KDIR)/include/generated/utsrelease.h 2>/dev/null)
KMODDIR	= $(CURDIR)/build/kmod-$(KREL)$(if $(THEMIS_NULL),-null)

module:
	$(Q)if [ -z '$(KREL)' ]; then \
		echo 'Error: "$(KDIR)" is no prepared kernel tree. Set KDIR=DIR.' >&2; \
		exit 1; fi
	$(call say,KMOD,$(KREL))
	$(Q)mkdir -p '$(KMODDIR)/include/uapi/linux' '$(KMODDIR)/kmod'
	$(Q)cp -pu Kbuild '$(KMODDIR)/'
	$(Q)cp -pu kmod/* '$(KMODDIR)/kmod/'
	$(Q)cp -pu include/uapi/linux/themis.h '$(KMODDIR)/include/uapi/linux/'
	$(Q)$(MAKE) $(if $(V),,-s) -C '$(KDIR)' M='$(KMODDIR)' $(KFLAGS) modules

# Bare AEAD calls to compare with: tools/bench loads it beside themis.ko.
bench-module:
	$(call say,KMOD,bench)
	$(Q)mkdir -p '$(KMODDIR)/bench'
	$(Q)cp -pu tools/bench/kmod/* '$(KMODDIR)/bench/'
	$(Q)$(MAKE) $(if $(V),,-s) -C '$(KDIR)' M='$(KMODDIR)/bench' modules

# Everything below installs what it needs: it is what a newcomer types first.
deps-%:
	$(Q)tools/deps $*

selftests: all
	$(Q)$(MAKE) -s -C selftests

demo: deps-build deps-vm
	$(Q)$(MAKE) -s all
	$(Q)tools/demo

test: deps-build deps-vm deps-bench deps-test
	$(Q)$(MAKE) -s all selftests
	$(Q)selftests/run

test-kernels test-debug: deps-build deps-vm
	$(Q)$(MAKE) -s all selftests
	$(Q)selftests/run $(SUITES_$@)

SUITES_test-kernels := build kernel system doc kernel@newest system@newest \
	doc@newest
SUITES_test-debug := kernel@debug system@debug doc@debug kernel@race

bench bench-quick: deps-build deps-vm deps-bench
	$(Q)$(MAKE) -s all build/themis-bench bench-module
	$(if $(filter bench,$@),$(Q)$(MAKE) -s THEMIS_NULL=1 module)
	$(Q)tools/bench/run $(if $(filter bench-quick,$@),--quick)

bench-apps: deps-build deps-vm deps-bench
	$(Q)$(MAKE) -s all build/themis-bench bench-module
	$(Q)tools/apps/run $(APPS)

bench-dht bench-dht-quick: deps-build deps-vm deps-bench deps-rivals
	$(Q)command -v npm >/dev/null || tools/deps npm
	$(Q)$(MAKE) -s all build/themis-bench-dht build/bench-dht-themis \
		build/bench-dht-pipeline build/bench-dht-opendht \
		build/themis-bench build/themisd-null
	$(Q)$(MAKE) -s THEMIS_NULL=1 module
	$(Q)tools/bench/dht/run $(if $(filter %-quick,$@),--quick) $(DHT)

lint:
	$(Q)tools/lint

print-flags:
	@echo $(CPPFLAGS) -std=gnu11

PREFIX	?= /usr/local
KVER	?= $(shell uname -r)

install: build/themisd build/themis
	install -D -m 755 build/themis $(DESTDIR)$(PREFIX)/sbin/themis
	install -D -m 755 build/themisd $(DESTDIR)$(PREFIX)/sbin/themisd
	install -D -m 644 include/uapi/linux/themis.h \
		$(DESTDIR)$(PREFIX)/include/linux/themis.h
	for page in Documentation/man/*; do \
		install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man$${page##*.} \
			$$page || exit; \
	done
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/local/|$(PREFIX)/|' userd/systemd/themisd.service \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/themisd.service
	install -D -m 644 userd/systemd/themisd.sysusers \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/themisd.conf
	install -D -m 644 userd/systemd/themisd.tmpfiles \
		$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/themisd.conf
	install -D -m 644 tools/themis/completion \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/themis

install-module:
	$(MAKE) module KDIR=/lib/modules/$(KVER)/build
	install -D -m 644 build/kmod-$(KVER)/themis.ko \
		$(DESTDIR)/lib/modules/$(KVER)/extra/themis.ko
	$(if $(DESTDIR),,depmod $(KVER))

clean:
	rm -rf build

-include $(shell find build/obj -name '*.d' 2>/dev/null)

.PHONY: all module selftests demo test test-kernels test-debug bench bench-quick bench-apps \
	bench-dht bench-dht-quick bench-module lint \
	print-flags install install-module clean
