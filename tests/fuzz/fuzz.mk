# SPDX-License-Identifier: MIT
#
# libFuzzer targets: every owner has a fragment of its own here.

include $(filter-out tests/fuzz/fuzz.mk,$(sort $(wildcard tests/fuzz/*.mk)))
