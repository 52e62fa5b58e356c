# SPDX-License-Identifier: MIT
# What others can see of the driver without a library of its own: sysfs, hwmon, fdinfo, debugfs, tracepoints,
# and programs that read them.
# visibility.sh [YNL]: YNL is what tests/vm/ynl prints, in a guest that has python3.
# needs: build/tests/vm/driver-test Documentation/netlink/specs uapi/drm tools/setup/60-pumori.rules
. tests/vm/guest/tap.sh

load $DRIVER_PARAMETERS || exit 1
device=/sys/class/accel/accel0/device
debug=/sys/kernel/debug/accel/$(basename "$(readlink -f $device)")
trace=/sys/kernel/tracing
[ -d $trace/events ] || mount -t tracefs tracefs $trace 2> /dev/null

is_number() {
	case $(cat "$1") in
	'' | *[!0-9]*) return 1 ;;
	esac
}

for name in npu_busy_time_us npu_busy_percent npu_memory_total npu_memory_utilization npu_cores npu_serial; do
	check "$name is a number" is_number $device/$name
done

# --- hwmon ---------------------------------------------------------------------------------------------
hwmon=$(echo $device/hwmon/hwmon*)
if [ -d "$hwmon" ]; then
	equal "hwmon's name" "$(cat "$hwmon/name")" pumori
	for name in temp1_input power1_input energy1_input; do
		check "$name is a number" is_number "$hwmon/$name"
	done
	check "temperature is plausible" [ "$(cat "$hwmon/temp1_input")" -ge 35000 ]
	check "power is at least what an idle chip draws" within 5 sh -c "[ \$(cat $hwmon/power1_input) -ge 4000000 ]"
	if command -v sensors > /dev/null; then
		check "sensors shows the package" sh -c "sensors | grep -q package"
	else
		skip "sensors shows the package" "lm-sensors is not in the guest"
	fi
else
	skip "hwmon" "the kernel has none"
fi

# --- a running job, seen from outside --------------------------------------------------------------------
if [ -d $trace/events/pumori ]; then
	echo 0 > $trace/tracing_on
	echo > $trace/trace
	echo 1 > $trace/events/pumori/enable
	echo 1 > $trace/tracing_on
fi
build/tests/vm/driver-test visible > "$TMPDIR/visible" 2>&1
status=$?
sed -n 's/^fdinfo //p' "$TMPDIR/visible" > "$TMPDIR/fdinfo"
grep '^not ok' "$TMPDIR/visible" | sed 's/^/# /'
equal "a client runs a job and shows its fdinfo" $status 0
if [ -d $trace/events/pumori ]; then
	echo 0 > $trace/tracing_on
	for event in pumori_bind pumori_job_submit pumori_job_run pumori_job_done; do
		check "$event is traced" grep -q "$event: dev=" $trace/trace
	done
	echo 0 > $trace/events/pumori/enable
else
	skip "tracepoints" "the kernel has no tracing"
fi

has_line() {
	grep -qE "$1" "$TMPDIR/fdinfo" || { cat "$TMPDIR/fdinfo"; false; }
}
check "fdinfo names the driver" has_line '^drm-driver:[[:space:]]pumori$'
check "fdinfo numbers the client" has_line '^drm-client-id:[[:space:]][0-9]+$'
check "fdinfo has no PCI address on a bus that is none" sh -c "! grep -q drm-pdev $TMPDIR/fdinfo"
check "fdinfo shows device time of core 0" has_line '^drm-engine-core0:[[:space:]][1-9][0-9]* ns$'
check "fdinfo shows cycles of core 0" has_line '^drm-cycles-core0:[[:space:]][1-9][0-9]*$'
check "fdinfo shows the clock" has_line '^drm-maxfreq-core0:[[:space:]][0-9]+ Hz$'
check "fdinfo shows device memory" has_line '^drm-total-hbm:[[:space:]]64 KiB$'
check "fdinfo shows host memory" has_line '^drm-total-memory:[[:space:]]+[1-9][0-9]* KiB$'
check "fdinfo counts jobs" has_line '^pumori-jobs:[[:space:]]1$'
check "fdinfo fits the page that readers have for it" sh -c "[ \$(wc -c < $TMPDIR/fdinfo) -lt 4096 ]"

# --- debugfs ---------------------------------------------------------------------------------------------
if [ -d "$debug" ]; then
	cp "$TMPDIR/visible" "$TMPDIR/debugfs"
	check "debugfs lists buffers" grep -q '^gems.* 65536 ' "$TMPDIR/debugfs"
	check "debugfs lists mappings" grep -q '^vas.*address space' "$TMPDIR/debugfs"
	check "debugfs lists queues" grep -qE '^queues +[0-9]+ +0 ' "$TMPDIR/debugfs"
	check "debugfs shows rings" grep -q '^rings queue [0-9]*: head 1, tail 1' "$TMPDIR/debugfs"
	check "debugfs shows cores" grep -qE '^cores +0 ' "$TMPDIR/debugfs"
else
	skip "debugfs" "the kernel has none"
fi

# --- other people's programs -------------------------------------------------------------------------------
if command -v genl > /dev/null; then
	genl ctrl list > "$TMPDIR/families" 2>&1
	check "genl lists the family" grep -qi 'name: pumori' "$TMPDIR/families"
	check "genl lists its groups" grep -q events "$TMPDIR/families"
else
	skip "genl lists the family" "iproute2's genl is not in the guest"
fi
ynl=${1:-}
if [ -n "$ynl" ] && python3 -c 'import yaml, jsonschema' 2> /dev/null; then
	tree=$TMPDIR/tree
	mkdir -p "$tree/Documentation/netlink/specs"
	: > "$tree/MAINTAINERS"
	cp "$ynl/genetlink.yaml" "$tree/Documentation/netlink/"
	cp Documentation/netlink/specs/pumori.yaml "$tree/Documentation/netlink/specs/"
	client() {
		(cd "$tree" && python3 "$ynl/cli.py" --spec Documentation/netlink/specs/pumori.yaml --output-json "$@") > "$TMPDIR/ynl" 2>&1
	}
	check "the kernel tree's client reads devices" client --dump device-get
	check "with their UUID" grep -qi 50554d4f-5249-8000-8000-000000000001 "$TMPDIR/ynl"
	check "it reads one device" client --do device-get --json '{"index": 0}'
	check "it reads cores" client --dump core-stats-get
	check "with their counters" grep -q busy-ns "$TMPDIR/ynl"
	check "it reads errors" client --dump ras-get
	check "with their names" grep -q ecc-corrected "$TMPDIR/ynl"
	check "it runs the health test" client --do health-test --json '{"index": 0}'
	check "which passes" sh -c "grep -q '\"passed\": 1' $TMPDIR/ynl && ! grep -q '\"passed\": 0' $TMPDIR/ynl"

	# The header is what the kernel's generator makes of the specification, but for its first lines.
	(cd "$tree" && python3 "$ynl/ynl-gen-c.py" --mode uapi --header --spec Documentation/netlink/specs/pumori.yaml) |
		sed -n '/^#define PUMORI_FAMILY_NAME/,/^#define PUMORI_MCGRP_EVENTS/p' > "$TMPDIR/generated.h"
	sed -n '/^#define PUMORI_FAMILY_NAME/,/^#define PUMORI_MCGRP_EVENTS/p' uapi/drm/pumori_netlink.h > "$TMPDIR/committed.h"
	check "the header is what the specification says" sh -c "[ -s $TMPDIR/generated.h ] && cmp $TMPDIR/generated.h $TMPDIR/committed.h"
else
	skip "the kernel tree's netlink client" "no kernel source or no python3-yaml, python3-jsonschema"
fi
if command -v udevadm > /dev/null && [ -d /etc/udev ] && [ "$PUMORI_VM" = uml ]; then
	mkdir -p /run/udev/rules.d
	cp tools/setup/60-pumori.rules /run/udev/rules.d/
	udevadm test /sys/class/accel/accel0 > "$TMPDIR/udev" 2>&1
	check "udev gives the node to its group" grep -qE "GROUP.*(render|[0-9]+).*60-pumori.rules:|60-pumori.rules:[0-9]+ GROUP" "$TMPDIR/udev"
else
	skip "udev gives the node to its group" "udevadm is not in the guest"
fi
for program in nvtop drm_info lsgpu; do
	if command -v $program > /dev/null; then
		timeout 10 $program > "$TMPDIR/$program" 2>&1 < /dev/null
		check "$program does not crash ($?)" [ $? -lt 128 ]
	fi
done
unload || { echo "not ok - the driver can be unloaded"; exit 1; }
finish
