# SPDX-License-Identifier: MIT
# The KUnit suites that were built beside the driver.
load || exit 1
found=0
for module in "$(dirname "$MODULE")"/*_kunit.ko; do
	[ -f "$module" ] || continue
	found=1
	insmod "$module" || echo "not ok - $(basename "$module") loads"
done
for results in /sys/kernel/debug/kunit/*/results; do
	cat "$results"
done
[ $found = 1 ] || { echo "not ok - there is a KUnit module"; exit 1; }
