# SPDX-License-Identifier: MIT
# Hostile input from a process without privileges. Arguments: numbers of classes, none for all.
# needs: build/tests/vm/hostile-test
load hbm_mb=128 $DRIVER_PARAMETERS || exit 1
build/tests/vm/hostile-test "$@"
status=$?
unload || { echo "not ok - the driver can be unloaded"; exit 1; }
exit $status
