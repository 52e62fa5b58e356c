// SPDX-License-Identifier: MIT
/* Documentation/isa.md, sections 2 and 4: operands, casts and instructions. */
#include <math.h>
#include <string.h>
#include "oracle.h"

/* A value of any type on its way from one to another. */
struct value {
	int is_float;
	float f;
	__int128 i;
};

unsigned int oracle_size(uint8_t dtype)
{
	switch (dtype) {
	case PUMORI_ISA_INT8: case PUMORI_ISA_UINT8: case PUMORI_ISA_BOOL: return 1;
	case PUMORI_ISA_FP8E4M3: case PUMORI_ISA_FP8E5M2: return 1;
	case PUMORI_ISA_BF16: case PUMORI_ISA_FP16: case PUMORI_ISA_INT16: case PUMORI_ISA_UINT16: return 2;
	case PUMORI_ISA_FP32: case PUMORI_ISA_INT32: case PUMORI_ISA_UINT32: return 4;
	default: return 8;
	}
}

static int is_signed(uint8_t dtype)
{
	return dtype == PUMORI_ISA_INT8 || dtype == PUMORI_ISA_INT16 || dtype == PUMORI_ISA_INT32 ||
	       dtype == PUMORI_ISA_INT64;
}

static int is_narrow(uint8_t dtype)
{
	return dtype == PUMORI_ISA_FP16 || dtype == PUMORI_ISA_FP8E4M3 || dtype == PUMORI_ISA_FP8E5M2;
}

static int is_floating(uint8_t dtype)
{
	return dtype == PUMORI_ISA_FP32 || dtype == PUMORI_ISA_BF16 || is_narrow(dtype);
}

static struct value of_float(float f)
{
	return (struct value){ .is_float = 1, .f = f };
}

static struct value of_integer(__int128 i)
{
	return (struct value){ .i = i };
}

static struct value load(uint8_t dtype, const uint8_t *p)
{
	uint64_t raw = 0;
	unsigned int bits = 8 * oracle_size(dtype);

	memcpy(&raw, p, bits / 8);
	if (dtype == PUMORI_ISA_FP32)
		return of_float(oracle_from_bits((uint32_t)raw));
	if (dtype == PUMORI_ISA_BF16)
		return of_float(oracle_from_bits((uint32_t)raw << 16));
	if (is_narrow(dtype))
		return of_float(oracle_narrow_load(dtype, (uint32_t)raw));
	if (dtype == PUMORI_ISA_BOOL)
		return of_integer(raw != 0);
	if (is_signed(dtype) && raw >> (bits - 1) & 1)
		return of_integer((__int128)raw - ((__int128)1 << bits));
	return of_integer(raw);
}

static float to_float(struct value v)
{
	/* A long double holds 64 bits, so that there is one rounding. */
	return v.is_float ? v.f : (float)(long double)v.i;
}

/* The integer of a type that a value becomes. */
static __int128 to_integer(struct value v, uint8_t dtype)
{
	unsigned int bits = 8 * oracle_size(dtype);
	__int128 range = (__int128)1 << bits, low = is_signed(dtype) ? -(range / 2) : 0, high = low + range - 1;
	__int128 wrapped;

	if (v.is_float) {
		if (isnan(v.f))
			return 0;
		if ((long double)v.f <= (long double)low)
			return low;
		if ((long double)v.f >= (long double)high)
			return high;
		return (__int128)v.f;
	}
	wrapped = v.i & (range - 1);
	return wrapped > high ? wrapped - range : wrapped;
}

static void store(uint8_t dtype, uint8_t *p, struct value v)
{
	uint32_t bits;
	uint64_t raw;

	if (dtype == PUMORI_ISA_FP32) {
		float f = to_float(v);

		raw = isnan(f) ? 0x7fc00000 : oracle_bits(f);
	} else if (dtype == PUMORI_ISA_BF16) {
		float f = to_float(v);

		bits = oracle_bits(f);
		if (isnan(f)) {
			raw = 0x7fc0;
		} else if (fpclassify(f) == FP_SUBNORMAL) {
			raw = bits >> 31 << 15;
		} else {
			uint32_t rest = bits & 0xffff;

			raw = bits >> 16;
			if (rest > 0x8000 || (rest == 0x8000 && raw & 1))
				raw++;
		}
	} else if (is_narrow(dtype)) {
		raw = oracle_narrow_store(dtype, to_float(v));
	} else if (dtype == PUMORI_ISA_BOOL) {
		raw = v.is_float ? v.f != 0 : v.i != 0;
	} else {
		raw = (uint64_t)to_integer(v, dtype);
	}
	memcpy(p, &raw, oracle_size(dtype));
}

/* To the compute type. */
static struct value cast(struct value v, uint8_t compute)
{
	return compute == PUMORI_ISA_FP32 ? of_float(to_float(v)) : of_integer(to_integer(v, compute));
}

int oracle_convert(uint8_t *to, uint8_t to_dtype, const uint8_t *from, uint8_t from_dtype)
{
	struct value v;

	if (to_dtype == from_dtype) {
		memcpy(to, from, oracle_size(to_dtype));
		return 0;
	}
	v = load(from_dtype, from);
	if (!v.is_float && oracle_size(from_dtype) == 8 &&
	    (to_dtype == PUMORI_ISA_INT32 || to_dtype == PUMORI_ISA_UINT32) && to_integer(v, to_dtype) != v.i)
		return 1;
	store(to_dtype, to, v);
	return 0;
}

static __int128 integer_power(__int128 x, __int128 y, uint8_t compute)
{
	__int128 result = 1;

	if (y < 0)
		return x == 1 ? 1 : x == -1 ? (y & 1 ? -1 : 1) : 0;
	for (; y; y >>= 1) {
		if (y & 1)
			result = to_integer(of_integer(result * x), compute);
		x = to_integer(of_integer(x * x), compute);
	}
	return result;
}

static __int128 integer_operation(uint8_t operation, __int128 a, __int128 b, uint8_t compute)
{
	unsigned int width = 8 * oracle_size(compute);
	unsigned int shift = (unsigned int)(b & (width - 1));
	__int128 r;

	switch (operation) {
	case PUMORI_ISA_ALU_BYPASS: return a;
	case PUMORI_ISA_ALU_ADD: return a + b;
	case PUMORI_ISA_ALU_SUBTRACT: return a - b;
	case PUMORI_ISA_ALU_MULTIPLY: return a * b;
	case PUMORI_ISA_ALU_DIVIDE: return b ? a / b : 0;
	case PUMORI_ISA_ALU_MAX: return a > b ? a : b;
	case PUMORI_ISA_ALU_MIN: return a < b ? a : b;
	case PUMORI_ISA_ALU_POWER: return integer_power(a, b, compute);
	case PUMORI_ISA_ALU_MODULO: return b ? a % b : 0;
	case PUMORI_ISA_ALU_MODULO_FLOOR:
		r = b ? a % b : 0;
		return r && (r < 0) != (b < 0) ? r + b : r;
	case PUMORI_ISA_ALU_EQUAL: return a == b;
	case PUMORI_ISA_ALU_NOT_EQUAL: return a != b;
	case PUMORI_ISA_ALU_LESS: return a < b;
	case PUMORI_ISA_ALU_LESS_EQUAL: return a <= b;
	case PUMORI_ISA_ALU_GREATER: return a > b;
	case PUMORI_ISA_ALU_GREATER_EQUAL: return a >= b;
	case PUMORI_ISA_ALU_LOGICAL_AND: return a && b;
	case PUMORI_ISA_ALU_LOGICAL_OR: return a || b;
	case PUMORI_ISA_ALU_LOGICAL_XOR: return !a != !b;
	case PUMORI_ISA_ALU_BIT_AND: return a & b;
	case PUMORI_ISA_ALU_BIT_OR: return a | b;
	case PUMORI_ISA_ALU_BIT_XOR: return a ^ b;
	case PUMORI_ISA_ALU_SHIFT_LEFT: return a * ((__int128)1 << shift);
	case PUMORI_ISA_ALU_SHIFT_RIGHT_LOGICAL: return (a & (((__int128)1 << width) - 1)) >> shift;
	default: return a >> shift;	/* SHIFT_RIGHT_ARITHMETIC */
	}
}

static struct value operation(uint8_t op, struct value a, struct value b, uint8_t compute, int reverse)
{
	struct value left = reverse ? b : a, right = reverse ? a : b;

	if (compute == PUMORI_ISA_FP32)
		return of_float(oracle_float_operation(op, left.f, right.f));
	return cast(of_integer(integer_operation(op, left.i, right.i, compute)), compute);
}

/* What REDUCE and SCAN start from. */
static struct value identity(uint8_t op, uint8_t compute)
{
	int is_float = compute == PUMORI_ISA_FP32;
	__int128 half = is_float ? 0 : (__int128)1 << (8 * oracle_size(compute) - 1);

	switch (op) {
	case PUMORI_ISA_ALU_MULTIPLY: case PUMORI_ISA_ALU_LOGICAL_AND:
		return is_float ? of_float(1) : of_integer(1);
	case PUMORI_ISA_ALU_MAX: return is_float ? of_float(-INFINITY) : of_integer(-half);
	case PUMORI_ISA_ALU_MIN: return is_float ? of_float(INFINITY) : of_integer(half - 1);
	case PUMORI_ISA_ALU_BIT_AND: return of_integer(-1);
	default: return is_float ? of_float(0) : of_integer(0);
	}
}

struct partials {
	struct value value[16];
	unsigned int count;
};

static void partials_add(struct partials *p, uint8_t op, uint8_t compute, struct value v)
{
	unsigned int i = p->count++ % 16;

	if (p->count <= 16)
		p->value[i] = identity(op, compute);
	p->value[i] = operation(op, p->value[i], v, compute, 0);
}

static struct value partials_result(struct partials *p, uint8_t op, uint8_t compute)
{
	for (unsigned int h = 8; h; h /= 2)
		for (unsigned int i = 0; i < h; i++)
			if (i + h < p->count)
				p->value[i] = operation(op, p->value[i], p->value[i + h], compute, 0);
	return p->value[0];
}

static int64_t bound(const struct oracle_machine *machine, uint8_t bind)
{
	if (bind == PUMORI_ISA_BIND_NONE)
		return 0;
	if (bind & 0x40)
		return machine->registers[bind & 0x3f];
	return machine->loop[bind - 1];
}

static unsigned int elements(const struct pumori_isa_operand *o)
{
	unsigned int count = 1;

	for (unsigned int d = 0; d < o->dims; d++)
		count *= o->count[d];
	return count;
}

/* The address of element @index (row-major) in partition @p of an operand. */
static uint8_t *at(const struct oracle_machine *machine, const struct pumori_isa_operand *o, unsigned int p,
		   unsigned int index)
{
	uint8_t *memory = o->space == PUMORI_ISA_PSUM ? machine->psum : machine->sbuf;
	size_t stride = o->space == PUMORI_ISA_PSUM ? machine->psum_stride : machine->sbuf_stride;
	int64_t offset = o->offset, position = 0;

	for (int d = o->dims - 1; d >= 0; d--) {
		position += (int64_t)(index % o->count[d]) * o->step[d];
		index /= o->count[d];
	}
	offset += position * oracle_size(o->dtype);
	for (int b = 0; b < 2; b++)
		offset += bound(machine, o->bind[b]) * o->bind_stride[b];
	return memory + (o->partition_start + p * o->partition_step) * stride + offset;
}

static struct value element(const struct oracle_machine *m, const struct pumori_isa_operand *o, unsigned int p,
			    unsigned int index)
{
	return load(o->dtype, at(m, o, p, index));
}

static void put(struct oracle_machine *m, const struct pumori_isa_compute *c, unsigned int p, unsigned int index,
		struct value v)
{
	uint8_t *to = at(m, &c->out, p, index);

	store(c->out.dtype, to, v);
	if (c->modifiers & PUMORI_ISA_CHECK_NAN && is_floating(c->out.dtype))
		m->nonfinite += !isfinite(load(c->out.dtype, to).f);
}

static struct value immediate(const struct pumori_isa_compute *c, int i)
{
	if (c->compute == PUMORI_ISA_FP32)
		return of_float(oracle_from_bits(c->imm[i]));
	return of_integer((int32_t)c->imm[i]);
}

/* A column if there is one, else an immediate. */
static struct value column(const struct oracle_machine *m, const struct pumori_isa_compute *c, int input, int imm,
			   unsigned int p)
{
	if (c->in[input].space == PUMORI_ISA_UNUSED)
		return immediate(c, imm);
	return cast(element(m, &c->in[input], p, 0), c->compute);
}

static void load_stationary(struct oracle_machine *m, const struct pumori_isa_compute *c)
{
	const struct pumori_isa_operand *in = &c->in[0];
	struct oracle_stationary *s = &m->stationary[c->modifiers & PUMORI_ISA_BUFFER1 ? 1 : 0];
	int transposed = (c->modifiers & PUMORI_ISA_LOAD_TRANSPOSED) != 0;
	unsigned int width = elements(in);

	s->rows = transposed ? width : in->partition_count;
	s->columns = transposed ? in->partition_count : width;
	s->dtype = in->dtype;
	for (unsigned int p = 0; p < in->partition_count; p++)
		for (unsigned int i = 0; i < width; i++) {
			struct value v = element(m, in, p, i);

			s->bits[transposed ? i : p][transposed ? p : i] = v.is_float ? oracle_bits(v.f) : (uint32_t)v.i;
		}
}

static uint32_t zero_point(const struct oracle_machine *m, const struct pumori_isa_compute *c, int input, unsigned int row)
{
	if (c->in[input].space == PUMORI_ISA_UNUSED)
		return c->imm[input - 1];
	return (uint32_t)element(m, &c->in[input], row, 0).i;
}

static void multiply_bytes(struct oracle_machine *m, const struct pumori_isa_compute *c,
			   const struct oracle_stationary *s, unsigned int row, unsigned int n)
{
	uint32_t zs = zero_point(m, c, 1, row), zx = zero_point(m, c, 2, row), acc = 0;
	uint8_t *out = at(m, &c->out, row, n);

	if (c->modifiers & PUMORI_ISA_ACCUMULATE)
		memcpy(&acc, out, sizeof(acc));
	for (unsigned int k = 0; k < s->rows; k++)
		acc += (s->bits[k][row] - zs) * ((uint32_t)element(m, &c->in[0], k, n).i - zx);
	memcpy(out, &acc, sizeof(acc));
}

static void multiply_moving(struct oracle_machine *m, const struct pumori_isa_compute *c)
{
	const struct oracle_stationary *s = &m->stationary[c->modifiers & PUMORI_ISA_BUFFER1 ? 1 : 0];
	unsigned int columns = elements(&c->in[0]);

	for (unsigned int row = 0; row < s->columns; row++)
		for (unsigned int n = 0; n < columns; n++) {
			uint8_t *out = at(m, &c->out, row, n);
			float acc;

			if (c->out.dtype == PUMORI_ISA_INT32) {
				multiply_bytes(m, c, s, row, n);
				continue;
			}
			acc = c->modifiers & PUMORI_ISA_ACCUMULATE ? load(PUMORI_ISA_FP32, out).f : 0.0f;

			for (unsigned int k = 0; k < s->rows; k++) {
				unsigned int pair = k ^ 1;	/* odd before even */

				if (s->dtype == PUMORI_ISA_FP32 || s->dtype == PUMORI_ISA_FP16)
					acc = fmaf(oracle_from_bits(s->bits[k][row]), element(m, &c->in[0], k, n).f, acc);
				else if (pair >= s->rows)
					acc = oracle_bf16_step(oracle_from_bits(s->bits[k][row]),
							       element(m, &c->in[0], k, n).f,
							       oracle_bf16_step(0, 0, acc));
				else
					acc = oracle_bf16_step(oracle_from_bits(s->bits[pair][row]),
							       element(m, &c->in[0], pair, n).f, acc);
			}
			store(PUMORI_ISA_FP32, out, of_float(acc));
		}
}

static struct value elementwise(const struct oracle_machine *m, uint16_t opcode, const struct pumori_isa_compute *c,
				unsigned int p, unsigned int i)
{
	int reverse0 = (c->modifiers & PUMORI_ISA_REVERSE0) != 0, reverse1 = (c->modifiers & PUMORI_ISA_REVERSE1) != 0;
	struct value a, condition = element(m, &c->in[0], p, i);

	if (opcode == PUMORI_ISA_SELECT) {
		int yes = condition.is_float ? condition.f != 0 : condition.i != 0;

		return cast(element(m, &c->in[yes ? 1 : 2], p, i), c->compute);
	}
	a = cast(condition, c->compute);
	if (opcode == PUMORI_ISA_TENSOR_TENSOR)
		return operation(c->op0, a, cast(element(m, &c->in[1], p, i), c->compute), c->compute, reverse0);
	if (opcode == PUMORI_ISA_TENSOR_SCALAR) {
		a = operation(c->op0, a, column(m, c, 1, 0, p), c->compute, reverse0);
		return operation(c->op1, a, column(m, c, 2, 1, p), c->compute, reverse1);
	}
	a = operation(c->op0, a, column(m, c, 2, 0, p), c->compute, reverse0);
	return operation(c->op1, a, cast(element(m, &c->in[1], p, i), c->compute), c->compute, reverse1);
}

/* A parameter of QUANTIZE: one element a partition, or one for each of out's; @imm if there is none. */
static struct value parameter(const struct oracle_machine *m, const struct pumori_isa_operand *o, struct value imm,
			      unsigned int p, unsigned int i)
{
	if (o->space == PUMORI_ISA_UNUSED)
		return imm;
	return element(m, o, p, elements(o) == 1 ? 0 : i);
}

static struct value quantize(const struct oracle_machine *m, const struct pumori_isa_compute *c, unsigned int p,
			     unsigned int i)
{
	float s = parameter(m, &c->in[1], of_float(oracle_from_bits(c->imm[0])), p, i).f, v;
	int bytes = (int)oracle_size(c->out.dtype), low = is_signed(c->out.dtype) ? -(1 << (8 * bytes - 1)) : 0;
	int high = low + (1 << 8 * bytes) - 1, integer = c->in[0].dtype == PUMORI_ISA_INT32;
	__int128 z = (int32_t)c->imm[1];
	struct value x = element(m, &c->in[0], p, i);
	double rounded;

	if (integer) {
		x.i += parameter(m, &c->in[2], of_integer(0), p, i).i;
		x.i = to_integer(x, PUMORI_ISA_INT32);
	} else {
		z = parameter(m, &c->in[2], of_integer(z), p, i).i;
		z = z < low ? low : z > high ? high : z;
	}
	v = c->op0 == PUMORI_ISA_ALU_DIVIDE ? to_float(x) / s : to_float(x) * s;
	if (isnan(v))
		return of_integer((int32_t)c->imm[2]);
	/* Exact: what is not within a double's integers is far outside of the limits. */
	rounded = nearbyint(v) + (double)z;
	if (rounded <= (int32_t)c->imm[2])
		return of_integer((int32_t)c->imm[2]);
	if (rounded >= (int32_t)c->imm[3])
		return of_integer((int32_t)c->imm[3]);
	return of_integer((__int128)rounded);
}

static void reduce(struct oracle_machine *m, const struct pumori_isa_compute *c, unsigned int p)
{
	unsigned int reduced = 1, total = elements(&c->in[0]);

	for (unsigned int d = c->in[0].dims - c->axes; d < c->in[0].dims; d++)
		reduced *= c->in[0].count[d];
	for (unsigned int o = 0; o < total / reduced; o++) {
		struct partials partials = { .count = 0 };

		for (unsigned int i = 0; i < reduced; i++)
			partials_add(&partials, c->op0, c->compute,
				     cast(element(m, &c->in[0], p, o * reduced + i), c->compute));
		put(m, c, p, o, partials_result(&partials, c->op0, c->compute));
	}
}

static void scan(struct oracle_machine *m, const struct pumori_isa_compute *c, unsigned int p)
{
	unsigned int length = c->in[0].count[c->in[0].dims - 1], total = elements(&c->in[0]);

	for (unsigned int first = 0; first < total; first += length) {
		struct value carry = identity(c->op0, c->compute);

		for (unsigned int step = 0; step < length; step++) {
			unsigned int i = first + (c->modifiers & PUMORI_ISA_SCAN_REVERSE ? length - 1 - step : step);
			struct value before = carry;

			carry = operation(c->op0, carry, cast(element(m, &c->in[0], p, i), c->compute), c->compute, 0);
			put(m, c, p, i, c->modifiers & PUMORI_ISA_SCAN_EXCLUSIVE ? before : carry);
		}
	}
}

static void window(struct oracle_machine *m, uint16_t opcode, const struct pumori_isa_compute *c, unsigned int p)
{
	unsigned int taps = (unsigned int)c->in[0].count[2] * c->in[0].count[3];

	for (unsigned int o = 0; o < elements(&c->out); o++) {
		float acc = opcode == PUMORI_ISA_WINDOW_MAX ? -INFINITY : 0.0f;
		struct value v;

		if (c->modifiers & PUMORI_ISA_ACCUMULATE)
			acc = to_float(element(m, &c->out, p, o));
		else if (opcode == PUMORI_ISA_WINDOW_MULTIPLY && c->in[2].space != PUMORI_ISA_UNUSED)
			acc = to_float(element(m, &c->in[2], p, 0));
		for (unsigned int t = 0; t < taps; t++) {
			float x = to_float(element(m, &c->in[0], p, o * taps + t));

			if (opcode == PUMORI_ISA_WINDOW_MULTIPLY)
				acc = fmaf(x, to_float(element(m, &c->in[1], p, t)), acc);
			else
				acc = opcode == PUMORI_ISA_WINDOW_MAX ? (acc > x ? acc : x) : acc + x;
		}
		v = operation(c->op0, of_float(acc), immediate(c, 0), PUMORI_ISA_FP32,
			      (c->modifiers & PUMORI_ISA_REVERSE0) != 0);
		v = operation(c->op1, v, immediate(c, 1), PUMORI_ISA_FP32, (c->modifiers & PUMORI_ISA_REVERSE1) != 0);
		put(m, c, p, o, v);
	}
}

static void activate(struct oracle_machine *m, const struct pumori_isa_compute *c, unsigned int p)
{
	struct partials partials = { .count = 0 };

	for (unsigned int i = 0; i < elements(&c->out); i++) {
		float v = fmaf(to_float(element(m, &c->in[0], p, i)), column(m, c, 1, 2, p).f, column(m, c, 2, 3, p).f);

		v = oracle_function(c->op0, v, oracle_from_bits(c->imm[0]), oracle_from_bits(c->imm[1]));
		partials_add(&partials, PUMORI_ISA_ALU_ADD, PUMORI_ISA_FP32, of_float(v));
		put(m, c, p, i, of_float(v));
	}
	if (c->accumulator_space != PUMORI_ISA_UNUSED)
		store(PUMORI_ISA_FP32, m->sbuf + (c->out.partition_start + p) * m->sbuf_stride + c->accumulator_offset,
		      partials_result(&partials, PUMORI_ISA_ALU_ADD, PUMORI_ISA_FP32));
}

static struct value iota(const struct pumori_isa_compute *c, unsigned int p, unsigned int i)
{
	if (c->compute == PUMORI_ISA_FP32)
		return of_float(fmaf((float)i, immediate(c, 2).f, fmaf((float)p, immediate(c, 1).f, immediate(c, 0).f)));
	return cast(of_integer(immediate(c, 0).i + p * immediate(c, 1).i + i * immediate(c, 2).i), c->compute);
}

/* GATHER and SCATTER. Returns 1 at the first index out of bounds. */
static int indexed(struct oracle_machine *m, uint16_t opcode, const struct pumori_isa_compute *c, unsigned int p)
{
	const struct pumori_isa_operand *table = opcode == PUMORI_ISA_GATHER ? &c->in[0] : &c->out;

	for (unsigned int i = 0; i < elements(&c->in[1]); i++) {
		__int128 index = element(m, &c->in[1], p, i).i;
		uint8_t *to, *from;

		if (index < 0)
			index += elements(table);
		if (index < 0 || index >= elements(table))
			return 1;
		to = opcode == PUMORI_ISA_GATHER ? at(m, &c->out, p, i) : at(m, &c->out, p, (unsigned int)index);
		from = opcode == PUMORI_ISA_GATHER ? at(m, &c->in[0], p, (unsigned int)index) : at(m, &c->in[0], p, i);
		if (c->modifiers & PUMORI_ISA_SCATTER_ADD)
			store(c->out.dtype, to,
			      operation(PUMORI_ISA_ALU_ADD, cast(load(c->out.dtype, to), c->compute),
					cast(load(c->in[0].dtype, from), c->compute), c->compute, 0));
		else
			memcpy(to, from, oracle_size(c->out.dtype));
	}
	return 0;
}

/* The random bits of an element; @input may hold seeds. */
static uint32_t random_bits(const struct oracle_machine *m, const struct pumori_isa_compute *c, int input, unsigned int p,
			    unsigned int i)
{
	uint32_t seed = c->imm[0];

	if (c->in[input].space != PUMORI_ISA_UNUSED)
		seed = (uint32_t)element(m, &c->in[input], p, 0).i;
	return oracle_random(seed, p, i);
}

static struct value random_element(const struct oracle_machine *m, const struct pumori_isa_compute *c, unsigned int p,
				   unsigned int i)
{
	uint32_t bits = random_bits(m, c, 0, p, i);

	return c->compute == PUMORI_ISA_FP32 ? of_float((float)(bits >> 8) * 0x1p-24f) : of_integer((int32_t)bits);
}

static void copy_element(struct oracle_machine *m, const struct pumori_isa_compute *c, unsigned int p, unsigned int i)
{
	if (c->modifiers & PUMORI_ISA_STOCHASTIC) {
		uint32_t raw = oracle_stochastic_store(c->out.dtype, to_float(element(m, &c->in[0], p, i)),
						       random_bits(m, c, 1, p, i));

		memcpy(at(m, &c->out, p, i), &raw, oracle_size(c->out.dtype));
		if (c->modifiers & PUMORI_ISA_CHECK_NAN)
			m->nonfinite += !isfinite(element(m, &c->out, p, i).f);
		return;
	}
	if (c->out.dtype == c->in[0].dtype) {
		uint8_t *to = at(m, &c->out, p, i);

		memcpy(to, at(m, &c->in[0], p, i), oracle_size(c->out.dtype));
		if (c->modifiers & PUMORI_ISA_CHECK_NAN && is_floating(c->out.dtype))
			m->nonfinite += !isfinite(load(c->out.dtype, to).f);
		return;
	}
	put(m, c, p, i, element(m, &c->in[0], p, i));
}

/* One partition of an instruction that takes partitions one by one. */
static int partition(struct oracle_machine *m, uint16_t opcode, const struct pumori_isa_compute *c, unsigned int p)
{
	switch (opcode) {
	case PUMORI_ISA_REDUCE: reduce(m, c, p); return 0;
	case PUMORI_ISA_SCAN: scan(m, c, p); return 0;
	case PUMORI_ISA_WINDOW_MULTIPLY: case PUMORI_ISA_WINDOW_MAX: case PUMORI_ISA_WINDOW_SUM:
		window(m, opcode, c, p);
		return 0;
	case PUMORI_ISA_ACTIVATE: activate(m, c, p); return 0;
	case PUMORI_ISA_GATHER: case PUMORI_ISA_SCATTER: return indexed(m, opcode, c, p);
	}
	for (unsigned int i = 0; i < elements(&c->out); i++) {
		switch (opcode) {
		case PUMORI_ISA_TRANSPOSE:
			memcpy(at(m, &c->out, p, i), at(m, &c->in[0], i, p), oracle_size(c->out.dtype));
			break;
		case PUMORI_ISA_COPY: copy_element(m, c, p, i); break;
		case PUMORI_ISA_MEMSET: put(m, c, p, i, immediate(c, 0)); break;
		case PUMORI_ISA_QUANTIZE: put(m, c, p, i, quantize(m, c, p, i)); break;
		case PUMORI_ISA_RANDOM: put(m, c, p, i, random_element(m, c, p, i)); break;
		case PUMORI_ISA_IOTA: put(m, c, p, i, iota(c, p, i)); break;
		default: put(m, c, p, i, elementwise(m, opcode, c, p, i));
		}
	}
	return 0;
}

int oracle_compute(struct oracle_machine *machine, const struct pumori_isa_instruction *instruction)
{
	const struct pumori_isa_compute *c = &instruction->compute;
	unsigned int partitions = c->out.partition_count;

	if (instruction->opcode == PUMORI_ISA_LOAD_STATIONARY) {
		load_stationary(machine, c);
		return 0;
	}
	if (instruction->opcode == PUMORI_ISA_MULTIPLY_MOVING) {
		multiply_moving(machine, c);
		return 0;
	}
	for (unsigned int p = 0; p < partitions; p++)
		if (partition(machine, instruction->opcode, c, p))
			return 1;
	return 0;
}
