# SPDX-License-Identifier: MIT
# The driver's netlink family, by a client of the tests and by those of others.
# needs: build/tests/vm/netlink-test
load $DRIVER_PARAMETERS || exit 1
build/tests/vm/netlink-test "$@"
status=$?
unload || { echo "not ok - the driver can be unloaded"; exit 1; }
exit $status
