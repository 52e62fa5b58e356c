# SPDX-License-Identifier: MIT
#
# Unit tests: every owner has a fragment of its own here.

include $(filter-out tests/unit/unit.mk,$(sort $(wildcard tests/unit/*.mk)))
