# SPDX-License-Identifier: MIT
#
# pumori, the one tool. Everything but main() lies in an archive that its tests link, too.

CLI_OBJECTS := $(patsubst %.c,$(O)/obj/%.o,$(filter-out tools/cli/main.c,$(wildcard tools/cli/*.c)))
OCR_OBJECTS := $(patsubst %.c,$(O)/obj/%.o,$(wildcard tools/cli/ocr/*.c))
CLI_LIBS := $(shell pkg-config --libs json-c ncurses 2> /dev/null) -lpng -lm -lpthread

$(CLI_OBJECTS): private EXTRA_CFLAGS += -D_GNU_SOURCE $(shell pkg-config --cflags json-c ncurses 2> /dev/null) -Iruntime/src

# The model of the self test is compiled by the compiler of this tree and goes into the tool.
$(eval $(call program,$(O)/gen/selftest/compile,$(O)/obj/tools/cli/selftest/compile.o $(O)/libpumori-compiler.a,\
	$(COMPILER_LIBRARIES)))
$(O)/obj/tools/cli/selftest/compile.o: private EXTRA_CFLAGS += -Itools/compiler
$(O)/gen/selftest/selftest.pex: $(O)/gen/selftest/compile
	$(call say,PEX,$@)
	$(Q)$< $@
$(O)/obj/tools/cli/selftest/image.o: tools/cli/selftest/image.S $(O)/gen/selftest/selftest.pex
	@mkdir -p $(@D)
	$(call say,AS,$@)
	$(Q)$(CC) -I$(O)/gen/selftest -c -o $@ $<

# The checksum is the runtime's own; the library does not export it.
$(O)/libcli.a: $(CLI_OBJECTS) $(O)/obj/tools/cli/selftest/image.o $(O)/obj/runtime/src/checksum.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# PNG to tensor, probabilities to text; the demo program links it, too.
$(O)/libocr.a: $(OCR_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# The library is found beside the tool in the build folder, and where `make install` puts both.
$(eval $(call program,$(O)/pumori,$(O)/obj/tools/cli/main.o $(O)/libcli.a $(O)/libocr.a $(O)/libpumori.so.1,\
	-Wl$(comma)-rpath$(comma)'$$$$ORIGIN:$$$$ORIGIN/../lib' $(CLI_LIBS)))

ALL += $(O)/pumori

# Manual pages. That of the tool lists the others with what their second line of NAME says.
MAN_PAGES := $(patsubst Documentation/man/%.scd,$(O)/man/%,$(wildcard Documentation/man/*.scd))
MAN_COMMANDS := $(filter-out Documentation/man/pumori.1.scd Documentation/man/pumori-cc.1.scd,\
	$(wildcard Documentation/man/pumori-*.1.scd))

$(O)/man/%: Documentation/man/%.scd
	@mkdir -p $(@D)
	$(call say,MAN,$@)
	$(Q)scdoc < $< > $@

$(O)/man/pumori.1: Documentation/man/pumori.1.scd tools/cli/list-commands $(MAN_COMMANDS)
	@mkdir -p $(@D)
	$(call say,MAN,$@)
	$(Q)tools/cli/list-commands $< $(MAN_COMMANDS) | scdoc > $@

ALL += $(MAN_PAGES)

# The tests of the whole tool run next to the models they need.
CLI_TEST := $(O)/tests/cli
$(CLI_TEST)/commands: tests/cli/commands
	$(Q)install -D $< $@

$(eval $(call program,$(CLI_TEST)/json,$(O)/obj/tests/cli/json.o,$(CLI_LIBS)))
$(eval $(call program,$(CLI_TEST)/trace,$(O)/obj/tests/cli/trace.o,$(CLI_LIBS)))
$(eval $(call program,$(CLI_TEST)/make_models,$(O)/obj/tests/cli/make_models.o $(O)/obj/tests/unit/executable_builder.o \
	$(O)/obj/tests/unit/program_builder.o $(O)/libpumori.a,$(RUNTIME_LIBRARIES) -lpng -lm))

$(CLI_TEST)/screen: tests/cli/screen
	$(Q)install -D $< $@

$(CLI_TEST)/machine: tests/cli/machine
	$(Q)install -D $< $@

CHECK_UNIT += $(CLI_TEST)/commands $(CLI_TEST)/screen
CHECK_UNIT_DEPS += $(CLI_TEST)/machine $(CLI_TEST)/trace $(CLI_TEST)/json $(CLI_TEST)/make_models $(O)/pumori

CHECK_GATES += tests/cli/install
CHECK_GATES_DEPS += $(CLI_TEST)/make_models
CHECK_VM_DEPS += $(CLI_TEST)/json $(CLI_TEST)/make_models
