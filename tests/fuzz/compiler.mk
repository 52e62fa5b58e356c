# SPDX-License-Identifier: MIT
#
# What the compiler reads: $(O)/tests/fuzz/onnx from onnx.c.

$(eval $(call fuzzer,$(O)/tests/fuzz/onnx,$(O)/obj/tests/fuzz/onnx.o $(O)/libpumori-compiler.a,$(COMPILER_LIBRARIES)))
FUZZERS += $(O)/tests/fuzz/onnx
