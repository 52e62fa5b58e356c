# SPDX-License-Identifier: MIT
#
# The driver in virtual machines, and the module for the stock kernel.

.PHONY: modules
modules:
	@headers=$$(tools/setup/kernel headers) && version=$$(tools/setup/kernel version) && \
	tests/vm/build-modules "$$headers" $(abspath $(O))/modules-$$version && \
	ln -sfn modules-$$version $(O)/modules && \
	echo "$(O)/modules/drivers/accel/pumori/pumori.ko for $$version"
