# SPDX-License-Identifier: GPL-2.0 OR MIT
#
# The chip in user space: SILICON_OBJECTS are what libpumori, tests and fuzzers link.

SILICON_FOLDER := drivers/accel/pumori/silicon
include $(SILICON_FOLDER)/sources.mk

SILICON_OBJECTS := $(SILICON_FILES:%=$(O)/obj/$(SILICON_FOLDER)/%.o)

$(foreach file,$(SILICON_FILES),$(if $(SILICON_CFLAGS_$(file)),\
	$(eval $(O)/obj/$(SILICON_FOLDER)/$(file).o: private EXTRA_CFLAGS += $(SILICON_CFLAGS_$(file)))))
