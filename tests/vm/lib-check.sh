# SPDX-License-Identifier: MIT
# Shared by check-uml, check-uml-plain and check-qemu; sourced by bash after lib.sh.

failures=0

# boot NAME COMMAND...: runs a script in a machine; its TAP passes through, and the machine itself is one
# more test: that it came to its end without the kernel complaining.
boot() {
	local name=$1 status output
	shift
	output=$(mktemp)
	echo "# $name"
	"$@" 2>&1 | tee "$output"
	status=${PIPESTATUS[0]}
	case $status in
	0) echo "ok - $name: no complaint of the kernel" ;;
	98) echo "not ok - $name: no complaint of the kernel" ;;
	99) echo "not ok - $name: the machine came to its end" ;;
	*)
		# A failed test has its own line; anything else is named here.
		grep -q '^not ok' "$output" || echo "not ok - $name: status $status"
		;;
	esac
	rm -f "$output"
	[ $status = 0 ] || failures=$((failures + 1))
}

# in_process MODEL IMAGE: MODEL:IMAGE:CRC:TEXT as the chip inside the library gives it on this host.
in_process() {
	local json
	json=$(PUMORI_DEVICE=inproc "$O/pumori" run "$O/models/$1.pex" --image "$O/lines/$2.png" --json) || {
		echo "$1:$2:failed in process:"
		return
	}
	printf '%s:%s:%s:%s\n' "$1" "$2" "$(json_field crc32c "$json")" "$(json_field text "$json")"
}

json_field() {
	printf '%s' "$2" | tr -d '\n' | sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"
}

# crc CASE: the third field of what in_process printed.
crc() {
	echo "$1" | cut -d: -f3
}
