# SPDX-License-Identifier: MIT
#
# Latency of an empty job.

$(eval $(call program,$(O)/tests/bench/submit,$(O)/obj/tests/bench/submit.o $(RUNTIME_TEST_OBJECTS),$(RUNTIME_LIBRARIES)))
$(O)/obj/tests/bench/submit.o: private EXTRA_CFLAGS += $(RUNTIME_CFLAGS) -Itests/unit
BENCHES += $(O)/tests/bench/submit
