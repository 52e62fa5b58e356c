# SPDX-License-Identifier: MIT
#
# models.sh MODEL...: least latency and device time of a run on /dev/accel, as "MODEL LATENCY_NS DEVICE_NS".
# needs: build/pumori build/libpumori.so.1 build/models
load cores=1 $DRIVER_PARAMETERS || exit 1
for model in "$@"; do
	echo "$model" $(build/pumori -d 0 bench "build/models/$model.pex" -n 60 -w 5 --json |
		sed -n 's/.*"min_ns": \([0-9]*\).*/\1/p')
done
unload
