// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The frame of an instruction, waits, signals, control instructions. */
#include "decode.h"
#include "helpers.h"
#include "kernels.h"

/* One row an opcode, from the table of isa.h. */
struct opcode_row {
	u8 streams;
	u8 format;
	u8 present;
};

static const struct opcode_row opcodes[PUMORI_ISA_OPCODE_LIMIT] = {
#define ROW(name, value, mnemonic, on, form, inputs, output) \
	[value] = { .streams = on, .format = PUMORI_ISA_FORMAT_##form, .present = 1 },
	PUMORI_ISA_OPCODES(ROW)
#undef ROW
};

static enum silicon_refusal decode_wait(const struct silicon_decoder *decoder,
					const struct pumori_isa_wait *raw, bool used,
					struct silicon_wait *out)
{
	u64 highest = raw->value;
	u32 level, count;

	if (!used)
		return silicon_all_zero(raw, sizeof(*raw)) ? SILICON_REFUSED_NONE :
							     SILICON_REFUSED_RESERVED;
	if (raw->reserved)
		return SILICON_REFUSED_RESERVED;
	if (raw->bind == PUMORI_ISA_BIND_NONE) {
		if (raw->step)
			return SILICON_REFUSED_WAIT;
	} else {
		level = raw->bind - PUMORI_ISA_BIND_LOOP(0);
		if (level >= decoder->depth)
			return SILICON_REFUSED_WAIT;
		count = decoder->loop_count[silicon_clamp(level, PUMORI_ISA_LOOP_LEVELS)];
		/* At most (2^32 - 1)^2 + 2^32 - 1: fits. */
		highest += (u64)raw->step * (SILICON_MAX(count, 1u) - 1);
		if (highest > 0xffffffffu)
			return SILICON_REFUSED_WAIT;
	}
	out->value = raw->value;
	out->step = raw->step;
	out->semaphore = raw->semaphore;
	out->bind = raw->bind;
	return SILICON_REFUSED_NONE;
}

static enum silicon_refusal decode_signal(struct silicon_decoder *decoder,
					  const struct pumori_isa_instruction *raw,
					  struct silicon_instruction *out)
{
	u8 producer = (u8)(decoder->stream + 1);

	if (!(raw->flags & PUMORI_ISA_SIGNAL))
		return raw->signal_increment || raw->signal_semaphore || raw->signal_core ?
		       SILICON_REFUSED_RESERVED : SILICON_REFUSED_NONE;
	if (!raw->signal_increment || raw->signal_core)
		return SILICON_REFUSED_SIGNAL;
	if (decoder->producer[raw->signal_semaphore] &&
	    decoder->producer[raw->signal_semaphore] != producer)
		return SILICON_REFUSED_SIGNAL;
	decoder->producer[raw->signal_semaphore] = producer;
	out->signal_increment = raw->signal_increment;
	out->signal_semaphore = raw->signal_semaphore;
	return SILICON_REFUSED_NONE;
}

static enum silicon_refusal decode_loop(struct silicon_decoder *decoder, u16 opcode,
					const struct pumori_isa_control *raw,
					struct silicon_control *out)
{
	if (opcode == PUMORI_ISA_LOOP_BEGIN) {
		if (raw->level != decoder->depth || decoder->depth >= PUMORI_ISA_LOOP_LEVELS)
			return SILICON_REFUSED_LOOP;
		decoder->loop_begin[decoder->depth] = decoder->index;
		decoder->loop_count[decoder->depth] = raw->count;
		decoder->depth++;
		out->count = raw->count;
	} else {
		if (!decoder->depth || raw->level != decoder->depth - 1)
			return SILICON_REFUSED_LOOP;
		decoder->depth--;
		out->target = decoder->loop_begin[decoder->depth] + 1;
	}
	out->level = raw->level;
	return SILICON_REFUSED_NONE;
}

/* Integer operations that a sequencer has: everything but what needs a floating point unit. */
static bool sequencer_operation(u8 operation)
{
	switch (operation) {
#define ROW(name, value, mnemonic) case value:
	PUMORI_ISA_ALU_OPS(ROW)
#undef ROW
		return operation != PUMORI_ISA_ALU_POWER;
	default:
		return false;
	}
}

/* Which fields a control opcode uses: the others must be zero. */
#define USES_LEVEL	(1u << 0)
#define USES_REGISTER	(1u << 1)	/* use_register, and source or source2 with it */
#define USES_COMPARE	(1u << 2)
#define USES_OPERATION	(1u << 3)
#define USES_DESTINATION (1u << 4)
#define USES_SOURCE	(1u << 5)
#define USES_COUNT	(1u << 6)
#define USES_TARGET	(1u << 7)
#define USES_IMMEDIATE	(1u << 8)
#define USES_OPERAND	(1u << 9)

static u32 fields_of(u16 opcode)
{
	switch (opcode) {
	case PUMORI_ISA_LOOP_BEGIN:
		return USES_LEVEL | USES_REGISTER | USES_COUNT | USES_SOURCE;
	case PUMORI_ISA_LOOP_END:
		return USES_LEVEL;
	case PUMORI_ISA_BRANCH:
		return USES_REGISTER | USES_COMPARE | USES_SOURCE | USES_TARGET | USES_IMMEDIATE;
	case PUMORI_ISA_REGISTER_SET:
		return USES_DESTINATION | USES_IMMEDIATE;
	case PUMORI_ISA_REGISTER_ALU:
		return USES_REGISTER | USES_OPERATION | USES_DESTINATION | USES_SOURCE |
		       USES_IMMEDIATE;
	case PUMORI_ISA_REGISTER_LOAD:
		return USES_DESTINATION | USES_OPERAND;
	case PUMORI_ISA_REGISTER_SCALAR:
		return USES_DESTINATION | USES_IMMEDIATE;
	default:
		return 0;
	}
}

static bool unused_fields_zero(u32 uses, const struct pumori_isa_control *raw)
{
	return !raw->reserved && !raw->reserved2 && (uses & USES_LEVEL || !raw->level) &&
	       (uses & USES_REGISTER || (!raw->use_register && !raw->source2)) &&
	       (uses & USES_COMPARE || !raw->compare) &&
	       (uses & USES_OPERATION || !raw->operation) &&
	       (uses & USES_DESTINATION || !raw->destination) &&
	       (uses & USES_SOURCE || !raw->source) && (uses & USES_COUNT || !raw->count) &&
	       (uses & USES_TARGET || !raw->target) && (uses & USES_IMMEDIATE || !raw->immediate) &&
	       (uses & USES_OPERAND || silicon_all_zero(&raw->operand, sizeof(raw->operand)));
}

enum silicon_refusal silicon_decode_control(struct silicon_decoder *decoder, u16 opcode,
					    const struct pumori_isa_control *raw,
					    struct silicon_control *out)
{
	enum silicon_refusal refusal;

	if (!unused_fields_zero(fields_of(opcode), raw))
		return SILICON_REFUSED_RESERVED;
	if (raw->use_register > 1 || raw->compare > PUMORI_ISA_COMPARE_GREATER_EQUAL ||
	    raw->destination >= PUMORI_ISA_REGISTERS || raw->source >= PUMORI_ISA_REGISTERS ||
	    raw->source2 >= PUMORI_ISA_REGISTERS)
		return SILICON_REFUSED_REGISTER;
	out->use_register = raw->use_register;
	out->compare = raw->compare;
	out->operation = raw->operation;
	out->destination = raw->destination;
	out->source = raw->source;
	out->source2 = raw->source2;
	out->immediate = raw->immediate;

	switch (opcode) {
	case PUMORI_ISA_LOOP_BEGIN:
		if (raw->source2 || (!raw->use_register && raw->source))
			return SILICON_REFUSED_RESERVED;
		return decode_loop(decoder, opcode, raw, out);
	case PUMORI_ISA_LOOP_END:
		return decode_loop(decoder, opcode, raw, out);
	case PUMORI_ISA_BRANCH:
		if (raw->use_register ? raw->immediate != 0 : raw->source2 != 0)
			return SILICON_REFUSED_RESERVED;
		if (raw->compare == PUMORI_ISA_COMPARE_ALWAYS &&
		    (raw->use_register || raw->source || raw->immediate))
			return SILICON_REFUSED_RESERVED;
		if (raw->target >= decoder->count)
			return SILICON_REFUSED_BRANCH;
		out->target = decoder->first + raw->target;
		return SILICON_REFUSED_NONE;
	case PUMORI_ISA_REGISTER_ALU:
		if (raw->use_register ? raw->immediate != 0 : raw->source2 != 0)
			return SILICON_REFUSED_RESERVED;
		return sequencer_operation(raw->operation) ? SILICON_REFUSED_NONE :
							     SILICON_REFUSED_REGISTER;
	case PUMORI_ISA_REGISTER_LOAD:
		refusal = silicon_decode_operand(decoder, &raw->operand, false, &out->operand);
		if (refusal)
			return refusal;
		if (raw->operand.space != PUMORI_ISA_SBUF)
			return SILICON_REFUSED_SPACE;
		return raw->operand.dtype == PUMORI_ISA_INT32 ? SILICON_REFUSED_NONE :
								SILICON_REFUSED_DTYPE;
	case PUMORI_ISA_REGISTER_SCALAR:
		return raw->immediate >= 0 && (u32)raw->immediate < decoder->scalars &&
		       (u32)raw->immediate < PUMORI_ISA_SCALARS ?
		       SILICON_REFUSED_NONE : SILICON_REFUSED_REGISTER;
	default:
		return SILICON_REFUSED_NONE;
	}
}

/* Bytes of the union that the format does not reach. */
static bool tail_zero(const struct pumori_isa_instruction *raw, u8 format)
{
	size_t used = format == PUMORI_ISA_FORMAT_COMPUTE ? sizeof(raw->compute) :
		      format == PUMORI_ISA_FORMAT_DMA ? sizeof(raw->dma) : sizeof(raw->control);

	return silicon_all_zero(raw->bytes + used, sizeof(raw->bytes) - used);
}

static bool ends_stream(const struct silicon_instruction *out)
{
	return out->opcode == PUMORI_ISA_END || (out->opcode == PUMORI_ISA_BRANCH &&
						 out->control.compare == PUMORI_ISA_COMPARE_ALWAYS);
}

static u32 dma_cycles(const struct silicon_dma *dma)
{
	u64 bytes = (u64)dma->elements * SILICON_MAX(dma->destination.size, dma->source.size);
	u64 cycles = silicon_dma_cycles(bytes);

	return cycles > 0xffffffffu ? 0xffffffffu : (u32)cycles;
}

enum silicon_refusal silicon_decode(struct silicon_decoder *decoder,
				    const struct pumori_isa_instruction *raw,
				    struct silicon_instruction *out)
{
	const struct opcode_row *row;
	enum silicon_refusal refusal;
	u32 engine, depth = decoder->depth;
	u64 cycles;

	memset(out, 0, sizeof(*out));
	if (raw->opcode >= PUMORI_ISA_OPCODE_LIMIT)
		return SILICON_REFUSED_OPCODE;
	row = &opcodes[silicon_clamp(raw->opcode, PUMORI_ISA_OPCODE_LIMIT)];
	if (!row->present)
		return SILICON_REFUSED_OPCODE;
	engine = SILICON_MIN(decoder->stream, (u32)PUMORI_ISA_DMA0);
	if (!(row->streams & 1u << engine))
		return SILICON_REFUSED_ENGINE;
	if (raw->flags & ~PUMORI_ISA_FLAGS)
		return SILICON_REFUSED_FLAGS;
	if (raw->reserved || !tail_zero(raw, row->format))
		return SILICON_REFUSED_RESERVED;
	out->opcode = (u8)raw->opcode;
	out->format = row->format;
	out->flags = raw->flags;
	if (depth)
		out->body = decoder->loop_begin[depth - 1] + 1;

	refusal = decode_wait(decoder, &raw->wait[0], raw->flags & PUMORI_ISA_WAIT0, &out->wait[0]);
	if (refusal)
		return refusal;
	refusal = decode_wait(decoder, &raw->wait[1], raw->flags & PUMORI_ISA_WAIT1, &out->wait[1]);
	if (refusal)
		return refusal;
	refusal = decode_signal(decoder, raw, out);
	if (refusal)
		return refusal;

	switch (row->format) {
	case PUMORI_ISA_FORMAT_COMPUTE:
		refusal = silicon_decode_compute(decoder, raw->opcode, &raw->compute, &out->compute);
		if (refusal)
			return refusal;
		cycles = silicon_compute_cycles(raw->opcode, &raw->compute);
		out->cycles = cycles > 0xffffffffu ? 0xffffffffu : (u32)cycles;
		break;
	case PUMORI_ISA_FORMAT_DMA:
		refusal = silicon_decode_dma(decoder, raw->opcode, &raw->dma, &out->dma);
		if (refusal)
			return refusal;
		out->stream = raw->dma.destination.flags & PUMORI_ISA_DMA_STREAM;
		out->cycles = dma_cycles(&out->dma);
		break;
	default:
		refusal = silicon_decode_control(decoder, raw->opcode, &raw->control, &out->control);
		if (refusal)
			return refusal;
		out->cycles = SILICON_CONTROL_CYCLES;
		break;
	}
	if (decoder->index == decoder->first + decoder->count - 1) {
		if (decoder->depth)
			return SILICON_REFUSED_LOOP;
		if (!ends_stream(out))
			return SILICON_REFUSED_FALL_THROUGH;
	}
	return SILICON_REFUSED_NONE;
}
