# SPDX-License-Identifier: MIT
#
# Tests of the chip's numeric kernels against the oracle.

KERNEL_TEST_OBJECTS := $(patsubst %,$(O)/obj/tests/unit/%.o,kernels_rig oracle oracle_math) \
	$(SILICON_KERNEL_FILES:%=$(O)/obj/drivers/accel/pumori/silicon/%.o)

$(eval $(call program,$(O)/tests/unit/silicon_kernels_random_test,$(O)/obj/tests/unit/silicon_kernels_random_test.o \
	$(KERNEL_TEST_OBJECTS),-lcmocka -lm))

CHECK_UNIT += $(O)/tests/unit/silicon_kernels_random_test
