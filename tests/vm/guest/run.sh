# SPDX-License-Identifier: MIT
#
# The part of a guest's first process that does not depend on the kind of machine: runs the script,
# looks for leaks, leaves the exit status and the log. Sourced by sh with SCRIPT, ARGUMENTS and
# LEAK_CHECK set; does not return.

eval "sh \"$SCRIPT\" $ARGUMENTS"
status=$?

# An object is reported when it is older than five seconds and two scans found no pointer to it.
if [ "$LEAK_CHECK" = 1 ] && [ -e /sys/kernel/debug/kmemleak ]; then
	sleep 6
	echo scan > /sys/kernel/debug/kmemleak
	echo scan > /sys/kernel/debug/kmemleak
	cat /sys/kernel/debug/kmemleak
fi
dmesg > "$RESULTS/dmesg" 2> /dev/null
echo "$status" > "$RESULTS/status"
echo "guest status $status"
if [ "$PUMORI_VM" = qemu ]; then
	stty -F /dev/ttyS1 raw -echo
	tar -c -f - -C "$RESULTS" . > /dev/ttyS1
	# Closing a serial port waits for its last byte.
fi
sync
# A reset ends QEMU (-no-reboot), also where the kernel cannot switch the machine off.
[ "$PUMORI_VM" = qemu ] && busybox reboot -f
busybox poweroff -f
