/* SPDX-License-Identifier: MIT */
/* Memory of a small core, instructions run by a kernel set on it, random values and patterns. */
#ifndef PUMORI_TESTS_KERNELS_RIG_H
#define PUMORI_TESTS_KERNELS_RIG_H

#include "../../drivers/accel/pumori/silicon/kernels.h"
#include "oracle.h"

/* SILICON_HOST_* bits of the machine that runs the test. */
uint32_t rig_host(void);

struct rig {
	/* SBUF and PSUM are one block each, so that writes outside of operands show. */
	uint8_t *sbuf, *psum;
	size_t sbuf_stride, psum_stride, sbuf_bytes, psum_bytes;
	struct silicon_stationary *stationary;	/* two */
	uint8_t *scratch;
	uint64_t nonfinite;
	uint64_t random;
};

void rig_create(struct rig *rig, uint64_t seed, size_t sbuf_stride, size_t psum_stride);
void rig_destroy(struct rig *rig);

uint32_t rig_random(struct rig *rig, uint32_t below);
/* Fills a range with elements of a type: plain numbers, any bits or special values, as @mode says (0..2). */
void rig_fill(struct rig *rig, uint8_t *at, size_t bytes, uint8_t dtype, unsigned int mode);

/*
 * Runs an instruction to its end, each call with a budget of @budget units, or random ones when it is 0. Returns
 * the units, and in @fault the task's fault.
 */
uint64_t rig_run(struct rig *rig, const struct silicon_kernels *kernels,
		 const struct pumori_isa_instruction *instruction, uint32_t budget, uint8_t *fault);

/*
 * A pattern of up to @dims dimensions and at most @elements elements. @counts, if not NULL, gives the shape
 * (zero-terminated) instead of a random one. An output's elements do not overlap.
 */
void rig_pattern(struct rig *rig, struct pumori_isa_operand *operand, uint8_t dtype, unsigned int dims,
		 unsigned int elements, const uint16_t *counts, bool output);
/* Places a pattern so that it lies within @bytes bytes from @offset. Returns false if it cannot. */
bool rig_place(struct rig *rig, struct pumori_isa_operand *operand, size_t offset, size_t bytes);

#endif
