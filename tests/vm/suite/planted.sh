# SPDX-License-Identifier: MIT
# planted.sh MODULE BUG: a KUnit suite whose only case passes, and a bug in the background.
insmod "$1" bug="$2" || exit 1
cat /sys/kernel/debug/kunit/planted/results
