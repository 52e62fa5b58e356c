# SPDX-License-Identifier: MIT
#
# Tests of the command line tool: $(O)/tests/unit/cli_X_test from cli_X_test.c.

CLI_UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/cli_*_test.c))

define cli_unit_test
$(call program,$(O)/tests/unit/$(1),$(O)/obj/tests/unit/$(1).o $(O)/libcli.a $(O)/libocr.a $(O)/libpumori.so.1,\
	-Wl$(comma)-rpath$(comma)'$$$$ORIGIN/../..' $(CLI_LIBS) -lcmocka)
$(O)/obj/tests/unit/$(1).o: private EXTRA_CFLAGS += -Itools/cli
CHECK_UNIT += $(O)/tests/unit/$(1)
endef
$(foreach test,$(CLI_UNIT_TESTS),$(eval $(call cli_unit_test,$(test))))
