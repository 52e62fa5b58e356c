# SPDX-License-Identifier: MIT
#
# Tests of the compiler's back end: compiled graphs run on the chip in process.

BACKEND_TEST_OBJECTS := $(O)/obj/tests/unit/backend_bench.o $(O)/libpumori-compiler.a $(O)/libpumori.a

define backend_unit_test
$(call program,$(O)/tests/unit/backend_$(1)_test,$(O)/obj/tests/unit/backend_$(1)_test.o $(BACKEND_TEST_OBJECTS),$(COMPILER_LIBRARIES) $(RUNTIME_LIBRARIES) -lcmocka)
CHECK_UNIT += $(O)/tests/unit/backend_$(1)_test
endef
$(foreach test,differential half integer order state,$(eval $(call backend_unit_test,$(test))))
