# SPDX-License-Identifier: MIT
# bind.sh: binding 1 GiB of device memory.
# needs: build/tests/bench/bind
load hbm_mb=1100 || exit 1
build/tests/bench/bind
status=$?
unload
exit $status
