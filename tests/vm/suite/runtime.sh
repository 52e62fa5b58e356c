# SPDX-License-Identifier: MIT
# The library's tests, as they run in process, on the driver.
# needs: build/tests/unit/runtime_run_test build/tests/unit/runtime_api_test build/tests/unit/runtime_thread_test
load $DRIVER_PARAMETERS || exit 1
export PUMORI_DEVICE=0 CMOCKA_MESSAGE_OUTPUT=TAP
status=0
for test in run api thread; do
	build/tests/unit/runtime_${test}_test || status=1
done
unload || { echo "not ok - the driver can be unloaded"; exit 1; }
exit $status
