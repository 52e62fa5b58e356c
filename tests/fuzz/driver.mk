# SPDX-License-Identifier: MIT
#
# The driver's ioctls: $(O)/tests/fuzz/ioctl, run in a virtual machine by tests/vm/check-uml.

IOCTL_FUZZER := $(O)/tests/fuzz/ioctl
$(eval $(call program,$(IOCTL_FUZZER),$(O)/obj/tests/fuzz/ioctl.o \
	$(patsubst %,$(O)/obj/tests/vm/driver/%.o,programs session tap),-pthread))
$(O)/obj/tests/fuzz/ioctl.o: private EXTRA_CFLAGS += $(shell pkg-config --cflags libdrm 2> /dev/null)
CHECK_VM_DEPS += $(IOCTL_FUZZER)
