# SPDX-License-Identifier: MIT
# Shared by check-uml, check-uml-plain and check-qemu; sourced by bash after lib.sh.

failures=0

# boot NAME COMMAND...: runs a script in a machine; its TAP passes through, and the machine itself is one
# more test: that it came to its end without the kernel complaining.
boot() {
	local name=$1 status output
	shift
	output=$("$@")
	status=$?
	printf '%s\n' "$output"
	case $status in
	0) echo "ok - $name: no complaint of the kernel" ;;
	98) echo "not ok - $name: no complaint of the kernel" ;;
	99) echo "not ok - $name: the machine came to its end" ;;
	*)
		# A failed test has its own line; anything else is named here.
		printf '%s\n' "$output" | grep -q '^not ok' || echo "not ok - $name: status $status"
		;;
	esac
	[ $status = 0 ] || failures=$((failures + 1))
}
