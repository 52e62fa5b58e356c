/* SPDX-License-Identifier: MIT */
/*
 * Graph IR: tensors with static shapes, and a list of nodes in topological order.
 *
 * Invariants (checked by pumori_graph_verify()):
 *  - a tensor has at most one producer; inputs and constants have none, outputs have one;
 *  - a node stands after the producers of all its inputs;
 *  - the types and shapes of a node's outputs are what its shape rule gives;
 *  - a consumer is listed once for every use.
 *
 * A graph owns its tensors, nodes, constant data and strings. Nothing here is thread safe; two
 * graphs are independent.
 */
#ifndef PUMORI_COMPILER_GRAPH_H
#define PUMORI_COMPILER_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "diagnostics.h"
#include "operators.h"
#include "string_map.h"

#define PUMORI_MAX_RANK 8

/* No tensor may be larger than this; every size computation stays far from overflow. */
#define PUMORI_MAX_TENSOR_BYTES ((uint64_t)1 << 40)

enum pumori_tensor_kind {
	PUMORI_TENSOR_INPUT,		/* bound by the application */
	PUMORI_TENSOR_OUTPUT,		/* produced by a node, read by the application (and maybe nodes) */
	PUMORI_TENSOR_CONSTANT,		/* @data is valid */
	PUMORI_TENSOR_INTERMEDIATE,
};

/* Element type and static shape, row-major, no padding. Rank 0 is a scalar; an extent may be 0. */
struct pumori_tensor_type {
	enum pumori_element_type element;
	unsigned int rank;
	int64_t shape[PUMORI_MAX_RANK];
};

struct pumori_node;

struct pumori_tensor {
	char *name;			/* ONNX name where there is one; unique in the graph */
	enum pumori_tensor_kind kind;
	struct pumori_tensor_type type;
	void *data;			/* constants: pumori_type_bytes(&type) bytes, owned */
	struct pumori_node *producer;
	struct pumori_node **consumers;	/* one entry a use */
	size_t consumer_count;
	size_t consumer_capacity;
	size_t index;			/* position in graph->tensors; see pumori_graph_number() */
};

/* A function applied to a result before it is stored. IDENTITY: none. */
struct pumori_activation {
	enum pumori_unary function;
	float alpha;
	float beta;
};

/*
 * Attributes, one structure a primitive that has any (the member is named after the primitive).
 * Axes are always normalised (0 <= axis < rank). Shapes of results follow from inputs and
 * attributes alone.
 */
union pumori_attributes {
	/* CAST: (x). Float to integer truncates and saturates; to bool is x != 0. */
	struct {
		enum pumori_element_type element;
	} cast;

	/* UNARY: (x). */
	struct pumori_activation unary;

	/*
	 * BINARY: (a, b), both of one element type, broadcast as numpy does.
	 * SELECT (no attributes): (condition: bool, a, b), broadcast likewise.
	 */
	struct {
		enum pumori_binary function;
		struct pumori_activation activation;	/* on the result; floats only */
	} binary;

	/*
	 * QUANTIZE: (x, scale float32, zero int32, in the range of the result), both broadcast to
	 * x. Result: int8 or uint8, saturate(nearest_even(x / scale) + zero), NaN giving the
	 * smallest value; with @multiply x * scale instead. x is a float, or int32, rounded to float32 first.
	 */
	struct {
		enum pumori_element_type element;
		bool multiply;
	} quantize;

	/*
	 * MATMUL: (a [.., M, K], b [.., K, N], bias [N] optional), batch dimensions broadcast,
	 * both ranks at least 2; with transpose_a, a is [.., K, M]; with transpose_b, b is
	 * [.., N, K]. Result: activation(scale * (a x b) + bias). Integers, int32 or bytes of any
	 * signs: exact sums in int32, scale 1. Bytes with a fourth input, a factor (float32, one
	 * element), and a float32 bias: activation(float32(a x b) * factor + bias), float32.
	 */
	struct {
		bool transpose_a;
		bool transpose_b;
		float scale;
		struct pumori_activation activation;
	} matmul;

	/*
	 * CONV2D: (x [N, C, H, W], weight [M, C / groups, KH, KW], bias [M] optional).
	 * pads: top, left, bottom, right; a negative pad crops. groups == C is depthwise.
	 * Integers as in MATMUL.
	 */
	struct {
		int64_t strides[2];
		int64_t pads[4];
		int64_t dilations[2];
		int64_t groups;
		struct pumori_activation activation;
	} conv2d;

	/*
	 * POOL2D: (x [N, C, H, W]). Padding never wins a maximum. An average divides by the
	 * window's size, or, without count_include_pad, by the elements inside the map; the
	 * last excess[] rows and columns of the padding (from rounding the size up) never count.
	 */
	struct {
		enum pumori_reduction function;		/* MAX or MEAN */
		int64_t kernel[2];
		int64_t strides[2];
		int64_t pads[4];			/* excess included */
		int64_t dilations[2];
		int64_t excess[2];
		bool count_include_pad;
	} pool2d;

	/* REDUCE: (x). Reduced axes stay with extent 1; a RESHAPE removes them where asked. */
	struct {
		enum pumori_reduction function;
		uint32_t axes;				/* bit mask, not zero */
	} reduce;

	/* ARG_REDUCE: (x) to int64 indices; the axis stays with extent 1. */
	struct {
		unsigned int axis;
		bool minimum;				/* else maximum */
		bool last;				/* of equal elements take the last */
	} arg_reduce;

	/* SOFTMAX: (x), along one axis; logarithm: log of it. */
	struct {
		unsigned int axis;
		bool logarithm;
	} softmax;

	/*
	 * LAYER_NORM: (x, scale, bias), scale and bias optional with the shape of the normalised
	 * axes axis..rank-1 (bias only with scale).
	 */
	struct {
		unsigned int axis;
		float epsilon;
	} layer_norm;

	/* CUMULATIVE_SUM: (x). */
	struct {
		unsigned int axis;
		bool exclusive;
		bool reverse;
	} cumulative_sum;

	/* TOP_K: (x) to (values, int64 indices), sorted, of equal elements the first wins. */
	struct {
		unsigned int axis;
		int64_t k;
		bool smallest;
	} top_k;

	/* RESHAPE: (x), same elements in the same order: a view. */
	struct {
		unsigned int rank;
		int64_t shape[PUMORI_MAX_RANK];
	} reshape;

	/* TRANSPOSE: (x); result axis i is axis permutation[i] of x. */
	struct {
		unsigned int permutation[PUMORI_MAX_RANK];
	} transpose;

	/* EXPAND: (x), numpy broadcasting to exactly this shape. */
	struct {
		unsigned int rank;
		int64_t shape[PUMORI_MAX_RANK];
	} expand;

	/* CONCAT: (x0, x1, ...). */
	struct {
		unsigned int axis;
	} concat;

	/* SLICE: (x); element i of an axis is start + i * step; all of them lie inside x. */
	struct {
		int64_t starts[PUMORI_MAX_RANK];
		int64_t steps[PUMORI_MAX_RANK];		/* may be negative, never 0 */
		int64_t extents[PUMORI_MAX_RANK];
	} slice;

	/* PAD: (x); amounts are not negative. */
	struct {
		enum pumori_pad_mode {
			PUMORI_PAD_CONSTANT,
			PUMORI_PAD_EDGE,
			PUMORI_PAD_REFLECT,		/* the edge itself is not repeated */
		} mode;
		int64_t before[PUMORI_MAX_RANK];
		int64_t after[PUMORI_MAX_RANK];
		double value;				/* CONSTANT */
	} pad;

	/*
	 * GATHER: (x, indices of any shape), replaces the axis by the shape of indices.
	 * Indices are int32 or int64, negative ones count from the end, others out of range are
	 * an error at run time; so for all gathers and scatters.
	 */
	struct {
		unsigned int axis;
	} gather;

	/* GATHER_ELEMENTS: (x, indices of x's rank). */
	struct {
		unsigned int axis;
	} gather_elements;

	/* GATHER_ND: (x, indices [.., n]). */
	struct {
		unsigned int batch_dimensions;
	} gather_nd;

	/* SCATTER_ELEMENTS: (x, indices, updates of the indices' shape). */
	struct pumori_scatter_attributes {
		unsigned int axis;			/* SCATTER_ND ignores it */
		enum pumori_scatter_mode {
			PUMORI_SCATTER_REPLACE,
			PUMORI_SCATTER_ADD,
			PUMORI_SCATTER_MULTIPLY,
		} mode;
	} scatter_elements;

	/* SCATTER_ND: (x, indices [.., n], updates). */
	struct pumori_scatter_attributes scatter_nd;
};

struct pumori_node {
	enum pumori_primitive primitive;
	union pumori_attributes attributes;
	struct pumori_tensor **inputs;
	size_t input_count;
	struct pumori_tensor *outputs[2];
	size_t output_count;
	const char *origin;		/* ONNX node this comes from; owned by the graph */
	const char *origin_operator;	/* its ONNX operator */
	struct pumori_node *previous;
	struct pumori_node *next;
	size_t index;			/* position in the list; see pumori_graph_number() */
};

enum pumori_cast_mode {
	PUMORI_CAST_FLOAT32,		/* float tensors stay as they are */
	PUMORI_CAST_BFLOAT16,		/* float activations and weights are stored as bfloat16 */
};

/* An input that a device keeps between runs, and the output that is its next value (state.h). */
struct pumori_state {
	size_t input, output;		/* positions in the graph's lists */
	unsigned int stored;		/* the back end's choice, enum pumori_isa_dtype */
};

struct pumori_graph {
	char *name;
	enum pumori_cast_mode cast_mode;
	struct pumori_tensor **tensors;
	size_t tensor_count;
	size_t tensor_capacity;
	struct pumori_tensor **inputs;	/* in the order of the ONNX graph */
	size_t input_count;
	struct pumori_tensor **outputs;
	size_t output_count;
	struct pumori_state *states;
	size_t state_count;
	struct pumori_node *first;
	struct pumori_node *last;
	size_t node_count;

	/* Where pumori_graph_add() inserts (NULL: at the end) and what origin it records. */
	struct pumori_node *insert_before;
	const char *origin;
	const char *origin_operator;

	/*
	 * How many more elements constant folding may compute. It grows with the model's own
	 * constants, so that folding takes time and memory in proportion to the file.
	 */
	uint64_t fold_budget;

	struct pumori_string_map names;		/* tensors by name */
	struct pumori_string_map strings;	/* of pumori_graph_intern() */
	uint64_t fresh_names;
	struct pumori_diagnostics *diagnostics;	/* of whoever created the graph */
};

/* What each element of a model's own constants adds to the budget, and what a graph starts with. */
#define PUMORI_FOLD_BUDGET_ELEMENT 16
#define PUMORI_FOLD_BUDGET_START ((uint64_t)1 << 24)

/* --- types and tables (types.c) --- */

size_t pumori_element_bytes(enum pumori_element_type element);
bool pumori_element_is_float(enum pumori_element_type element);
bool pumori_element_is_signed(enum pumori_element_type element);
const char *pumori_element_name(enum pumori_element_type element);
const char *pumori_primitive_name(enum pumori_primitive primitive);
const char *pumori_unary_name(enum pumori_unary function);
const char *pumori_binary_name(enum pumori_binary function);
const char *pumori_reduction_name(enum pumori_reduction function);

/* Elements and bytes of a valid type (one that pumori_type_check() accepted). */
int64_t pumori_type_elements(const struct pumori_tensor_type *type);
size_t pumori_type_bytes(const struct pumori_tensor_type *type);
/* Is the rank in range, no extent negative, and the size within PUMORI_MAX_TENSOR_BYTES? */
bool pumori_type_check(const struct pumori_tensor_type *type);
bool pumori_type_equal(const struct pumori_tensor_type *a, const struct pumori_tensor_type *b);
bool pumori_shape_equal(const struct pumori_tensor_type *a, const struct pumori_tensor_type *b);
/* Row-major strides in elements; strides[] has room for PUMORI_MAX_RANK. */
void pumori_type_strides(const struct pumori_tensor_type *type, int64_t *strides);
/* "float32[1,3,48,320]" into @text. */
void pumori_type_format(const struct pumori_tensor_type *type, char *text, size_t size);

/* --- building and editing (graph.c) --- */

struct pumori_graph *pumori_graph_create(const char *name,
					 struct pumori_diagnostics *diagnostics);
void pumori_graph_destroy(struct pumori_graph *graph);

/*
 * Tensors. Names are copied; NULL makes a fresh one. NULL is returned, with a diagnostic, when
 * the type is impossible, the name taken, or memory short.
 */
struct pumori_tensor *pumori_graph_add_input(struct pumori_graph *graph, const char *name,
					     const struct pumori_tensor_type *type);
/* @data is copied; NULL gives zeros, to be filled through tensor->data. */
struct pumori_tensor *pumori_graph_add_constant(struct pumori_graph *graph, const char *name,
						const struct pumori_tensor_type *type,
						const void *data);
/* Takes ownership of @data (from malloc) even on failure. */
struct pumori_tensor *pumori_graph_adopt_constant(struct pumori_graph *graph, const char *name,
						  const struct pumori_tensor_type *type,
						  void *data);
/* A constant scalar of a float or integer type. */
struct pumori_tensor *pumori_graph_add_scalar(struct pumori_graph *graph,
					      enum pumori_element_type element, double value);
/* A constant int64 vector. */
struct pumori_tensor *pumori_graph_add_int64s(struct pumori_graph *graph, const int64_t *values,
					      size_t count);
/*
 * Make @tensor an output called @name. A tensor that cannot be one as it is (an input, a constant,
 * already an output) is copied by a COPY node.
 */
int pumori_graph_add_output(struct pumori_graph *graph, struct pumori_tensor *tensor,
			    const char *name);

/* Give a tensor another name, a made-up one if @name is NULL. */
int pumori_graph_rename(struct pumori_graph *graph, struct pumori_tensor *tensor,
			const char *name);

struct pumori_tensor *pumori_graph_find(const struct pumori_graph *graph, const char *name);

/*
 * Add a node at graph->insert_before with graph->origin; its outputs are created with the types
 * the shape rule gives. @attributes may be NULL for primitives without any. NULL inputs at the
 * end are dropped (an absent bias). Returns NULL, with a diagnostic, if the rule refuses.
 */
struct pumori_node *pumori_graph_add(struct pumori_graph *graph, enum pumori_primitive primitive,
				     const union pumori_attributes *attributes,
				     struct pumori_tensor *const *inputs, size_t input_count);

/* Remember a string for the graph's life (equal strings are kept once); NULL when out of memory. */
const char *pumori_graph_intern(struct pumori_graph *graph, const char *text);

/* Replace input number @position of @node. */
int pumori_node_set_input(struct pumori_node *node, size_t position,
			  struct pumori_tensor *tensor);
/* Add an input behind the present ones. */
int pumori_node_append_input(struct pumori_node *node, struct pumori_tensor *tensor);

/*
 * Let everything that reads @old read @new instead, of the same type. If @old is an output,
 * @new becomes that output (under its name) and @old an intermediate.
 */
int pumori_graph_replace(struct pumori_graph *graph, struct pumori_tensor *old,
			 struct pumori_tensor *new);

/* Remove a node none of whose outputs is used; its outputs go too. */
void pumori_graph_remove(struct pumori_graph *graph, struct pumori_node *node);

/* Drop tensors that nothing produces or uses (inputs and outputs stay). */
void pumori_graph_sweep(struct pumori_graph *graph);

/* Renumber tensor->index and node->index densely from 0, for side tables. */
void pumori_graph_number(struct pumori_graph *graph);

/* Re-derive every output type from the shape rules and check all invariants. */
int pumori_graph_verify(struct pumori_graph *graph);

/* Text form, one line a tensor or node. */
void pumori_graph_print(const struct pumori_graph *graph, FILE *stream);
void pumori_node_print(const struct pumori_node *node, FILE *stream);

/* --- small questions passes ask (graph.c) --- */

bool pumori_tensor_is_constant(const struct pumori_tensor *tensor);
/* Used exactly once and not an output. */
bool pumori_tensor_has_one_use(const struct pumori_tensor *tensor);
/* Is this a float constant whose elements all equal one value? */
bool pumori_tensor_is_uniform(const struct pumori_tensor *tensor, double *value);

/* --- shape rules (shape_rules.c) --- */

/*
 * The types of a node's outputs from its inputs' types and its attributes. Returns 0 or negative
 * with a diagnostic that carries @where.
 */
int pumori_infer(enum pumori_primitive primitive, const union pumori_attributes *attributes,
		 const struct pumori_tensor_type *const *inputs, size_t input_count,
		 struct pumori_tensor_type *outputs, struct pumori_diagnostics *diagnostics,
		 const struct pumori_location *where);

/* numpy broadcasting of two shapes; false if they do not fit. The element type is a's. */
bool pumori_broadcast(const struct pumori_tensor_type *a, const struct pumori_tensor_type *b,
		      struct pumori_tensor_type *result);

#endif
