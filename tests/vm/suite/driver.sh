# SPDX-License-Identifier: MIT
# driver.sh [PARAMETER=VALUE]... [GROUP]...: the driver, with these parameters, through its ioctls.
# needs: build/tests/vm/driver-test
parameters= groups=
for word in "$@"; do
	case $word in
	*=*) parameters="$parameters $word" ;;
	*) groups="$groups $word" ;;
	esac
done
load $parameters || exit 1
build/tests/vm/driver-test $groups
status=$?
unload || { echo "not ok - the driver can be unloaded"; exit 1; }
exit $status
