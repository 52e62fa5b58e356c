# SPDX-License-Identifier: GPL-2.0 OR MIT
#
# The numeric kernels: which files, and what each is compiled with. Read through sources.mk by
# silicon.mk and by the kernel module's Makefile; file names are relative to the silicon folder.
#
# SILICON_FLOAT_FILES are those that hold floating point: in the kernel they also need CC_FLAGS_FPU
# (in UML -msse -msse2 -mpreferred-stack-boundary=4), and the compiler's own headers
# (-isystem $(shell $(CC) -print-file-name=include)) for the vector instructions.
SILICON_FLOAT_FILES := kernels/generic kernels/scalar kernels/scalar_functions kernels/scalar_integer \
	kernels/scalar_kernels kernels/avx2 kernels/avx512
SILICON_KERNEL_FILES := kernels/select kernels/supports kernels/cost $(SILICON_FLOAT_FILES)

# Results must not depend on what a compiler contracts, nor on errno; operands alias SBUF's bytes.
SILICON_FLOAT_CFLAGS := -O2 -ffp-contract=off -fno-math-errno -fno-strict-aliasing
$(foreach file,$(SILICON_FLOAT_FILES),$(eval SILICON_CFLAGS_$(file) := $(SILICON_FLOAT_CFLAGS)))
# Vectors wider than the host has are passed between inlined functions only.
SILICON_CFLAGS_kernels/generic += -Wno-psabi
SILICON_CFLAGS_kernels/avx2 += -mavx2 -mfma
SILICON_CFLAGS_kernels/avx512 += -mavx2 -mfma -mbmi2 -mavx512f -mavx512bw -mavx512vl -mavx512dq \
	-mavx512bf16 -mprefer-vector-width=512
