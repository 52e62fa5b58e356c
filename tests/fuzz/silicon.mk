# SPDX-License-Identifier: MIT
#
# The chip's decoder and sequencer: $(O)/tests/fuzz/program from program.c.

$(eval $(call fuzzer,$(O)/tests/fuzz/program,$(O)/obj/tests/fuzz/program.o $(CHIP_RIG_OBJECTS) $(SILICON_OBJECTS),))
FUZZERS += $(O)/tests/fuzz/program
