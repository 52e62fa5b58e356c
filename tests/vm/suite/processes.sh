# SPDX-License-Identifier: MIT
#
# processes.sh MODEL IMAGE CRC: two processes at once, then one of two killed in the middle of a job.
# needs: build/pumori build/libpumori.so.1 build/models/rec-bf16.pex build/models/cls-bf16.pex build/lines
. tests/vm/guest/tap.sh

model=build/models/$1.pex
image=build/lines/$2.png
crc=$3

infer() {
	build/pumori -d 0 run "$model" --image "$image" --json > "$TMPDIR/$1.json" 2> "$TMPDIR/$1.err"
	infer_status=$?
	sed "s/^/# $1: /" "$TMPDIR/$1.err"
	return $infer_status
}

used() {
	field hbm_used "$(build/pumori info 0 --json)"
}

check "load the driver" load $DRIVER_PARAMETERS
before=$(used)

infer first &
first=$!
infer second &
second=$!
wait $first
equal "the first of two processes at once" "$? $(field crc32c "$(cat "$TMPDIR/first.json")")" "0 $crc"
wait $second
equal "the second of two processes at once" "$? $(field crc32c "$(cat "$TMPDIR/second.json")")" "0 $crc"

# One computes without end and is killed in the middle; the other must not notice.
build/pumori -d 0 bench "$model" --iterations 1000000 > "$TMPDIR/bench.log" 2>&1 &
victim=$!
sleep 2
infer beside &
beside=$!
sleep 0.3
check "the victim was still running" kill -9 $victim
wait $victim 2> /dev/null
wait $beside
equal "its neighbour's result" "$? $(field crc32c "$(cat "$TMPDIR/beside.json")")" "0 $crc"
infer after
equal "a process after it" "$? $(field crc32c "$(cat "$TMPDIR/after.json")")" "0 $crc"
all_free() {
	[ "$(used)" = "$before" ]
}
check "device memory is free again" within 20 all_free
check "unload the driver" unload
finish
