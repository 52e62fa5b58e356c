# SPDX-License-Identifier: MIT
# load.sh TIMES: loads and unloads the driver again and again, with different parameters.
# needs: build/tests/vm/driver-test
. tests/vm/guest/tap.sh

times=$1
done=0
while [ $done -lt "$times" ]; do
	load || break
	# Every fifth time somebody used it in between.
	if [ $((done % 5)) = 0 ] && ! build/tests/vm/driver-test memory > "$TMPDIR/log"; then
		grep '^not ok' "$TMPDIR/log" | sed 's/^/# /'
		break
	fi
	unload || break
	done=$((done + 1))
done
equal "$times times load and unload" $done "$times"

load || exit 1
exec 3<> /dev/accel/accel0
if rmmod pumori 2> /dev/null; then
	equal "the driver stays while a file is open" unloaded refused
else
	equal "the driver stays while a file is open" refused refused
fi
exec 3>&-
check "it can be unloaded after close" unload

check "two devices of four cores" load devices=2 cores=4
check "both are there" within 5 test -e /dev/accel/accel1
check "unload" unload
check "their nodes are gone" test ! -e /dev/accel/accel0
finish
