# SPDX-License-Identifier: MIT
# fuzz.sh SEED CALLS: random ioctls.
# needs: build/tests/fuzz/ioctl
load hbm_mb=128 $DRIVER_PARAMETERS || exit 1
build/tests/fuzz/ioctl "$@"
status=$?
unload || { echo "not ok - the driver can be unloaded"; exit 1; }
exit $status
