# SPDX-License-Identifier: MIT
#
# Tests of the chip's sequencer: $(O)/tests/unit/silicon_X_test from silicon_X_test.c.

CHIP_RIG_OBJECTS := $(O)/obj/tests/unit/chip_rig.o $(O)/obj/tests/unit/program_builder.o

ORACLE_OBJECTS := $(O)/obj/tests/unit/oracle.o $(O)/obj/tests/unit/oracle_math.o $(O)/obj/tests/unit/oracle_narrow.o

define silicon_unit_test
$(call program,$(O)/tests/unit/silicon_$(1)_test,$(O)/obj/tests/unit/silicon_$(1)_test.o $(CHIP_RIG_OBJECTS) $(ORACLE_OBJECTS) $(SILICON_OBJECTS),-lcmocka -lm -lpthread)
CHECK_UNIT += $(O)/tests/unit/silicon_$(1)_test
endef
$(foreach test,decode device dma inject inplace job memory random save thread,$(eval $(call silicon_unit_test,$(test))))
