# SPDX-License-Identifier: MIT
#
# inference.sh CASE...: each CASE is MODEL:IMAGE:CRC:TEXT (MODEL in build/models, IMAGE in build/lines; CRC and TEXT as
# the same chip gave them in process on the host). Output bytes must be the same on /dev/accel.
# needs: build/pumori build/libpumori.so.1 build/models/rec-bf16.pex build/models/rec-fp32.pex
# needs: build/models/cls-bf16.pex build/models/cls-fp32.pex build/lines
. tests/vm/guest/tap.sh

check "load the driver" load $DRIVER_PARAMETERS
for case in "$@"; do
	model=$(echo "$case" | cut -d: -f1)
	image=$(echo "$case" | cut -d: -f2)
	crc=$(echo "$case" | cut -d: -f3)
	text=$(echo "$case" | cut -d: -f4-)
	json=$(build/pumori -d 0 run "build/models/$model.pex" --image "build/lines/$image.png" --budget 9000 --json 2>&1)
	equal "$model $image: the bytes of the chip in process" "$(field crc32c "$json")" "$crc"
	[ -z "$text" ] || equal "$model $image: the text" "$(field text "$json")" "$text"
	[ -n "$(field crc32c "$json")" ] || echo "$json" | sed 's/^/# /'
	echo "# $model $image: $(field device_ns "$json") ns on the core"
done

json=$(build/pumori ls --json)
check "pumori ls shows the device" test "$(field path "$json")" = /dev/accel/accel0
check "pumori info shows it" build/pumori info 0
check "unload the driver" unload
finish
