# SPDX-License-Identifier: MIT
#
# Tests of the chip's numeric kernels against the oracle: $(O)/tests/unit/silicon_kernels_X_test.

KERNEL_TEST_OBJECTS := $(patsubst %,$(O)/obj/tests/unit/%.o,kernels_rig oracle oracle_math oracle_narrow) \
	$(SILICON_KERNEL_FILES:%=$(O)/obj/drivers/accel/pumori/silicon/%.o)

define kernel_unit_test
$(call program,$(O)/tests/unit/silicon_kernels_$(1)_test,$(O)/obj/tests/unit/silicon_kernels_$(1)_test.o $(KERNEL_TEST_OBJECTS),-lcmocka -lm)
CHECK_UNIT += $(O)/tests/unit/silicon_kernels_$(1)_test
endef
$(foreach test,random tensor functions convert chance,$(eval $(call kernel_unit_test,$(test))))
