# SPDX-License-Identifier: MIT
#
# tool.sh: pumori with a device, without one, and without the driver: how devices are named, and exit codes.
# needs: build/pumori build/libpumori.so.1 build/tests/cli/make_models build/tests/cli/json
. tests/vm/guest/tap.sh

models=$TMPDIR/models
mkdir -p "$models"
build/tests/cli/make_models "$models"

# ends CODE PART ARGUMENTS...: that exit code, and PART in what it says on either stream.
ends() {
	code=$1
	part=$2
	shift 2
	build/pumori "$@" > "$TMPDIR/out" 2>&1
	status=$?
	echo "status $status: $(cat "$TMPDIR/out")"
	[ $status = "$code" ] && grep -qF -- "$part" "$TMPDIR/out"
}

# value PATH ARGUMENTS...: from the command's JSON
value() {
	path=$1
	shift
	build/pumori "$@" --json | build/tests/cli/json "$path"
}

check "without the driver ls says so" ends 9 "modprobe pumori" ls
check "a device then, too" ends 9 "modprobe pumori" -d 0 info
check "load the driver" load $DRIVER_PARAMETERS
check "ls lists the device" ends 0 accel0 ls
equal "with its driver" "$(value data.devices.0.driver ls)" pumori
serial=$(value data.devices.0.serial ls)
equal "a path names it" "$(value data.serial -d /dev/accel/accel0 info)" "$serial"
equal "its index" "$(value data.serial -d 0 info)" "$serial"
equal "its serial number" "$(value data.index -d "$serial" info)" 0
check "an index that is not there" ends 6 "'pumori ls'" -d 7 info
check "a serial number that is not there" ends 6 "no device" -d ffffffffffffffff info
check "a PCI address that is not there" ends 6 "no device" -d 0000:3f:1f.7 info
equal "the bytes of the chip in process" \
	"$(value data.outputs.0.crc32c -d 0 run "$models/scale.pex" --random 1)" \
	"$(value data.outputs.0.crc32c -d inproc run "$models/scale.pex" --random 1)"
equal "and its cycles" "$(value data.cycles -d 0 run "$models/scale.pex" --random 1)" \
	"$(value data.cycles -d inproc run "$models/scale.pex" --random 1)"
check "a fault is told with its node" ends 7 bad_read -d 0 run "$models/fault.pex" --random 1
check "a run without end is ended" ends 7 spin -d 0 run "$models/forever.pex" --budget 100
check "the device still works" ends 0 CRC-32C -d 0 run "$models/copy.pex" --random 1
check "threads share it" ends 0 MEDIAN -d 0 bench "$models/copy.pex" -n 10 -w 1 --threads 2

# What an operator looks at.
check "stats has both cores" ends 0 "accel0  1 " stats
jobs=$(value data.cores.0.jobs stats)
build/pumori -d 0 run "$models/copy.pex" --core 0 --random 1 > "$TMPDIR/out"
equal "and counts a job" "$(value data.cores.0.jobs stats)" $((jobs + 1))
check "every core is healthy" ends 0 "right answers" health
equal "all of them" "$(build/pumori health --json | grep -c '"detail": "right answers')" \
	"$(value data.devices.0.cores ls)"
check "the installation is valid" ends 0 "node" validate
check "topo" ends 0 "X " topo
check "config shows the parameters" ends 0 "hbm_mb" config
check "the summary shows the device" ends 0 "accel0"
equal "its state" "$(build/pumori --json | build/tests/cli/json data.devices.0.state)" running
check "a process that is not there is not shown" ends 0 "PID" ps
# What needs the netlink family.
check "the state comes with a UUID" ends 0 "50554d4f-5249-8" info 0
uuid=$(value data.uuid info 0)
equal "which names the device" "$(value data.devices.0.index -d "$uuid" ls)" 0
equal "counters have failed jobs" "$(value data.cores.0.jobs_lost stats)" 0
build/pumori events --limit 3 --seconds 600 --json > "$TMPDIR/events" 2>&1 &
events=$!
build/pumori -d 0 bench "$models/copy.pex" -n 10000000 > "$TMPDIR/bench" 2>&1 &
bench=$!
is_shown() {
	[ "$(value data.processes.0.command ps 2> /dev/null)" = pumori ] && [ "$(value data.processes.0.jobs ps)" -gt 0 ]
}
check "a process that computes is shown" within 20 is_shown
equal "with its user" "$(value data.processes.0.uid ps)" 0
equal "the memory of its tensors" "$([ "$(value data.processes.0.host_bytes ps)" -gt 0 ] && echo some)" some
check "a device in use is not reset" ends 7 "'pumori ps'" reset
check "but with --force" ends 0 "accel0" reset --force
kill -9 $bench 2> /dev/null
wait $bench 2> /dev/null
check "it works again" ends 0 "CRC-32C" -d 0 run "$models/copy.pex" --random 1
check "one core is reset beside the other" ends 0 "accel0" reset --core 1
check "a core that is not there" ends 2 "core" reset --core 15
ends 7 bad_read -d 0 run "$models/fault.pex" --random 1
range_faults() {
	build/pumori ras --error range-fault --json | grep '"value"' | tr -dc '0-9\n' | awk '{ sum += $1 } END { print sum }'
}
check "a fault is counted" test "$(range_faults)" -gt 0
check "all counters are listed" ends 0 "ecc-uncorrected" ras --all
check "an unknown one is answered with the nearest" ends 2 "did you mean 'range-fault'" ras --error range-falt
check "counters are cleared" ends 0 "" ras --clear
equal "to 0" "$(range_faults)" 0
wait $events
equal "events were seen" $? 0
cat "$TMPDIR/events"
check "the resets among them" grep -q '"event":"reset"' "$TMPDIR/events"
check "every line is a document" test "$(grep -c '^{"schema":"pumori/1","command":"events"' "$TMPDIR/events")" = 3
check "the support bundle" ends 0 "Archive:" log --output "$TMPDIR/bundle.tar.gz"
check "unload the driver" unload
check "and it is gone" ends 9 "modprobe pumori" ls
finish
