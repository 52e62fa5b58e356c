# SPDX-License-Identifier: MIT
#
# Rules that keep the project honest; see the scripts.

$(O)/tests/gates/record_open.so: $(O)/obj/tests/gates/record_open.o
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -shared $(ALL_LDFLAGS) -o $@ $^ -ldl

CHECK_GATES += tests/gates/runner tests/gates/sources tests/gates/silicon tests/gates/libraries tests/gates/compiler-inputs \
	tests/gates/mutations tests/gates/headers tests/gates/syzlang
CHECK_GATES_DEPS += all $(O)/tests/unit/silicon_memory_test $(O)/tests/gates/record_open.so $(CLS_ONNX)

# checkpatch, sparse and kernel-doc; needs a test kernel's scripts.
.PHONY: check-style
check-style:
	@$(RUN_SUITE) style tests/gates/kernel-style
