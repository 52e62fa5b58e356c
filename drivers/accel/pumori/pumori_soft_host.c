// SPDX-License-Identifier: GPL-2.0
/* What the host's processor offers the numeric kernels. */

#include <linux/types.h>

#include <asm/cpufeature.h>

#include "pumori_soft_internal.h"
#include "silicon/kernels.h"

#ifdef CONFIG_UML

/* User-Mode Linux runs as a process: the instructions say what processor and host support. */
static void cpuid_leaf(u32 leaf, u32 subleaf, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	asm volatile("cpuid" : "=a"(*eax), "=b"(*ebx), "=c"(*ecx), "=d"(*edx)
			     : "a"(leaf), "c"(subleaf));
}

static u32 enabled_state(void)
{
	u32 low, high;

	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

#define STATE_AVX	0x06u	/* SSE and AVX registers */
#define STATE_AVX512	0xe6u	/* these, masks, and the wide registers */

/**
 * pumori_soft_host_features() - SILICON_HOST_* of this machine
 */
u32 pumori_soft_host_features(void)
{
	u32 eax, ebx, ecx, edx, state, fma, features = 0;

	cpuid_leaf(0, 0, &eax, &ebx, &ecx, &edx);
	if (eax < 7)
		return 0;
	cpuid_leaf(1, 0, &eax, &ebx, &ecx, &edx);
	/* XGETBV may be used when the host has turned it on. */
	if (!(ecx & BIT(27)))
		return 0;
	fma = ecx & BIT(12);
	state = enabled_state();

	cpuid_leaf(7, 0, &eax, &ebx, &ecx, &edx);
	if ((state & STATE_AVX) == STATE_AVX && fma && ebx & BIT(5))
		features |= SILICON_HOST_AVX2;
	if ((state & STATE_AVX512) == STATE_AVX512 && ebx & BIT(16) && ebx & BIT(17) &&
	    ebx & BIT(30) && ebx & BIT(31)) {
		features |= SILICON_HOST_AVX512;
		if (ecx & BIT(11))
			features |= SILICON_HOST_AVX512_VNNI;
		if (eax >= 1) {
			cpuid_leaf(7, 1, &eax, &ebx, &ecx, &edx);
			if (eax & BIT(5))
				features |= SILICON_HOST_AVX512_BF16;
		}
	}
	return features;
}

#else

#include <asm/fpu/api.h>
#include <asm/fpu/types.h>

/**
 * pumori_soft_host_features() - SILICON_HOST_* of this machine
 */
u32 pumori_soft_host_features(void)
{
	u32 features = 0;

	if (boot_cpu_has(X86_FEATURE_AVX2) && boot_cpu_has(X86_FEATURE_FMA) &&
	    cpu_has_xfeatures(XFEATURE_MASK_SSE | XFEATURE_MASK_YMM, NULL))
		features |= SILICON_HOST_AVX2;
	if (boot_cpu_has(X86_FEATURE_AVX512F) && boot_cpu_has(X86_FEATURE_AVX512BW) &&
	    boot_cpu_has(X86_FEATURE_AVX512VL) && boot_cpu_has(X86_FEATURE_AVX512DQ) &&
	    cpu_has_xfeatures(XFEATURE_MASK_AVX512, NULL)) {
		features |= SILICON_HOST_AVX512;
		if (boot_cpu_has(X86_FEATURE_AVX512_VNNI))
			features |= SILICON_HOST_AVX512_VNNI;
		if (boot_cpu_has(X86_FEATURE_AVX512_BF16))
			features |= SILICON_HOST_AVX512_BF16;
	}
	return features;
}

#endif
