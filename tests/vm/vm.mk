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

NETLINK_TEST := $(O)/tests/vm/netlink-test
NETLINK_TEST_OBJECTS := $(patsubst %.c,$(O)/obj/%.o,$(wildcard tests/vm/netlink/*.c))
$(NETLINK_TEST_OBJECTS): private EXTRA_CFLAGS += $(shell pkg-config --cflags libdrm libnl-genl-3.0 2> /dev/null)
NETLINK_TEST_OBJECTS += $(patsubst %,$(O)/obj/tests/vm/driver/%.o,tap session programs)
$(eval $(call program,$(NETLINK_TEST),$(NETLINK_TEST_OBJECTS),$(shell pkg-config --libs libnl-genl-3.0 2> /dev/null)))

.PHONY: check-next
check-next:
	@$(RUN_SUITE) next tests/vm/check-next

# Built on first use; a prerequisite of its own, so that its progress is seen.
.PHONY: vm-kernel-debug vm-kernel-plain vm-kernel-stock
vm-kernel-debug vm-kernel-plain: vm-kernel-%:
	@tests/vm/uml-kernel $* > /dev/null
vm-kernel-stock:
	@tools/setup/kernel image > /dev/null && tools/setup/kernel headers > /dev/null

CHECK_KUNIT += tests/vm/check-kunit
CHECK_KUNIT_DEPS += vm-kernel-debug

CHECK_VM += tests/vm/check-uml tests/vm/check-uml-plain tests/vm/check-qemu
CHECK_VM_DEPS += vm-kernel-debug vm-kernel-plain vm-kernel-stock all $(DRIVER_TEST) $(NETLINK_TEST) $(MODEL_EXECUTABLES) $(PRELOAD_EXECUTABLES) $(LINES_STAMP)
