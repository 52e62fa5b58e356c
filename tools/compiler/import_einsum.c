// SPDX-License-Identifier: MIT
/*
 * ONNX Einsum. Operands are combined two at a time from the left: labels that nobody asks for any
 * more are summed early, shared ones that somebody does are a batch, and what remains shared is
 * what a matrix product sums over.
 */
#include <string.h>

#include "importer.h"

/* Labels: a-z, A-Z, then the dimensions an ellipsis stands for, aligned at the last. */
#define LETTERS 52
#define LABELS (LETTERS + PUMORI_MAX_RANK)

struct operand {
	struct pumori_tensor *tensor;
	unsigned int rank;
	uint8_t labels[PUMORI_MAX_RANK];
};

static int position(const struct operand *operand, unsigned int label)
{
	for (unsigned int i = 0; i < operand->rank; i++)
		if (operand->labels[i] == label)
			return i;
	return -1;
}

static uint64_t label_set(const struct operand *operand)
{
	uint64_t set = 0;

	for (unsigned int i = 0; i < operand->rank; i++)
		set |= (uint64_t)1 << operand->labels[i];
	return set;
}

static int letter(char c)
{
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	return c >= 'A' && c <= 'Z' ? c - 'A' + 26 : -1;
}

/*
 * Read one term up to a comma, an arrow or the end. @ellipsis is how many dimensions "..." stands
 * for, or -1 if that follows from @rank.
 */
static const char *read_term(struct pumori_importer *importer, const char *at, const char *end,
			     int rank, int ellipsis, struct operand *term)
{
	const char *from = at;
	int letters = 0, dots = 0;

	for (; at < end && *at != ',' && *at != '-'; at++) {
		letters += letter(*at) >= 0;
		dots += *at == '.';
		if (letter(*at) < 0 && *at != '.' && *at != ' ')
			pumori_reject(importer, "the equation has a strange character");
	}
	if (ellipsis < 0)
		ellipsis = dots ? rank - letters : 0;
	if (dots == 0)
		ellipsis = 0;
	if ((dots && dots != 3) || ellipsis < 0 || letters + ellipsis > PUMORI_MAX_RANK ||
	    (rank >= 0 && letters + ellipsis != rank)) {
		pumori_reject(importer, "a term of the equation does not fit its operand");
		return at;
	}
	term->rank = 0;
	for (const char *c = from; c < at; c++) {
		if (letter(*c) >= 0)
			term->labels[term->rank++] = letter(*c);
		if (*c != '.')
			continue;
		for (int i = 0; i < ellipsis; i++)
			term->labels[term->rank++] = LABELS - ellipsis + i;
		while (c + 1 < at && c[1] == '.')
			c++;
	}
	for (unsigned int i = 0; i < term->rank; i++)
		if (position(term, term->labels[i]) != (int)i)
			pumori_refuse(importer, "a diagonal (one label twice in a term)");
	return at;
}

/* Without an arrow: the ellipsis, then every letter that occurs once, in alphabetical order. */
static void implied_result(const struct operand *terms, size_t count, struct operand *result)
{
	unsigned int uses[LABELS] = { 0 };

	for (size_t i = 0; i < count; i++)
		for (unsigned int j = 0; j < terms[i].rank; j++)
			uses[terms[i].labels[j]]++;
	result->rank = 0;
	for (unsigned int label = LETTERS; label < LABELS; label++)
		if (uses[label] && result->rank < PUMORI_MAX_RANK)
			result->labels[result->rank++] = label;
	/* ONNX sorts by character: capitals come first. */
	for (unsigned int i = 0; i < LETTERS; i++) {
		unsigned int label = (i + 26) % LETTERS;

		if (uses[label] == 1 && result->rank < PUMORI_MAX_RANK)
			result->labels[result->rank++] = label;
	}
}

/* Sum over every label outside @needed. */
static void sum_out(struct pumori_graph *graph, struct operand *operand, uint64_t needed)
{
	uint32_t axes = 0;
	unsigned int rank = 0;

	for (unsigned int i = 0; i < operand->rank; i++) {
		if (needed >> operand->labels[i] & 1)
			operand->labels[rank++] = operand->labels[i];
		else
			axes |= (uint32_t)1 << i;
	}
	operand->rank = rank;
	operand->tensor = pumori_build_reduce(graph, PUMORI_REDUCTION_SUM, axes, false,
					      operand->tensor);
}

/* Append the labels of @set in the order @operand has them. */
static void append_labels(struct operand *list, const struct operand *operand, uint64_t set)
{
	for (unsigned int i = 0; i < operand->rank && list->rank < PUMORI_MAX_RANK; i++)
		if (set >> operand->labels[i] & 1)
			list->labels[list->rank++] = operand->labels[i];
}

/* @operand with its axes in the order of @order's labels; those it lacks have extent 1. */
static struct pumori_tensor *arrange(struct pumori_graph *graph, const struct operand *operand,
				     const struct operand *order)
{
	unsigned int permutation[PUMORI_MAX_RANK], rank = 0;
	int64_t shape[PUMORI_MAX_RANK];

	if (!operand->tensor)
		return NULL;
	for (unsigned int i = 0; i < order->rank; i++) {
		int at = position(operand, order->labels[i]);

		shape[i] = at < 0 ? 1 : operand->tensor->type.shape[at];
		if (at >= 0)
			permutation[rank++] = at;
	}
	return pumori_build_reshape(graph, pumori_build_transpose(graph, operand->tensor,
								  permutation),
				    order->rank, shape);
}

/* The axes from @first on become two: those before @second, and the rest. */
static struct pumori_tensor *merge(struct pumori_graph *graph, struct pumori_tensor *x,
				   unsigned int first, unsigned int second)
{
	int64_t shape[PUMORI_MAX_RANK] = { 0 };

	if (!x)
		return NULL;
	for (unsigned int i = 0; i < first; i++)
		shape[i] = x->type.shape[i];
	shape[first] = shape[first + 1] = 1;
	for (unsigned int i = first; i < x->type.rank; i++)
		shape[first + (i >= second)] *= x->type.shape[i];
	return pumori_build_reshape(graph, x, first + 2, shape);
}

/* a x b with the labels of @needed left over; the result replaces a. */
static void combine(struct pumori_importer *importer, struct operand *a, struct operand *b,
		    uint64_t needed)
{
	struct pumori_graph *graph = importer->graph;
	uint64_t shared = label_set(a) & label_set(b), batch = shared & needed;
	uint64_t summed = shared & ~needed, free_a, free_b;
	struct operand order_a = { .rank = 0 }, order_b = { .rank = 0 }, result = { .rank = 0 };
	struct pumori_tensor *left, *right;
	unsigned int batches, frees;
	int64_t shape[PUMORI_MAX_RANK];

	sum_out(graph, a, needed | shared);
	sum_out(graph, b, needed | shared);
	free_a = label_set(a) & ~shared;
	free_b = label_set(b) & ~shared;
	batches = __builtin_popcountll(batch);
	frees = batches + __builtin_popcountll(free_a);
	if (batches + 2 > PUMORI_MAX_RANK ||
	    frees + __builtin_popcountll(free_b) > PUMORI_MAX_RANK) {
		pumori_refuse(importer, "too many dimensions");
		return;
	}
	append_labels(&result, a, batch);
	append_labels(&result, a, free_a);
	append_labels(&result, b, free_b);
	if (!summed) {
		result.tensor = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY,
						    arrange(graph, a, &result),
						    arrange(graph, b, &result));
		*a = result;
		return;
	}
	append_labels(&order_a, a, batch);
	order_b = order_a;
	append_labels(&order_a, a, free_a);
	append_labels(&order_a, a, summed);
	append_labels(&order_b, a, summed);
	append_labels(&order_b, b, free_b);
	left = merge(graph, arrange(graph, a, &order_a), batches, frees);
	right = merge(graph, arrange(graph, b, &order_b), batches,
		      batches + __builtin_popcountll(summed));
	result.tensor = pumori_build_matmul(graph, left, right);
	if (!result.tensor)
		return;
	for (unsigned int i = 0; i < result.rank; i++) {
		int at = position(a, result.labels[i]);

		shape[i] = i < batches ? result.tensor->type.shape[i] :
			   at >= 0 ? a->tensor->type.shape[at] :
			   b->tensor->type.shape[position(b, result.labels[i])];
	}
	result.tensor = pumori_build_reshape(graph, result.tensor, result.rank, shape);
	*a = result;
}

/* The equation into terms and a result. */
static bool parse(struct pumori_importer *importer, struct operand *terms, struct operand *result)
{
	const Onnx__AttributeProto *equation = pumori_attribute(importer, "equation");
	size_t count = importer->input_count, read = 0;
	int ellipsis = 0;
	const char *at, *end;

	if (!equation || !equation->s.len) {
		pumori_reject(importer, "the equation is missing");
		return false;
	}
	at = (const char *)equation->s.data;
	end = at + equation->s.len;
	while (read < count && !importer->error) {
		struct operand *term = &terms[read];

		term->tensor = importer->inputs[read++];
		at = read_term(importer, at, end, term->tensor->type.rank, -1, term);
		for (unsigned int i = 0; i < term->rank; i++)
			if (term->labels[i] >= LETTERS && LABELS - term->labels[i] > ellipsis)
				ellipsis = LABELS - term->labels[i];
		if (at >= end || *at != ',')
			break;
		at++;
	}
	if (importer->error)
		return false;
	if (read != count || (at < end && *at == ',')) {
		pumori_reject(importer, "the equation has another number of terms than operands");
		return false;
	}
	if (at >= end)
		implied_result(terms, count, result);
	else if (end - at >= 2 && at[1] == '>')
		at = read_term(importer, at + 2, end, -1, ellipsis, result);
	else
		pumori_reject(importer, "the equation has a strange character");
	if (!importer->error && at < end)
		pumori_reject(importer, "the equation goes on behind its result");
	return !importer->error;
}

static void import_einsum(struct pumori_importer *importer, int parameter)
{
	struct operand terms[PUMORI_IMPORT_MAX_OUTPUTS], result = { .rank = 0 };
	size_t count = importer->input_count;

	(void)parameter;
	memset(terms, 0, sizeof(terms));
	if (count > PUMORI_IMPORT_MAX_OUTPUTS) {
		pumori_refuse(importer, "%zu operands", count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (!importer->inputs[i])
			pumori_reject(importer, "operand %zu is missing", i);
	if (importer->error || !parse(importer, terms, &result))
		return;
	for (size_t i = 1; i < count && !importer->error && terms[0].tensor; i++) {
		uint64_t needed = label_set(&result);

		for (size_t j = i + 1; j < count; j++)
			needed |= label_set(&terms[j]);
		combine(importer, &terms[0], &terms[i], needed);
	}
	if (importer->error || !terms[0].tensor)
		return;
	sum_out(importer->graph, &terms[0], label_set(&result));
	if (label_set(&terms[0]) != label_set(&result)) {
		pumori_reject(importer, "the result has a label that no operand has");
		return;
	}
	importer->outputs[0] = arrange(importer->graph, &terms[0], &result);
}

const struct pumori_import_row pumori_import_einstein[] = {
	{ "Einsum", import_einsum, 0, 1 },
	{ .name = NULL },
};
