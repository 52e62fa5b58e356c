/* SPDX-License-Identifier: MIT */
/* Building ONNX models in tests, by hand: the bytes the compiler reads. */
#ifndef PUMORI_TESTS_COMPILER_MODEL_H
#define PUMORI_TESTS_COMPILER_MODEL_H

#include "import.h"
#include "onnx.pb-c.h"

struct model {
	Onnx__ModelProto proto;
	Onnx__GraphProto graph;
	Onnx__GraphProto *into;	/* what is built: the graph, or a subgraph of it */
	void **owned;		/* everything else, freed together */
	size_t owned_count;
	void *bytes;		/* of model_bytes() */
	size_t size;
};

/* Names are not copied: string literals. Allocation failures abort the test. */
void model_init(struct model *model, int64_t opset);
void model_release(struct model *model);

/* A dimension of -1 is dynamic. */
void model_input(struct model *model, const char *name, int32_t element, unsigned int rank,
		 const int64_t *shape);
void model_output(struct model *model, const char *name);
Onnx__TensorProto *model_floats(struct model *model, const char *name, unsigned int rank,
				const int64_t *shape, const float *values);
/* uint8 */
Onnx__TensorProto *model_bytes(struct model *model, const char *name, unsigned int rank,
			       const int64_t *shape, const uint8_t *values);
Onnx__TensorProto *model_integers(struct model *model, const char *name, size_t count,
				  const int64_t *values);

/* A node; inputs and outputs are lists like "x,w", an empty name is an absent input. */
Onnx__NodeProto *model_node(struct model *model, const char *type, const char *inputs,
			    const char *outputs);
Onnx__AttributeProto *model_int(struct model *model, Onnx__NodeProto *node, const char *name,
				int64_t value);
/* What follows builds the subgraph @name of @node, until model_end_graph(). */
void model_begin_graph(struct model *model, Onnx__NodeProto *node, const char *name);
void model_end_graph(struct model *model);
void model_float(struct model *model, Onnx__NodeProto *node, const char *name, float value);
void model_ints(struct model *model, Onnx__NodeProto *node, const char *name, size_t count,
		const int64_t *values);
void model_string(struct model *model, Onnx__NodeProto *node, const char *name,
		  const char *value);

/* Serialise into model->bytes and model->size. */
void model_pack(struct model *model);

/* Pack and import without options; the graph or NULL. */
struct pumori_graph *model_import(struct model *model, struct pumori_diagnostics *diagnostics);

/*
 * Evaluate a graph of one float input and one float output on pseudo-random numbers in [-4, 4).
 * The result is the caller's.
 */
float *model_evaluate(struct pumori_graph *graph, struct pumori_diagnostics *diagnostics);

#endif
