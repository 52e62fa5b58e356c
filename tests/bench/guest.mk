# SPDX-License-Identifier: MIT
#
# Submission in virtual machines: make bench-guest

BENCH_LATENCY := $(O)/tests/bench/latency
$(eval $(call program,$(BENCH_LATENCY),$(O)/obj/tests/bench/latency.o $(RUNTIME_TEST_OBJECTS),$(RUNTIME_LIBRARIES)))
$(O)/obj/tests/bench/latency.o: private EXTRA_CFLAGS += $(RUNTIME_CFLAGS) -Itests/unit -D_GNU_SOURCE

BENCHES += tests/bench/guest
BENCHES_DEPS += $(BENCH_LATENCY)

.PHONY: bench-guest
bench-guest: all $(BENCH_LATENCY) $(MODEL_EXECUTABLES) vm-kernel-uml-plain vm-kernel-stock
	@tests/bench/guest
