/* SPDX-License-Identifier: MIT */
/*
 * What an import function sees: one ONNX node, its inputs as graph tensors, its attributes, and a
 * place for its outputs. It builds primitives with build.h and sets importer->outputs[].
 *
 * Errors stick: an accessor or pumori_refuse() records one and the driver stops after the
 * function. Accessors return defaults and build.h passes NULL through, so most functions need no
 * check of their own. Attributes that a function never asks for are refused by the driver.
 */
#ifndef PUMORI_COMPILER_IMPORTER_H
#define PUMORI_COMPILER_IMPORTER_H

#include <errno.h>

#include "build.h"
#include "import.h"
#include "onnx_file.h"

#define PUMORI_IMPORT_MAX_OUTPUTS 64
/* Most elements of a constant that an operator makes out of a few numbers. */
#define PUMORI_IMPORT_MAX_MADE (1 << 24)

/* The values of one ONNX graph by name; a subgraph sees those around it too. */
struct pumori_scope {
	struct pumori_string_map values;
	const struct pumori_scope *outer;
};

struct pumori_importer {
	struct pumori_graph *graph;
	struct pumori_diagnostics *diagnostics;
	const struct pumori_import_options *options;
	int64_t opset;
	struct pumori_scope *scope;		/* of the graph whose nodes are imported */
	unsigned int subgraph_depth;
	unsigned int subgraph_nodes;		/* imported out of subgraphs so far */

	/* The node at hand. */
	const Onnx__NodeProto *node;
	struct pumori_location where;
	struct pumori_tensor **inputs;		/* NULL: absent */
	size_t input_count;
	struct pumori_tensor *outputs[PUMORI_IMPORT_MAX_OUTPUTS];
	uint64_t attributes_used;		/* bit mask over node->attribute */
	int error;
};

typedef void pumori_import_function(struct pumori_importer *importer, int parameter);

/* A row of an operator table; @parameter lets operators share a function. */
struct pumori_import_row {
	const char *name;			/* ONNX operator */
	pumori_import_function *function;
	int parameter;
	unsigned int inputs;			/* how many must be present */
};

/* The tables, one a family; each ends with a row without a name. */
extern const struct pumori_import_row pumori_import_elementwise[];
extern const struct pumori_import_row pumori_import_activation[];
extern const struct pumori_import_row pumori_import_shape[];
extern const struct pumori_import_row pumori_import_index[];
extern const struct pumori_import_row pumori_import_conv[];
extern const struct pumori_import_row pumori_import_matmul[];
extern const struct pumori_import_row pumori_import_reduce[];
extern const struct pumori_import_row pumori_import_normalization[];
extern const struct pumori_import_row pumori_import_constant[];
extern const struct pumori_import_row pumori_import_quantize[];
extern const struct pumori_import_row pumori_import_resize[];
extern const struct pumori_import_row pumori_import_control[];
extern const struct pumori_import_row pumori_import_loops[];
extern const struct pumori_import_row pumori_import_transposed[];
extern const struct pumori_import_row pumori_import_losses[];
extern const struct pumori_import_row pumori_import_recurrence[];
extern const struct pumori_import_row pumori_import_einstein[];

const struct pumori_import_row *pumori_import_find(const char *name);

/* --- refusing --- */

/* The model is right but asks for something not supported. */
void pumori_refuse(struct pumori_importer *importer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The model is wrong. */
void pumori_reject(struct pumori_importer *importer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- attributes --- */

bool pumori_has_attribute(struct pumori_importer *importer, const char *name);
int64_t pumori_attribute_int(struct pumori_importer *importer, const char *name,
			     int64_t value_if_absent);
float pumori_attribute_float(struct pumori_importer *importer, const char *name,
			     float value_if_absent);
/* Does a string attribute have this value? Absent ones have @value_if_absent. */
bool pumori_attribute_is(struct pumori_importer *importer, const char *name,
			 const char *value_if_absent, const char *value);
/* Number of elements, 0 when absent; *values points into the message. */
size_t pumori_attribute_ints(struct pumori_importer *importer, const char *name,
			     const int64_t **values);
size_t pumori_attribute_floats(struct pumori_importer *importer, const char *name,
			       const float **values);
/* The attribute itself, or NULL. */
const Onnx__AttributeProto *pumori_attribute(struct pumori_importer *importer, const char *name);
/* Known, and of no consequence for inference. */
void pumori_attribute_ignore(struct pumori_importer *importer, const char *name);
/* An integer attribute that may only have one value. */
void pumori_attribute_require(struct pumori_importer *importer, const char *name,
			      int64_t value);

/* --- inputs --- */

/* Input number @position, NULL if absent. */
struct pumori_tensor *pumori_input(const struct pumori_importer *importer, size_t position);

/*
 * The elements of a constant integer input (at most @limit), as they steer shapes. Returns the
 * count; -1, with an error, when the input is not constant. Absent inputs give @count_if_absent.
 */
int pumori_input_integers(struct pumori_importer *importer, size_t position, int64_t *values,
			  size_t limit, int count_if_absent);
/* The same of a float input. */
int pumori_input_floats(struct pumori_importer *importer, size_t position, float *values,
			size_t limit, int count_if_absent);

/*
 * Integers that older opsets have as attribute @name and newer ones as input @position.
 * Returns the count, or -1 if absent or (with an error) not constant.
 */
int pumori_integers(struct pumori_importer *importer, const char *name, size_t position,
		    int64_t *values, size_t limit);

/* A possibly negative axis made an index below @rank; an error otherwise (and 0). */
unsigned int pumori_axis(struct pumori_importer *importer, int64_t axis, unsigned int rank);
/* Many of them as a bit mask; twice the same is an error. */
uint32_t pumori_axes(struct pumori_importer *importer, const int64_t *axes, size_t count,
		     unsigned int rank);

/* --- shared by several families --- */

/*
 * Import the nodes of a subgraph, its inputs being @inputs, and find its first @output_count
 * outputs. A subgraph can be imported any number of times.
 */
int pumori_import_subgraph(struct pumori_importer *importer, const Onnx__GraphProto *subgraph,
			   struct pumori_tensor *const *inputs, size_t input_count,
			   struct pumori_tensor **outputs, size_t output_count);

/*
 * The nodes behind @before (NULL: all) belong to a part of the model that counts only where
 * @condition, a scalar bool, is true (or, inverted, false). They run all the same, so what could
 * fault for nothing must not: indices that depend on data become 0 where the part does not count.
 */
int pumori_import_predicate(struct pumori_importer *importer, struct pumori_node *before,
			    struct pumori_tensor *condition, bool inverted);

/* x in the shape of one axis of a tensor of @rank: [n] becomes [1, n, 1, 1]. */
struct pumori_tensor *pumori_along_axis(struct pumori_importer *importer, struct pumori_tensor *x,
					unsigned int axis, unsigned int rank);

#endif
