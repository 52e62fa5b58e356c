#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# probe.sh KERNEL_SOURCE: prints what pumori_compat.h needs to know about a kernel's headers.
# Distributions carry interfaces back and forth between versions, so the headers are asked.

has() {
	if grep -qs -- "$2" "$KERNEL/include/$3"; then
		echo "#define PUMORI_HAVE_$1 1"
	else
		echo "/* no $1 */"
	fi
}

KERNEL=$1
echo "/* SPDX-License-Identifier: GPL-2.0 */"
has DRM_SCHED_INIT_ARGS 'struct drm_sched_init_args' drm/gpu_scheduler.h
has DRM_SCHED_CLIENT_ID 'u64 drm_client_id' drm/gpu_scheduler.h
has DRM_GPUVM_MAP_REQ 'struct drm_gpuvm_map_req' drm/drm_gpuvm.h
has NAMESPACE_STRING 'MODULE_INFO(import_ns, ns)' linux/module.h
