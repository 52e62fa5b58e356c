# SPDX-License-Identifier: MIT
# The driver through its ioctls.
# needs: build/tests/vm/driver-test
load $DRIVER_PARAMETERS || exit 1
build/tests/vm/driver-test "$@"
status=$?
unload || { echo "not ok - the driver can be unloaded"; exit 1; }
exit $status
