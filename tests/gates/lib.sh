# SPDX-License-Identifier: MIT
# Shared by the gates; sourced by bash. Prints TAP.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
O=${O:-build}
number=0
failures=0

# result NAME DETAILS: passed when there are no details.
result() {
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
	else
		failures=$((failures + 1))
		echo "not ok $number - $1"
		printf '%s\n' "$2" | head -n 20 | sed 's/^/# /'
	fi
}

finish() {
	echo "1..$number"
	[ $failures = 0 ]
	exit
}
