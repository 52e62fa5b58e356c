/* SPDX-License-Identifier: MIT */
/*
 * The oracle: compute instructions interpreted one element at a time, written from Documentation/isa.md.
 * It shares no source with the chip, so that what both compute is what the page says.
 */
#ifndef PUMORI_TESTS_ORACLE_H
#define PUMORI_TESTS_ORACLE_H

#include <stddef.h>
#include <stdint.h>
#include <pumori/isa.h>

/* One buffer of the systolic array: bits of an FP32 (also for narrower ones), or an integer. */
struct oracle_stationary {
	unsigned int rows, columns;
	uint8_t dtype;
	uint32_t bits[PUMORI_ISA_STATIONARY_MAX][PUMORI_ISA_STATIONARY_MAX];
};

struct oracle_machine {
	/* Partition p lies at sbuf + p * sbuf_stride, likewise in PSUM. */
	uint8_t *sbuf, *psum;
	size_t sbuf_stride, psum_stride;
	/* What operands may be bound to. */
	uint32_t loop[PUMORI_ISA_LOOP_LEVELS];
	int32_t registers[PUMORI_ISA_REGISTERS];
	struct oracle_stationary stationary[PUMORI_ISA_STATIONARY_BUFFERS];
	/* NaN and infinite outputs of instructions with CHECK_NAN. */
	uint64_t nonfinite;
};

/* Executes one instruction of format COMPUTE. Returns 0, or 1 when an index is out of bounds. */
int oracle_compute(struct oracle_machine *machine, const struct pumori_isa_instruction *instruction);

/* Copies one element with a cast, as DMA does. Returns 0, or 1 when a 64-bit integer does not fit. */
int oracle_convert(uint8_t *to, uint8_t to_dtype, const uint8_t *from, uint8_t from_dtype);

/* Storage size of a type in bytes. */
unsigned int oracle_size(uint8_t dtype);

/* oracle_narrow.c: FP16 and FP8 (bits of an element), random bits. */
float oracle_narrow_load(uint8_t dtype, uint32_t raw);
uint32_t oracle_narrow_store(uint8_t dtype, float value);
uint32_t oracle_stochastic_store(uint8_t dtype, float value, uint32_t bits);
uint32_t oracle_random(uint32_t seed, uint32_t partition, uint32_t index);

/* oracle_math.c: floating point operations of the page's sections 3 and 5. */
float oracle_float_operation(uint8_t operation, float a, float b);
float oracle_function(uint8_t function, float v, float imm0, float imm1);
float oracle_bf16_step(float a, float b, float accumulator);
uint32_t oracle_bits(float a);
float oracle_from_bits(uint32_t bits);

#endif
