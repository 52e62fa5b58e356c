# SPDX-License-Identifier: MIT
#
# For the scripts of ../suite: TAP in POSIX sh. Sourced as  . tests/vm/guest/tap.sh

number=0
failures=0

# check NAME COMMAND...: passes when COMMAND succeeds; its output is shown when it does not.
check() {
	name=$1
	shift
	number=$((number + 1))
	if "$@" > "$TMPDIR/check.log" 2>&1; then
		echo "ok $number - $name"
	else
		failures=$((failures + 1))
		echo "not ok $number - $name"
		sed 's/^/# /' "$TMPDIR/check.log" | tail -n 20
	fi
}

# equal NAME GOT EXPECTED
equal() {
	number=$((number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $number - $1"
	else
		failures=$((failures + 1))
		echo "not ok $number - $1"
		echo "# got \"$2\", expected \"$3\""
	fi
}

# skip NAME REASON
skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# within SECONDS COMMAND...: waits until COMMAND succeeds.
within() {
	tries=$(($1 * 10))
	shift
	while ! "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# field NAME JSON: the value of a string or number in one line of JSON.
field() {
	printf '%s\n' "$2" | tr -d '\n' | sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"
}

finish() {
	echo "1..$number"
	[ $failures = 0 ]
	exit
}
