# SPDX-License-Identifier: MIT
#
# latency.sh: submission on /dev/accel beside a null block device that answers after 10 us.
# needs: build/tests/bench/latency
load $DRIVER_PARAMETERS || exit 1
export PUMORI_DEVICE=0
for module in build/vm/null_blk/*.ko; do
	[ -f "$module" ] && insmod "$module" $(case $module in *null_blk.ko) echo irqmode=2 completion_nsec=10000 ;; esac)
done
for round in 1 2 3; do
	build/tests/bench/latency job 1000 0xffffffff
	build/tests/bench/latency job 1000 5
	[ -e /dev/nullb0 ] && build/tests/bench/latency read 1000 /dev/nullb0
done
for processes in 1 4 16; do
	build/tests/bench/latency rate 3 $processes
done
unload
