# SPDX-License-Identifier: MIT
#
# The executable loader: $(O)/tests/fuzz/loader from loader.c.

LOADER_OBJECTS := $(patsubst %,$(O)/obj/runtime/src/%.o,checksum dtype error executable executable_check)

$(eval $(call fuzzer,$(O)/tests/fuzz/loader,$(O)/obj/tests/fuzz/loader.o $(LOADER_OBJECTS),-lelf -pthread))
$(O)/obj/tests/fuzz/loader.o: private EXTRA_CFLAGS += $(RUNTIME_CFLAGS) -Iruntime/src
FUZZERS += $(O)/tests/fuzz/loader

# fdinfo: $(O)/tests/fuzz/fdinfo.
$(eval $(call fuzzer,$(O)/tests/fuzz/fdinfo,$(O)/obj/tests/fuzz/fdinfo.o $(O)/libpumori.a,$(RUNTIME_LIBRARIES)))
$(O)/obj/tests/fuzz/fdinfo.o: private EXTRA_CFLAGS += $(RUNTIME_CFLAGS) -Iruntime/src
FUZZERS += $(O)/tests/fuzz/fdinfo
