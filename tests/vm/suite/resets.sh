# SPDX-License-Identifier: MIT
# resets.sh GROUP...: groups of the driver's tests that wait for time limits, with short ones.
# needs: build/tests/vm/driver-test
load hang_ms=500 stuck_ms=1600 $DRIVER_PARAMETERS || exit 1
build/tests/vm/driver-test "$@"
status=$?
unload || { echo "not ok - the driver can be unloaded"; exit 1; }
exit $status
