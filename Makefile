# SPDX-License-Identifier: MIT
#
# The one entry. Non-recursive: every folder that builds something has one
# fragment NAME.mk, included below, which appends to these lists:
#
#   ALL          what `make` builds
#   CHECK_UNIT   test programs; run in a plain build and under ASan and UBSan
#   CHECK_GATES, CHECK_KUNIT, CHECK_VM, CHECK_CONFORMANCE
#                test programs or scripts of the suite of that name
#   FUZZERS      libFuzzer programs (built with clang, run by check-fuzz)
#   BENCHES      programs or scripts run by `make bench`
#   CHECK_*_DEPS what a suite needs built but does not run
#
# Objects:   $(O)/obj/PATH.o from PATH.c, $(O)/obj/gen/PATH.o from the generated $(O)/gen/PATH.c
# One object's flags: target-specific and private, e.g.
#   $(O)/obj/a/b.o: private EXTRA_CFLAGS += -mavx2 -mfma
# Programs:  $(eval $(call program,OUTPUT,OBJECTS AND ARCHIVES,LIBRARIES))
# Fuzzers:   $(eval $(call fuzzer,OUTPUT,OBJECTS AND ARCHIVES,LIBRARIES))

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

O ?= build
# Test scripts find what was built by it.
export O
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
VERSION := 0.1.0
comma := ,
# Used where a sub-make must write outside a sanitizer folder.
TOP_O := $(O)

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin AR),default)
AR := ar
endif
CLANG ?= clang
CFLAGS ?= -O2 -g

# SANITIZE=address,undefined (or thread, or fuzzer) builds the same things in a folder of their own.
SANITIZE ?=
ifneq ($(SANITIZE),)
override O := $(O)/$(subst $(comma),-,$(SANITIZE))
ifeq ($(SANITIZE),fuzzer)
override CC := $(CLANG)
SANITIZE_CFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE_LDFLAGS := -fsanitize=address,undefined
else
SANITIZE_CFLAGS := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
SANITIZE_LDFLAGS := -fsanitize=$(SANITIZE)
endif
endif

# -ffp-contract=off: results must not depend on what a compiler fuses; kernels ask for FMA by name.
COMMON_CFLAGS := -std=gnu11 -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	-ffp-contract=off -fPIC -fvisibility=hidden -Iuapi -Iruntime/include -I$(O)/gen \
	-DPUMORI_VERSION='"$(VERSION)"' $(SANITIZE_CFLAGS)
ALL_LDFLAGS = $(SANITIZE_LDFLAGS) $(LDFLAGS)

V ?= 0
ifeq ($(V),0)
Q := @
say = @printf '  %-8s %s\n' '$(1)' '$(2)'
else
Q :=
say = @:
endif

define program
$(1): $(2)
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o %.a %.so %.so.1,$$^) $(3)
endef

define fuzzer
$(1): $(2)
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$$(Q)$$(CC) -fsanitize=fuzzer $$(ALL_LDFLAGS) -o $$@ $$(filter %.o %.a,$$^) $(3)
endef

ALL :=
CHECK_UNIT :=
CHECK_GATES :=
CHECK_KUNIT :=
CHECK_VM :=
CHECK_CONFORMANCE :=
FUZZERS :=
BENCHES :=
BENCHES_DEPS :=

.PHONY: all FORCE
all:
FORCE:

FRAGMENTS := drivers/accel/pumori/silicon/silicon.mk runtime/runtime.mk \
	tools/compiler/compiler.mk tools/cli/cli.mk tools/setup/setup.mk \
	tests/golden/golden.mk tests/unit/unit.mk tests/vm/vm.mk tests/demo/demo.mk tests/conformance/conformance.mk \
	tests/fuzz/fuzz.mk tests/bench/bench.mk tests/gates/gates.mk
include $(wildcard $(FRAGMENTS))

all: $(ALL)

# Objects are rebuilt when the flags change, not only when a file does.
# MUTATE is left out: tests/gates/mutations switches a check off in the one object that has it.
FLAGS_LINE = $(CC) $(CFLAGS) $(subst $(O)/,,$(COMMON_CFLAGS)) $(CPPFLAGS)
$(O)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(FLAGS_LINE))' | cmp -s - $@ || echo '$(subst ','\'',$(FLAGS_LINE))' > $@

$(O)/obj/%.o: %.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(COMMON_CFLAGS) $(EXTRA_CFLAGS) $(MUTATE) -MMD -MP -c -o $@ $<

$(O)/obj/gen/%.o: $(O)/gen/%.c $(O)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(COMMON_CFLAGS) $(EXTRA_CFLAGS) $(MUTATE) -MMD -MP -c -o $@ $<

include $(shell find $(O)/obj -name '*.d' 2>/dev/null)

# --- tests -----------------------------------------------------------------

SUITES := unit gates kunit vm conformance fuzz
RUN_SUITE := tests/run-suite -o $(O)/check

.PHONY: check $(SUITES:%=check-%) check-unit-plain check-unit-sanitized fuzzers
check:
	@tools/setup/install
	@tests/run-check $(O)/check '$(MAKE)' $(SUITES)

# The plain and the sanitizer build are two runs of one list.
check-unit:
	@tests/run-check $(O)/check '$(MAKE)' unit-plain unit-sanitized

check-unit-plain: $(CHECK_UNIT) $(CHECK_UNIT_DEPS)
	@$(RUN_SUITE) unit-plain $(CHECK_UNIT)

ifeq ($(SANITIZE),)
check-unit-sanitized:
	@$(MAKE) --no-print-directory SANITIZE=address,undefined check-unit-sanitized
else
check-unit-sanitized: $(CHECK_UNIT) $(CHECK_UNIT_DEPS)
	@tests/run-suite -o $(TOP_O)/check unit-sanitized $(CHECK_UNIT)
endif

check-gates: $(CHECK_GATES) $(CHECK_GATES_DEPS)
	@$(RUN_SUITE) gates $(CHECK_GATES)

check-kunit: $(CHECK_KUNIT) $(CHECK_KUNIT_DEPS)
	@$(RUN_SUITE) kunit $(CHECK_KUNIT)

check-vm: $(CHECK_VM) $(CHECK_VM_DEPS)
	@$(RUN_SUITE) vm $(CHECK_VM)

check-conformance: $(CHECK_CONFORMANCE) $(CHECK_CONFORMANCE_DEPS)
	@$(RUN_SUITE) conformance $(CHECK_CONFORMANCE)

# FUZZ_SECONDS is the time a fuzzer runs; a corpus folder tests/fuzz/corpus/NAME is its seed.
FUZZ_SECONDS ?= 15
ifeq ($(SANITIZE),)
check-fuzz:
	@$(MAKE) --no-print-directory SANITIZE=fuzzer check-fuzz
else
fuzzers: $(FUZZERS)
check-fuzz: $(FUZZERS) $(CHECK_FUZZ_DEPS)
	@tests/run-suite -o $(TOP_O)/check fuzz $(foreach f,$(FUZZERS),'tests/run-fuzzer $(f) $(FUZZ_SECONDS) $(O)/corpus')
endif

.PHONY: bench
bench: all $(BENCHES) $(BENCHES_DEPS)
	@set -e; for bench in $(BENCHES); do $$bench; done

# --- install, help, clean --------------------------------------------------

.PHONY: install help clean
install: all
	install -D -m 755 $(O)/pumori $(DESTDIR)$(PREFIX)/bin/pumori
	install -D -m 755 $(O)/pumori-cc $(DESTDIR)$(PREFIX)/bin/pumori-cc
	install -D -m 755 $(O)/libpumori.so.1 $(DESTDIR)$(LIBDIR)/libpumori.so.1
	ln -sf libpumori.so.1 $(DESTDIR)$(LIBDIR)/libpumori.so
	install -D -m 644 $(O)/libpumori.a $(DESTDIR)$(LIBDIR)/libpumori.a
	install -d $(DESTDIR)$(PREFIX)/include
	cd runtime/include && find . -name '*.h' -exec install -D -m 644 {} $(abspath $(DESTDIR)$(PREFIX))/include/{} \;
	cd uapi && find . -name '*.h' -exec install -D -m 644 {} $(abspath $(DESTDIR)$(PREFIX))/include/{} \;
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig
	sed -e 's|@prefix@|$(PREFIX)|' -e 's|@libdir@|$(LIBDIR)|' -e 's|@version@|$(VERSION)|' \
		tools/setup/pumori.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/pumori.pc
	install -D -m 644 tools/setup/60-pumori.rules $(DESTDIR)$(PREFIX)/lib/udev/rules.d/60-pumori.rules
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(O)/pumori completion > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/pumori
	for page in $(MAN_PAGES); do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man1/$$(basename $$page) || exit 1; done

help:
	@sed 1d tools/setup/help.txt

clean:
	rm -rf build/
