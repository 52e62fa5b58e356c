# SPDX-License-Identifier: MIT
#
# Host cost of single instructions: make bench-isa [SET=avx512] [NAME=window]

BENCH_ISA := $(O)/tests/bench/isa
$(eval $(call program,$(BENCH_ISA),$(O)/obj/tests/bench/isa.o $(KERNEL_TEST_OBJECTS),-lm))

# What an instruction costs beside its arithmetic, and weights that are read in place.
BENCH_SEQUENCER := $(O)/tests/bench/sequencer
$(eval $(call program,$(BENCH_SEQUENCER),$(O)/obj/tests/bench/sequencer.o $(CHIP_RIG_OBJECTS) $(SILICON_OBJECTS)))

.PHONY: bench-isa
bench-isa: $(BENCH_ISA) $(BENCH_SEQUENCER)
	@$(BENCH_ISA) $(SET) $(NAME)
	@$(if $(SET)$(NAME),,$(BENCH_SEQUENCER))
