# SPDX-License-Identifier: MIT
#
# Tests of the compiler: $(O)/tests/unit/compiler_X_test from compiler_X_test.c.

COMPILER_UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/compiler_*_test.c))
COMPILER_TEST_OBJECTS := $(O)/obj/tests/unit/compiler_model.o $(O)/obj/tests/conformance/test_case.o \
	$(O)/libpumori-compiler.a

define compiler_unit_test
$(call program,$(O)/tests/unit/$(1),$(O)/obj/tests/unit/$(1).o $(COMPILER_TEST_OBJECTS),\
	$(COMPILER_TEST_LDFLAGS_$(1)) $(COMPILER_LIBRARIES) -lcmocka)
$(O)/obj/tests/unit/$(1).o: private EXTRA_CFLAGS += -Itools/compiler
$(O)/obj/tests/unit/$(1).o: | $(O)/gen/onnx.pb-c.h
CHECK_UNIT += $(O)/tests/unit/$(1)
endef
# Every way of the compiler to memory passes a test hook.
COMPILER_TEST_LDFLAGS_compiler_memory_test := \
	$(addprefix -Wl$(comma)--wrap=,malloc calloc realloc strdup strndup)

$(foreach test,$(COMPILER_UNIT_TESTS),$(eval $(call compiler_unit_test,$(test))))

$(O)/obj/tests/unit/compiler_model.o: private EXTRA_CFLAGS += -Itools/compiler
$(O)/obj/tests/unit/compiler_model.o $(O)/obj/tests/conformance/test_case.o: | $(O)/gen/onnx.pb-c.h

# compiler_command_test runs the program itself.
CHECK_UNIT_DEPS += $(O)/pumori-cc
