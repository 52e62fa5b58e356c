# SPDX-License-Identifier: GPL-2.0 OR MIT
#
# The chip in user space: SILICON_OBJECTS are what libpumori, tests and fuzzers link.

SILICON_FOLDER := drivers/accel/pumori/silicon
include $(SILICON_FOLDER)/sources.mk

SILICON_OBJECTS := $(SILICON_FILES:%=$(O)/obj/$(SILICON_FOLDER)/%.o)

# Elements of every type lie in SBUF's bytes.
$(foreach file,$(SILICON_FILES),$(eval $(O)/obj/$(SILICON_FOLDER)/$(file).o: \
	private EXTRA_CFLAGS += -fno-strict-aliasing $(SILICON_CFLAGS_$(file))))
