# SPDX-License-Identifier: MIT
#
# Host cost of single instructions: make bench-isa [SET=avx512] [NAME=window]

BENCH_ISA := $(O)/tests/bench/isa
$(eval $(call program,$(BENCH_ISA),$(O)/obj/tests/bench/isa.o $(KERNEL_TEST_OBJECTS),-lm))

.PHONY: bench-isa
bench-isa: $(BENCH_ISA)
	@$(BENCH_ISA) $(SET) $(NAME)
