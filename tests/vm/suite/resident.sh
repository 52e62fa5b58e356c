# SPDX-License-Identifier: MIT
#
# resident.sh IMAGE MODEL CRC MODEL CRC: two models that keep their weights in SBUF take turns in the only slot of the
# only core, each in a process of its own: again and again one finds the other's weights there.
# needs: build/pumori build/libpumori.so.1 build/models/rec-preload.pex build/models/cls-preload.pex build/lines
. tests/vm/guest/tap.sh

image=build/lines/$1.png

# infer NAME MODEL CRC: ten runs, each with the right bytes.
infer() {
	good=0
	while [ $good -lt 10 ]; do
		json=$(build/pumori -d 0 run "build/models/$2.pex" --image "$image" --json 2>&1)
		[ "$(field crc32c "$json")" = "$3" ] || break
		good=$((good + 1))
	done
	echo $good > "$TMPDIR/$1"
}

check "load the driver" load cores=1 slots=1 $DRIVER_PARAMETERS
build/pumori -d 0 bench "build/models/$2.pex" -n 300 -w 1 > "$TMPDIR/bench" 2>&1 &
bench=$!
infer first "$2" "$3" &
first=$!
infer second "$4" "$5"
wait $first
equal "ten runs of $2" "$(cat "$TMPDIR/first")" 10
equal "ten runs of $4" "$(cat "$TMPDIR/second")" 10
wait $bench
equal "300 runs of $2 in one process meanwhile" $? 0
check "unload the driver" unload
finish
