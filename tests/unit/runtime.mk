# SPDX-License-Identifier: MIT
#
# Tests of the runtime: $(O)/tests/unit/runtime_X_test from runtime_X_test.c, with the static library, so that they
# see its parts and can make its allocations fail.

RUNTIME_UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/runtime_*_test.c))
RUNTIME_TEST_FILES := $(RUNTIME_UNIT_TESTS) executable_builder
RUNTIME_TEST_OBJECTS := $(O)/obj/tests/unit/executable_builder.o $(O)/obj/tests/unit/program_builder.o \
	$(O)/libpumori.a

define runtime_unit_test
$(call program,$(O)/tests/unit/$(1),$(O)/obj/tests/unit/$(1).o $(RUNTIME_TEST_OBJECTS_$(1)) $(RUNTIME_TEST_OBJECTS),\
	$(RUNTIME_TEST_LDFLAGS_$(1)) $(RUNTIME_LIBRARIES) -lcmocka -lm)
CHECK_UNIT += $(O)/tests/unit/$(1)
endef

# Every way of the library to memory passes a test hook.
comma_wrap := -Wl$(comma)--wrap=
RUNTIME_TEST_LDFLAGS_runtime_allocation_test := \
	$(addprefix $(comma_wrap),malloc calloc realloc aligned_alloc mmap pthread_create)

RUNTIME_TEST_OBJECTS_runtime_example_test := $(O)/obj/gen/tests/unit/runtime_example.o

$(foreach test,$(RUNTIME_UNIT_TESTS),$(eval $(call runtime_unit_test,$(test))))
$(RUNTIME_TEST_FILES:%=$(O)/obj/tests/unit/%.o): private EXTRA_CFLAGS += $(RUNTIME_CFLAGS) -Iruntime/src

# The program in the documentation is compiled as it stands there.
$(O)/gen/tests/unit/runtime_example.c: Documentation/runtime.md
	@mkdir -p $(@D)
	$(Q)sed -n '/^```c$$/,/^```$$/p' $< | grep -v '^```' > $@
$(O)/obj/gen/tests/unit/runtime_example.o: private EXTRA_CFLAGS += -Dmain=example_main -Wno-missing-prototypes

# These run on the driver, too: tests/vm/suite/runtime.sh.
CHECK_VM_DEPS += $(patsubst %,$(O)/tests/unit/runtime_%_test,run api thread)
