# SPDX-License-Identifier: MIT
# needs: build/libpumori.so.1 build/tests/demo/ocr build/models/rec-bf16.pex build/lines/plain.png
uname -sr
load || exit 1
ls -l /dev/accel/accel0
# Once is enough where an inference takes seconds.
[ "$PUMORI_ACCEL" = kvm ] && runs=20 || runs=1
build/tests/demo/ocr build/models/rec-bf16.pex "$1" $runs || exit 1
unload
