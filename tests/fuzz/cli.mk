# SPDX-License-Identifier: MIT
#
# What the command line tool reads from files: $(O)/tests/fuzz/X from X.c.

CLI_FUZZERS := assembler npy objdump profile

define cli_fuzzer
$(call fuzzer,$(O)/tests/fuzz/$(1),$(O)/obj/tests/fuzz/$(1).o $(O)/libcli.a $(O)/libocr.a $(O)/libpumori.a,$(CLI_LIBS) $(RUNTIME_LIBRARIES))
$(O)/obj/tests/fuzz/$(1).o: private EXTRA_CFLAGS += -D_GNU_SOURCE -Itools/cli
FUZZERS += $(O)/tests/fuzz/$(1)
endef
$(foreach name,$(CLI_FUZZERS),$(eval $(call cli_fuzzer,$(name))))
