# SPDX-License-Identifier: GPL-2.0 OR MIT
#
# The chip's files, without suffix and relative to this folder: read by silicon.mk for user space and
# by the module's Makefile. kernels/kernels.mk adds the numeric kernels: SILICON_KERNEL_FILES, and
# for each file X that needs them the compiler flags SILICON_CFLAGS_X.

SILICON_FILES := calibrate compute control core decode decode_compute decode_dma decode_operand device \
	dma inject inplace mmu program queue runlist save sequencer slot trace

SILICON_KERNEL_FILES :=
-include $(dir $(lastword $(MAKEFILE_LIST)))kernels/kernels.mk
SILICON_FILES += $(SILICON_KERNEL_FILES)
