# SPDX-License-Identifier: MIT
#
# Comparison with ONNX Runtime. A benchmark, not a test: it fails only on wrong answers.

BENCH_COMPARE := $(O)/tests/bench/compare
$(eval $(call program,$(BENCH_COMPARE),$(O)/obj/tests/bench/compare.o $(O)/obj/tests/bench/onnxruntime.o \
	$(O)/libpumori.so.1,-Wl$(comma)-rpath$(comma)'$$$$ORIGIN/../..' -ldl -lm))

BENCHES += tests/bench/against-onnxruntime
BENCHES_DEPS += $(BENCH_COMPARE) $(MODEL_EXECUTABLES)

include tests/bench/isa.mk tests/bench/submit.mk
