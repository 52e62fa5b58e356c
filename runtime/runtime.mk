# SPDX-License-Identifier: MIT
#
# libpumori: the runtime with the chip inside. RUNTIME_OBJECTS are its own files; programs of this
# tree link $(O)/libpumori.so.1, or $(O)/libpumori.a with RUNTIME_LIBRARIES.

RUNTIME_FILES := checksum device device_drm device_inproc drm_queue dtype error executable executable_check \
	inproc_core inproc_memory inproc_queue model profile profile_ranges queue range run \
	telemetry telemetry_attributes telemetry_fdinfo telemetry_netlink telemetry_query \
	telemetry_sysfs tensor
RUNTIME_OBJECTS := $(RUNTIME_FILES:%=$(O)/obj/runtime/src/%.o)
RUNTIME_LIBRARIES := -lelf -ldrm -lnl-genl-3 -lnl-3 -pthread
RUNTIME_CFLAGS := -D_GNU_SOURCE -pthread -Idrivers/accel/pumori/silicon $(shell pkg-config --cflags libdrm libnl-genl-3.0 2> /dev/null)

$(RUNTIME_OBJECTS): private EXTRA_CFLAGS += $(RUNTIME_CFLAGS)

$(O)/libpumori.so.1: $(RUNTIME_OBJECTS) $(SILICON_OBJECTS) runtime/libpumori.map
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -shared $(ALL_LDFLAGS) -Wl,-soname,libpumori.so.1 -Wl,--version-script=runtime/libpumori.map \
		$(if $(SANITIZE),,-Wl,-z,defs) -Wl,-z,now -o $@ $(filter %.o,$^) $(RUNTIME_LIBRARIES)

$(O)/libpumori.a: $(RUNTIME_OBJECTS) $(SILICON_OBJECTS)
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

ALL += $(O)/libpumori.so.1 $(O)/libpumori.a
