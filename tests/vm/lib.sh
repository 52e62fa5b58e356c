# SPDX-License-Identifier: MIT
#
# Shared by the scripts of this folder; sourced by bash. TOP is the checkout, O its build folder,
# CACHE what outlives both.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
O=${O:-build}
case $O in
/*) ;;
*) O=$TOP/$O ;;
esac
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/pumori

say() {
	echo "$*" >&2
}

die() {
	say "$(basename "$0"): $*"
	exit 1
}

# skip REASON: what run-suite takes for a skipped test.
skip() {
	echo "skipped: $*"
	exit 77
}

# What the kernel prints when something is wrong with the kernel. The second list holds lines
# that only look like it.
SPLAT='BUG:|WARNING:|UBSAN:|KASAN:|INFO: task .* blocked|possible circular locking|possible recursive locking'
SPLAT="$SPLAT|possible deadlock|inconsistent lock state|invalid wait context|suspicious RCU usage|Oops"
SPLAT="$SPLAT|Kernel panic|general protection fault|unreferenced object|sleeping function called|soft lockup"
SPLAT="$SPLAT|rcu_sched self-detected|refcount_t:|list_(add|del) corruption|Unable to handle|Call Trace:"
NO_SPLAT='Spectre|Speculative|vulnerab|spectre|mitigation'

# without_known LOG: the log without the one report about User-Mode Linux itself: its flush_tlb_mm() walks the
# mappings of a process whose lock unmap_mapping_range(), which any driver may call, does not hold.
without_known() {
	awk '
	function release() {
		if (held !~ /lib\/maple_tree\.c/ || held !~ /flush_tlb_mm/)
			printf "%s", held
		held = ""
		in_trace = 0
	}
	/WARNING: suspicious RCU usage/ { release(); held = $0 "\n"; next }
	held != "" && in_trace && !/ \[<[0-9a-f]+>\] / { release() }
	held != "" { held = held $0 "\n"; if (/Call Trace:/) in_trace = 1; next }
	{ print }
	END { release() }' "$1"
}

# splats LOG: prints the lines that show a splat, if any, and says so by its status.
splats() {
	without_known "$1" | grep -aE "$SPLAT" | grep -avE "$NO_SPLAT"
}

# finish LOG STATUS_FILE: the common end of run-uml and run-qemu.
finish() {
	local log=$1 status_file=$2 status
	if [ ! -s "$status_file" ]; then
		say "--- the guest ended without a result; the last lines of $log:"
		tail -n 40 "$log" | sed 's/^/| /' >&2
		return 99
	fi
	status=$(cat "$status_file")
	if splats "$log" > "$log.splats"; then
		say "--- the kernel complained ($log):"
		head -n 20 "$log.splats" | sed 's/^/| /' >&2
		without_known "$log" | grep -aE -A 30 "$SPLAT" | head -n 60 | sed 's/^/| /' >&2
		[ "$status" = 0 ] && status=98
	fi
	return "$status"
}
