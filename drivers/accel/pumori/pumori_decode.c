// SPDX-License-Identifier: GPL-2.0
/*
 * An instruction as a line of text, for people who read a core dump: opcode, operands, semaphores.
 * The bytes beside it are the whole truth.
 */

#include <linux/kernel.h>

#include <drm/drm_print.h>

#include <pumori/isa.h>

#include "pumori_decode.h"

/**
 * struct opcode - what the instruction set says about an opcode
 */
struct opcode {
	/** @mnemonic: its name, NULL when there is no such opcode */
	const char *mnemonic;
	/** @format: enum pumori_isa_format */
	u8 format;
};

#define ROW(name, value, text, streams, kind, inputs, output) \
	[value] = { .mnemonic = text, .format = PUMORI_ISA_FORMAT_##kind },
static const struct opcode opcodes[PUMORI_ISA_OPCODE_LIMIT] = { PUMORI_ISA_OPCODES(ROW) };
#undef ROW

static const char *const dtypes[] = {
	[PUMORI_ISA_NONE] = "none", [PUMORI_ISA_FP32] = "fp32", [PUMORI_ISA_BF16] = "bf16",
	[PUMORI_ISA_FP16] = "fp16", [PUMORI_ISA_FP8E4M3] = "fp8e4m3",
	[PUMORI_ISA_FP8E5M2] = "fp8e5m2", [PUMORI_ISA_INT8] = "int8",
	[PUMORI_ISA_UINT8] = "uint8", [PUMORI_ISA_INT16] = "int16",
	[PUMORI_ISA_UINT16] = "uint16", [PUMORI_ISA_INT32] = "int32",
	[PUMORI_ISA_UINT32] = "uint32", [PUMORI_ISA_INT64] = "int64",
	[PUMORI_ISA_UINT64] = "uint64", [PUMORI_ISA_BOOL] = "bool",
};

static const char *const spaces[] = {
	[PUMORI_ISA_UNUSED] = "unused", [PUMORI_ISA_SBUF] = "sbuf", [PUMORI_ISA_PSUM] = "psum",
	[PUMORI_ISA_MEMORY] = "memory",
};

static const char *const engines[] = {
	[PUMORI_ISA_TENSOR] = "tensor", [PUMORI_ISA_VECTOR] = "vector",
	[PUMORI_ISA_SCALAR] = "scalar", [PUMORI_ISA_GPSIMD] = "gpsimd", [PUMORI_ISA_SYNC] = "sync",
};

static const char *name_of(const char *const *names, size_t count, u32 value)
{
	return value < count && names[value] ? names[value] : "?";
}

static void print_bind(struct drm_printer *p, u8 bind, s64 stride)
{
	if (bind & 0x40)
		drm_printf(p, "+r%u*%lld", bind & 0x3f, stride);
	else if (bind)
		drm_printf(p, "+loop%u*%lld", bind - 1u, stride);
}

static void print_place(struct drm_printer *p, const char *name, u8 space, u8 dtype)
{
	drm_printf(p, " %s=%s/%s/", name, name_of(spaces, ARRAY_SIZE(spaces), space),
		   name_of(dtypes, ARRAY_SIZE(dtypes), dtype));
}

static void print_operand(struct drm_printer *p, const char *name,
			  const struct pumori_isa_operand *operand)
{
	u32 i;

	if (operand->space == PUMORI_ISA_UNUSED)
		return;
	print_place(p, name, operand->space, operand->dtype);
	drm_printf(p, "p%u+%u*%u@%u[", operand->partition_start, operand->partition_count,
		   operand->partition_step, operand->offset);
	for (i = 0; i < operand->dims && i < ARRAY_SIZE(operand->count); i++)
		drm_printf(p, "%s%u:%d", i ? "," : "", operand->count[i], operand->step[i]);
	drm_puts(p, "]");
	print_bind(p, operand->bind[0], operand->bind_stride[0]);
	print_bind(p, operand->bind[1], operand->bind_stride[1]);
}

static void print_side(struct drm_printer *p, const char *name,
		       const struct pumori_isa_dma_side *side)
{
	u32 i;

	print_place(p, name, side->space, side->dtype);
	if (side->space == PUMORI_ISA_MEMORY)
		drm_printf(p, "v%u", side->variable);
	else
		drm_printf(p, "p%u+%u*%u", side->partition_start, side->partition_count,
			   side->partition_step);
	drm_printf(p, "@%llu[", side->offset);
	for (i = 0; i < side->dims && i < ARRAY_SIZE(side->count); i++)
		drm_printf(p, "%s%u:%d", i ? "," : "", side->count[i], side->step[i]);
	drm_puts(p, "]");
	print_bind(p, side->bind[0], side->bind_stride[0]);
	print_bind(p, side->bind[1], side->bind_stride[1]);
}

static void print_compute(struct drm_printer *p, const struct pumori_isa_compute *compute)
{
	print_operand(p, "out", &compute->out);
	print_operand(p, "in0", &compute->in[0]);
	print_operand(p, "in1", &compute->in[1]);
	print_operand(p, "in2", &compute->in[2]);
	drm_printf(p, " op0=%u op1=%u compute=%s modifiers=%#x", compute->op0, compute->op1,
		   name_of(dtypes, ARRAY_SIZE(dtypes), compute->compute), compute->modifiers);
}

static void print_control(struct drm_printer *p, const struct pumori_isa_control *control)
{
	drm_printf(p, " level=%u count=%u target=%u compare=%u operation=%u", control->level,
		   control->count, control->target, control->compare, control->operation);
	drm_printf(p, " destination=r%u source=r%u source2=r%u immediate=%d", control->destination,
		   control->source, control->source2, control->immediate);
	print_operand(p, "operand", &control->operand);
}

static void print_semaphores(struct drm_printer *p,
			     const struct pumori_isa_instruction *instruction)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(instruction->wait); i++) {
		const struct pumori_isa_wait *wait = &instruction->wait[i];

		if (!(instruction->flags & (PUMORI_ISA_WAIT0 << i)))
			continue;
		drm_printf(p, " wait%u=s%u>=%u", i, wait->semaphore, wait->value);
		print_bind(p, wait->bind, wait->step);
	}
	if (instruction->flags & PUMORI_ISA_SIGNAL)
		drm_printf(p, " signal=s%u+%u", instruction->signal_semaphore,
			   instruction->signal_increment);
}

/**
 * pumori_decode() - print an instruction, without the end of the line
 * @p: where to
 * @instruction: any 256 bytes
 */
void pumori_decode(struct drm_printer *p, const struct pumori_isa_instruction *instruction)
{
	const struct opcode *opcode = &opcodes[instruction->opcode % PUMORI_ISA_OPCODE_LIMIT];

	if (instruction->opcode >= PUMORI_ISA_OPCODE_LIMIT || !opcode->mnemonic) {
		drm_printf(p, "opcode %u?", instruction->opcode);
		return;
	}
	drm_puts(p, opcode->mnemonic);
	switch (opcode->format) {
	case PUMORI_ISA_FORMAT_CONTROL:
		print_control(p, &instruction->control);
		break;
	case PUMORI_ISA_FORMAT_COMPUTE:
		print_compute(p, &instruction->compute);
		break;
	case PUMORI_ISA_FORMAT_DMA:
		print_side(p, "destination", &instruction->dma.destination);
		print_side(p, "source", &instruction->dma.source);
		print_operand(p, "index", &instruction->dma.index);
		break;
	}
	print_semaphores(p, instruction);
}

/**
 * pumori_decode_stream() - print the name of a stream
 * @p: where to
 * @stream: enum pumori_isa_stream
 */
void pumori_decode_stream(struct drm_printer *p, u32 stream)
{
	if (stream >= PUMORI_ISA_DMA0)
		drm_printf(p, "dma%u", stream - PUMORI_ISA_DMA0);
	else
		drm_puts(p, engines[stream]);
}
