# SPDX-License-Identifier: MIT
#
# Binding in a virtual machine: make bench-bind

BENCH_BIND := $(O)/tests/bench/bind
$(O)/obj/tests/bench/bind.o: private EXTRA_CFLAGS += $(shell pkg-config --cflags libdrm 2> /dev/null)
$(eval $(call program,$(BENCH_BIND),$(O)/obj/tests/bench/bind.o $(patsubst %,$(O)/obj/tests/vm/driver/%.o,tap session),))

.PHONY: bench-bind
bench-bind: $(BENCH_BIND) vm-kernel-plain
	@tests/vm/run-uml -k plain -m 4096 tests/bench/bind.sh
