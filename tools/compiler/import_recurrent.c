// SPDX-License-Identifier: MIT
/*
 * ONNX RNN, GRU and LSTM. The number of steps is static, so they are unrolled; what does not
 * depend on the state, the product of all inputs with the weights, is one product before the loop.
 * With sequence lengths, a step beyond a sequence's end leaves its state and gives zeros.
 */
#include <string.h>

#include "importer.h"

enum cell { RNN, GRU, LSTM };

/* Steps in all directions; more would make absurdly long programs. */
#define MAX_STEPS 4096

struct recurrent {
	struct pumori_importer *importer;
	struct pumori_graph *graph;
	enum cell cell;
	unsigned int gates;
	int64_t steps, batch, inputs, hidden, directions;
	bool reverse_first, batch_first, linear_before_reset;
	struct pumori_activation functions[3];	/* of the direction at hand */
	struct pumori_tensor *x;		/* [steps, batch, inputs] */
	struct pumori_tensor *lengths;		/* int64 [batch, 1], or NULL */
	/* Of the direction at hand. */
	struct pumori_tensor *recurrence;	/* [gates * hidden, hidden] */
	struct pumori_tensor *recurrence_bias;	/* [gates * hidden], or NULL; GRU's own */
	struct pumori_tensor *peepholes;	/* [3 * hidden], or NULL */
	struct pumori_tensor *h, *c;		/* [batch, hidden] */
};

static struct pumori_tensor *add(struct recurrent *r, struct pumori_tensor *a,
				 struct pumori_tensor *b)
{
	return pumori_build_binary(r->graph, PUMORI_BINARY_ADD, a, b);
}

static struct pumori_tensor *multiply(struct recurrent *r, struct pumori_tensor *a,
				      struct pumori_tensor *b)
{
	return pumori_build_binary(r->graph, PUMORI_BINARY_MULTIPLY, a, b);
}

static struct pumori_tensor *apply(struct recurrent *r, unsigned int function,
				   struct pumori_tensor *x)
{
	const struct pumori_activation *f = &r->functions[function];

	return pumori_build_unary(r->graph, f->function, f->alpha, f->beta, x);
}

/* Part @index of the last axis, each of the hidden size. */
static struct pumori_tensor *part(struct recurrent *r, struct pumori_tensor *x, int64_t index)
{
	return x ? pumori_build_slice_axis(r->graph, x, x->type.rank - 1, index * r->hidden, 1,
					   r->hidden) : NULL;
}

/* Element @index of the first axis, without that axis. */
static struct pumori_tensor *element(struct recurrent *r, struct pumori_tensor *x, int64_t index)
{
	if (!x)
		return NULL;
	x = pumori_build_slice_axis(r->graph, x, 0, index, 1, 1);
	return x ? pumori_build_reshape(r->graph, x, x->type.rank - 1, x->type.shape + 1) : NULL;
}

static struct pumori_tensor *product(struct recurrent *r, struct pumori_tensor *a,
				     struct pumori_tensor *b)
{
	union pumori_attributes attributes = {
		.matmul = { .transpose_b = true, .scale = 1 },
	};

	return pumori_build(r->graph, PUMORI_PRIMITIVE_MATMUL, &attributes,
			    (struct pumori_tensor *[]){ a, b }, 2);
}

/* --- one step of each cell; @gates is x's share [batch, gates * hidden] --- */

static void step_rnn(struct recurrent *r, struct pumori_tensor *gates)
{
	r->h = apply(r, 0, add(r, gates, product(r, r->h, r->recurrence)));
}

static void step_gru(struct recurrent *r, struct pumori_tensor *gates)
{
	struct pumori_tensor *weights, *rest, *update, *reset, *candidate, *from_state;
	struct pumori_tensor *bias = r->recurrence_bias;

	weights = pumori_build_slice_axis(r->graph, r->recurrence, 0, 0, 1, 2 * r->hidden);
	rest = pumori_build_slice_axis(r->graph, r->recurrence, 0, 2 * r->hidden, 1, r->hidden);
	from_state = product(r, r->h, weights);
	if (bias)
		from_state = add(r, from_state, pumori_build_slice_axis(r->graph, bias, 0, 0, 1,
									2 * r->hidden));
	update = apply(r, 0, add(r, part(r, gates, 0), part(r, from_state, 0)));
	reset = apply(r, 0, add(r, part(r, gates, 1), part(r, from_state, 1)));
	if (r->linear_before_reset) {
		candidate = product(r, r->h, rest);
		if (bias)
			candidate = add(r, candidate, part(r, bias, 2));
		candidate = multiply(r, reset, candidate);
	} else {
		candidate = product(r, multiply(r, reset, r->h), rest);
		if (bias)
			candidate = add(r, candidate, part(r, bias, 2));
	}
	candidate = apply(r, 1, add(r, part(r, gates, 2), candidate));
	/* (1 - update) * candidate + update * h */
	r->h = add(r, candidate,
		   multiply(r, update, pumori_build_binary(r->graph, PUMORI_BINARY_SUBTRACT, r->h,
							   candidate)));
}

static struct pumori_tensor *peep(struct recurrent *r, struct pumori_tensor *gate,
				  int64_t peephole, struct pumori_tensor *c)
{
	return r->peepholes ? add(r, gate, multiply(r, c, part(r, r->peepholes, peephole))) : gate;
}

static void step_lstm(struct recurrent *r, struct pumori_tensor *gates)
{
	struct pumori_tensor *in, *out, *forget, *cell;

	gates = add(r, gates, product(r, r->h, r->recurrence));
	in = apply(r, 0, peep(r, part(r, gates, 0), 0, r->c));
	forget = apply(r, 0, peep(r, part(r, gates, 2), 2, r->c));
	cell = apply(r, 1, part(r, gates, 3));
	r->c = add(r, multiply(r, forget, r->c), multiply(r, in, cell));
	out = apply(r, 0, peep(r, part(r, gates, 1), 1, r->c));
	r->h = multiply(r, out, apply(r, 2, r->c));
}

/* Keep the old state where the sequence has ended. */
static struct pumori_tensor *keep(struct recurrent *r, struct pumori_tensor *active,
				  struct pumori_tensor *new, struct pumori_tensor *old)
{
	return active && new ? pumori_build_select(r->graph, active, new, old) : NULL;
}

/* The step at time @t; gives what the output holds there. */
static struct pumori_tensor *step(struct recurrent *r, struct pumori_tensor *gates, int64_t t)
{
	struct pumori_tensor *h = r->h, *c = r->c, *active, *zero;

	gates = element(r, gates, t);
	if (r->cell == RNN)
		step_rnn(r, gates);
	else if (r->cell == GRU)
		step_gru(r, gates);
	else
		step_lstm(r, gates);
	if (!r->lengths || !r->h)
		return r->h;
	active = pumori_build_binary_scalar(r->graph, PUMORI_BINARY_GREATER, r->lengths, t);
	zero = pumori_graph_add_scalar(r->graph, r->h->type.element, 0);
	r->h = keep(r, active, r->h, h);
	if (r->cell == LSTM)
		r->c = keep(r, active, r->c, c);
	return keep(r, active, r->h, zero);
}

/* --- reading the node --- */

static bool read_function(struct pumori_importer *importer, const ProtobufCBinaryData *name,
			  struct pumori_activation *function)
{
	static const struct {
		const char *name;
		struct pumori_activation function;
	} known[] = {
		{ "Relu", { PUMORI_UNARY_RELU, 0, 0 } },
		{ "Tanh", { PUMORI_UNARY_TANH, 0, 0 } },
		{ "Sigmoid", { PUMORI_UNARY_SIGMOID, 0, 0 } },
		{ "HardSigmoid", { PUMORI_UNARY_HARD_SIGMOID, 0.2f, 0.5f } },
		{ "LeakyRelu", { PUMORI_UNARY_LEAKY_RELU, 0.01f, 0 } },
		{ "Elu", { PUMORI_UNARY_ELU, 1, 0 } },
		{ "Softplus", { PUMORI_UNARY_SOFTPLUS, 0, 0 } },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (name->len != strlen(known[i].name) ||
		    memcmp(name->data, known[i].name, name->len))
			continue;
		*function = known[i].function;
		return true;
	}
	pumori_refuse(importer, "this activation is not supported");
	return false;
}

static bool read_functions(struct recurrent *r, int64_t direction)
{
	const Onnx__AttributeProto *names = pumori_attribute(r->importer, "activations");
	unsigned int count = r->cell == RNN ? 1 : r->cell == GRU ? 2 : 3;

	r->functions[0].function = r->cell == RNN ? PUMORI_UNARY_TANH : PUMORI_UNARY_SIGMOID;
	r->functions[1].function = r->functions[2].function = PUMORI_UNARY_TANH;
	if (!names)
		return true;
	if (names->n_strings != count * (size_t)r->directions) {
		pumori_reject(r->importer, "%zu activations", names->n_strings);
		return false;
	}
	for (unsigned int i = 0; i < count; i++)
		if (!read_function(r->importer, &names->strings[direction * count + i],
				   &r->functions[i]))
			return false;
	return true;
}

static bool has_shape(const struct pumori_tensor *tensor, unsigned int rank, const int64_t *shape)
{
	struct pumori_tensor_type type = { .rank = rank };

	memcpy(type.shape, shape, rank * sizeof(*shape));
	return !tensor || pumori_shape_equal(&tensor->type, &type);
}

static bool read_sizes(struct recurrent *r)
{
	struct pumori_importer *importer = r->importer;
	const struct pumori_tensor *x = importer->inputs[0], *w = importer->inputs[1];
	int64_t gates;

	if (x->type.rank != 3 || w->type.rank != 3) {
		pumori_reject(importer, "its input has rank %u", x->type.rank);
		return false;
	}
	r->steps = x->type.shape[r->batch_first];
	r->batch = x->type.shape[!r->batch_first];
	r->inputs = x->type.shape[2];
	r->hidden = importer->inputs[2]->type.rank == 3 ? importer->inputs[2]->type.shape[2] : 0;
	gates = r->gates * r->hidden;
	if (r->hidden < 1 || r->hidden > INT16_MAX || r->steps < 1 || r->batch < 1 ||
	    pumori_attribute_int(importer, "hidden_size", r->hidden) != r->hidden ||
	    !has_shape(importer->inputs[1], 3, (int64_t[]){ r->directions, gates, r->inputs }) ||
	    !has_shape(importer->inputs[2], 3, (int64_t[]){ r->directions, gates, r->hidden }) ||
	    !has_shape(pumori_input(importer, 3), 2, (int64_t[]){ r->directions, 2 * gates }) ||
	    !has_shape(pumori_input(importer, 4), 1, (int64_t[]){ r->batch }) ||
	    !has_shape(pumori_input(importer, 7), 2, (int64_t[]){ r->directions, 3 * r->hidden })) {
		pumori_reject(importer, "the shapes of its inputs do not fit together");
		return false;
	}
	if (r->steps * r->directions > MAX_STEPS) {
		pumori_refuse(importer, "%lld steps, at most %d are supported",
			      (long long)(r->steps * r->directions), MAX_STEPS);
		return false;
	}
	return true;
}

/* The initial state [directions, batch, hidden], or zeros: [batch, hidden] of one direction. */
static struct pumori_tensor *initial(struct recurrent *r, size_t input, int64_t direction)
{
	static const unsigned int batch_last[] = { 1, 0, 2 };
	struct pumori_tensor *state = pumori_input(r->importer, input);
	int64_t shape[3] = { r->directions, r->batch, r->hidden };

	if (!state) {
		state = pumori_graph_add_scalar(r->graph, r->x->type.element, 0);
		return pumori_build_expand(r->graph, state, 2, shape + 1);
	}
	if (r->batch_first && state->type.rank == 3)
		state = pumori_build_transpose(r->graph, state, batch_last);
	if (!has_shape(state, 3, shape)) {
		pumori_reject(r->importer, "the initial state has another shape");
		return NULL;
	}
	return element(r, state, direction);
}

/* x times the weights, with all biases that can be added before the state is known. */
static struct pumori_tensor *input_share(struct recurrent *r, int64_t direction)
{
	struct pumori_tensor *weights = element(r, r->importer->inputs[1], direction);
	struct pumori_tensor *bias = element(r, pumori_input(r->importer, 3), direction), *own;
	int64_t gates = r->gates * r->hidden;
	struct pumori_tensor *result = product(r, r->x, weights);

	r->recurrence = element(r, r->importer->inputs[2], direction);
	r->recurrence_bias = NULL;
	r->peepholes = element(r, pumori_input(r->importer, 7), direction);
	if (!bias)
		return result;
	own = pumori_build_slice_axis(r->graph, bias, 0, 0, 1, gates);
	bias = pumori_build_slice_axis(r->graph, bias, 0, gates, 1, gates);
	if (r->cell == GRU)
		r->recurrence_bias = bias;
	else
		own = add(r, own, bias);
	return add(r, result, own);
}

/* One direction; all[t] receives [1, 1, batch, hidden]. */
static bool run_direction(struct recurrent *r, int64_t direction, struct pumori_tensor **all)
{
	bool reverse = r->reverse_first || direction;
	struct pumori_tensor *gates;

	if (!read_functions(r, direction))
		return false;
	gates = input_share(r, direction);
	r->h = initial(r, 5, direction);
	r->c = r->cell == LSTM ? initial(r, 6, direction) : NULL;
	for (int64_t i = 0; i < r->steps && gates && r->h; i++) {
		int64_t t = reverse ? r->steps - 1 - i : i;
		struct pumori_tensor *out = step(r, gates, t);

		all[t] = pumori_build_reshape(r->graph, out, 4,
					      (int64_t[]){ 1, 1, r->batch, r->hidden });
		if (!all[t])
			return false;
	}
	return gates && r->h;
}

/* [directions, batch, hidden] from the last states, in the layout asked for. */
static struct pumori_tensor *last_states(struct recurrent *r, struct pumori_tensor **states)
{
	static const unsigned int batch_first[] = { 1, 0, 2 };
	struct pumori_tensor *result;

	for (int64_t d = 0; d < r->directions; d++)
		states[d] = pumori_build_reshape(r->graph, states[d], 3,
						 (int64_t[]){ 1, r->batch, r->hidden });
	result = pumori_build_concat(r->graph, 0, states, r->directions);
	return r->batch_first ? pumori_build_transpose(r->graph, result, batch_first) : result;
}

static void run_all(struct recurrent *r)
{
	static const unsigned int batch_first[] = { 2, 0, 1, 3 };
	struct pumori_tensor *all[2][MAX_STEPS], *sums[2], *h[2], *c[2];
	struct pumori_tensor *y;

	for (int64_t d = 0; d < r->directions; d++) {
		if (!run_direction(r, d, all[d]))
			return;
		sums[d] = pumori_build_concat(r->graph, 0, all[d], r->steps);
		h[d] = r->h;
		c[d] = r->c;
	}
	y = pumori_build_concat(r->graph, 1, sums, r->directions);
	r->importer->outputs[0] = r->batch_first ?
				  pumori_build_transpose(r->graph, y, batch_first) : y;
	r->importer->outputs[1] = last_states(r, h);
	if (r->cell == LSTM)
		r->importer->outputs[2] = last_states(r, c);
}

static void import_recurrent(struct pumori_importer *importer, int cell)
{
	static const unsigned int gates[] = { [RNN] = 1, [GRU] = 3, [LSTM] = 4 };
	static const unsigned int time_first[] = { 1, 0, 2 };
	struct recurrent r = {
		.importer = importer, .graph = importer->graph, .cell = cell, .gates = gates[cell],
		.directions = pumori_attribute_is(importer, "direction", "forward",
						  "bidirectional") ? 2 : 1,
		.reverse_first = pumori_attribute_is(importer, "direction", "forward", "reverse"),
		.batch_first = pumori_attribute_int(importer, "layout", 0),
	};

	if (cell == GRU)
		r.linear_before_reset = pumori_attribute_int(importer, "linear_before_reset", 0);
	if (cell == LSTM)
		pumori_attribute_require(importer, "input_forget", 0);
	if (importer->error || !read_sizes(&r))
		return;
	r.x = importer->inputs[0];
	if (r.batch_first)
		r.x = pumori_build_transpose(r.graph, r.x, time_first);
	r.lengths = pumori_input(importer, 4);
	if (r.lengths) {
		if (r.reverse_first || r.directions > 1) {
			pumori_refuse(importer, "sequence lengths with a reverse direction");
			return;
		}
		r.lengths = pumori_build_cast(r.graph, r.lengths, PUMORI_ELEMENT_INT64);
		r.lengths = pumori_build_reshape(r.graph, r.lengths, 2,
						 (int64_t[]){ r.batch, 1 });
		if (!r.lengths)
			return;
	}
	if (r.x)
		run_all(&r);
}

const struct pumori_import_row pumori_import_recurrence[] = {
	{ "GRU", import_recurrent, GRU, 3 },
	{ "LSTM", import_recurrent, LSTM, 3 },
	{ "RNN", import_recurrent, RNN, 3 },
	{ .name = NULL },
};
