# SPDX-License-Identifier: MIT
#
# The driver in virtual machines, and the module for the stock kernel.

.PHONY: modules
modules:
	@headers=$$(tools/setup/kernel headers) && version=$$(tools/setup/kernel version) && \
	tests/vm/build-modules "$$headers" $(abspath $(O))/modules-$$version && \
	ln -sfn modules-$$version $(O)/modules && \
	echo "$(O)/modules/drivers/accel/pumori/pumori.ko for $$version"

DRIVER_TEST := $(O)/tests/vm/driver-test
DRIVER_TEST_OBJECTS := $(patsubst %.c,$(O)/obj/%.o,$(wildcard tests/vm/driver/*.c))
$(DRIVER_TEST_OBJECTS): private EXTRA_CFLAGS += $(shell pkg-config --cflags libdrm 2> /dev/null)
$(eval $(call program,$(DRIVER_TEST),$(DRIVER_TEST_OBJECTS),))

HOSTILE_TEST := $(O)/tests/vm/hostile-test
HOSTILE_TEST_OBJECTS := $(patsubst %.c,$(O)/obj/%.o,$(wildcard tests/vm/hostile/*.c)) \
	$(patsubst %,$(O)/obj/tests/vm/driver/%.o,programs session tap test_share)
$(HOSTILE_TEST_OBJECTS): private EXTRA_CFLAGS += $(shell pkg-config --cflags libdrm 2> /dev/null)
$(eval $(call program,$(HOSTILE_TEST),$(HOSTILE_TEST_OBJECTS),-pthread))

NETLINK_TEST := $(O)/tests/vm/netlink-test
NETLINK_TEST_OBJECTS := $(patsubst %.c,$(O)/obj/%.o,$(wildcard tests/vm/netlink/*.c))
$(NETLINK_TEST_OBJECTS): private EXTRA_CFLAGS += $(shell pkg-config --cflags libdrm libnl-genl-3.0 2> /dev/null)
NETLINK_TEST_OBJECTS += $(patsubst %,$(O)/obj/tests/vm/driver/%.o,tap session programs)
$(eval $(call program,$(NETLINK_TEST),$(NETLINK_TEST_OBJECTS),$(shell pkg-config --libs libnl-genl-3.0 2> /dev/null)))

.PHONY: check-next
check-next:
	@$(RUN_SUITE) next tests/vm/check-next

# What a process without privileges can do to others.
.PHONY: check-hostile
check-hostile: vm-kernel-uml-debug $(HOSTILE_TEST) $(O)/tests/fuzz/ioctl
	@$(RUN_SUITE) hostile tests/vm/check-hostile

# Data races; too slow for every check where QEMU emulates.
.PHONY: check-kcsan
check-kcsan:
	@$(RUN_SUITE) kcsan tests/vm/check-kcsan

# Built on first use; a prerequisite of its own, so that its progress is seen.
.PHONY: vm-kernel-uml-debug vm-kernel-uml-plain vm-kernel-x86-debug vm-kernel-stock
vm-kernel-uml-debug vm-kernel-uml-plain vm-kernel-x86-debug: vm-kernel-%:
	@tests/vm/test-kernel $* > /dev/null
vm-kernel-stock:
	@tools/setup/kernel image > /dev/null && tools/setup/kernel headers > /dev/null

CHECK_KUNIT += tests/vm/check-kunit-uml tests/vm/check-splats
CHECK_KUNIT_DEPS += vm-kernel-uml-debug

# The same on several processors with preemption; QEMU emulates them, and the kernel takes its time to build.
.PHONY: check-kunit-qemu
check-kunit-qemu: vm-kernel-x86-debug
	@$(RUN_SUITE) kunit-qemu tests/vm/check-kunit-qemu 'tests/vm/check-splats qemu'

CHECK_VM += tests/vm/check-uml tests/vm/check-uml-plain tests/vm/check-qemu
CHECK_VM_DEPS += vm-kernel-uml-debug vm-kernel-uml-plain vm-kernel-stock all $(DRIVER_TEST) $(HOSTILE_TEST) $(NETLINK_TEST) \
	$(MODEL_EXECUTABLES) $(PRELOAD_EXECUTABLES) $(LINES_STAMP)
