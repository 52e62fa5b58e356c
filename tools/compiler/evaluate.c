// SPDX-License-Identifier: MIT
/* Evaluation of nodes and graphs; the primitives themselves are in evaluate_*.c. */
#include <stdlib.h>
#include <string.h>

#include "evaluate_internal.h"

static pumori_evaluator *const evaluators[] = {
#define EVALUATOR_ROW(name, text, minimum, maximum, outputs) pumori_evaluate_##text,
	PUMORI_PRIMITIVES(EVALUATOR_ROW)
};

static bool is_half(enum pumori_element_type element)
{
	return element == PUMORI_ELEMENT_FLOAT16 || element == PUMORI_ELEMENT_BFLOAT16;
}

/* Make @view of @tensor; 16-bit floats get float32 memory of their own, in *owned. */
static int make_view(struct pumori_view *view, void **owned, const struct pumori_tensor *tensor,
		     const void *data)
{
	int64_t count = pumori_type_elements(&tensor->type);

	view->type = tensor->type;
	memcpy(&view->data, &data, sizeof(data));
	if (!is_half(tensor->type.element))
		return 0;
	*owned = malloc(count ? count * sizeof(float) : 1);
	if (!*owned)
		return -ENOMEM;
	view->type.element = PUMORI_ELEMENT_FLOAT32;
	view->data = *owned;
	return 0;
}

static void widen(const struct pumori_view *view, const struct pumori_tensor *tensor,
		  const void *data)
{
	int64_t count = pumori_type_elements(&tensor->type);
	float *wide = view->data;

	for (int64_t i = 0; i < count; i++)
		wide[i] = pumori_load_value(tensor->type.element, data, i);
}

static void narrow(const struct pumori_view *view, const struct pumori_tensor *tensor, void *data)
{
	int64_t count = pumori_type_elements(&tensor->type);
	const float *wide = view->data;

	for (int64_t i = 0; i < count; i++)
		pumori_store_value(tensor->type.element, data, i, wide[i]);
}

int pumori_evaluate_node(const struct pumori_node *node, const void *const *inputs,
			 void *const *outputs, struct pumori_diagnostics *diagnostics)
{
	union pumori_attributes attributes = node->attributes;
	struct pumori_evaluation evaluation = {
		.attributes = &attributes, .input_count = node->input_count,
		.diagnostics = diagnostics,
		.where = { .node = node->origin, .operator_type = node->origin_operator },
	};
	void **owned = calloc(node->input_count + 2, sizeof(*owned));
	int error = 0;

	evaluation.inputs = calloc(node->input_count + 1, sizeof(*evaluation.inputs));
	if (!owned || !evaluation.inputs)
		error = -ENOMEM;
	for (size_t i = 0; !error && i < node->input_count; i++) {
		error = make_view(&evaluation.inputs[i], &owned[i], node->inputs[i], inputs[i]);
		if (!error && owned[i])
			widen(&evaluation.inputs[i], node->inputs[i], inputs[i]);
	}
	for (size_t i = 0; !error && i < node->output_count; i++)
		error = make_view(&evaluation.outputs[i], &owned[node->input_count + i],
				  node->outputs[i], outputs[i]);
	if (node->primitive == PUMORI_PRIMITIVE_CAST && is_half(attributes.cast.element))
		attributes.cast.element = PUMORI_ELEMENT_FLOAT32;
	if (error) {
		error = pumori_out_of_memory(diagnostics);
	} else {
		error = evaluators[node->primitive](&evaluation);
		for (size_t i = 0; !error && i < node->output_count; i++)
			if (owned[node->input_count + i])
				narrow(&evaluation.outputs[i], node->outputs[i], outputs[i]);
	}
	for (size_t i = 0; owned && i < node->input_count + 2; i++)
		free(owned[i]);
	free(owned);
	free(evaluation.inputs);
	return error;
}

/* --- whole graphs --- */

struct graph_values {
	void **data;		/* by tensor->index */
	size_t *uses_left;	/* consumers still to come; memory is freed at none */
	bool *borrowed;		/* bound by the caller, or the constant's own */
};

static int prepare(struct pumori_graph *graph, struct graph_values *values,
		   const struct pumori_binding *inputs, size_t input_count,
		   const struct pumori_binding *outputs, size_t output_count,
		   struct pumori_diagnostics *diagnostics)
{
	for (size_t i = 0; i < graph->tensor_count; i++) {
		struct pumori_tensor *tensor = graph->tensors[i];

		values->uses_left[i] = tensor->consumer_count;
		if (pumori_tensor_is_constant(tensor)) {
			values->data[i] = tensor->data;
			values->borrowed[i] = true;
		}
	}
	for (size_t i = 0; i < input_count; i++) {
		values->data[inputs[i].tensor->index] = inputs[i].data;
		values->borrowed[inputs[i].tensor->index] = true;
	}
	for (size_t i = 0; i < graph->input_count; i++)
		if (!values->data[graph->inputs[i]->index])
			return pumori_error(diagnostics, -EINVAL,
					    &(struct pumori_location){
						    .tensor = graph->inputs[i]->name },
					    NULL, "this input is not bound");
	for (size_t i = 0; i < output_count; i++) {
		size_t index = outputs[i].tensor->index;

		if (outputs[i].tensor->producer) {
			values->data[index] = outputs[i].data;
			values->borrowed[index] = true;
		}
	}
	return 0;
}

static int run_node(const struct pumori_node *node, struct graph_values *values,
		    struct pumori_diagnostics *diagnostics)
{
	const void **inputs = calloc(node->input_count + 1, sizeof(*inputs));
	void *outputs[2] = { NULL, NULL };
	int error = inputs ? 0 : pumori_out_of_memory(diagnostics);

	for (size_t i = 0; !error && i < node->input_count; i++)
		inputs[i] = values->data[node->inputs[i]->index];
	for (size_t i = 0; !error && i < node->output_count; i++) {
		const struct pumori_tensor *tensor = node->outputs[i];

		if (!values->data[tensor->index]) {
			size_t bytes = pumori_type_bytes(&tensor->type);

			values->data[tensor->index] = malloc(bytes ? bytes : 1);
			if (!values->data[tensor->index])
				error = pumori_out_of_memory(diagnostics);
		}
		outputs[i] = values->data[tensor->index];
	}
	if (!error)
		error = pumori_evaluate_node(node, inputs, outputs, diagnostics);
	for (size_t i = 0; !error && i < node->input_count; i++) {
		size_t index = node->inputs[i]->index;

		if (--values->uses_left[index] || values->borrowed[index])
			continue;
		free(values->data[index]);
		values->data[index] = NULL;
	}
	free(inputs);
	return error;
}

int pumori_evaluate_graph(struct pumori_graph *graph, const struct pumori_binding *inputs,
			  size_t input_count, const struct pumori_binding *outputs,
			  size_t output_count, struct pumori_diagnostics *diagnostics)
{
	struct graph_values values = {
		.data = calloc(graph->tensor_count + 1, sizeof(*values.data)),
		.uses_left = calloc(graph->tensor_count + 1, sizeof(*values.uses_left)),
		.borrowed = calloc(graph->tensor_count + 1, sizeof(*values.borrowed)),
	};
	int error = 0;

	pumori_graph_number(graph);
	if (!values.data || !values.uses_left || !values.borrowed)
		error = pumori_out_of_memory(diagnostics);
	if (!error)
		error = prepare(graph, &values, inputs, input_count, outputs, output_count,
				diagnostics);
	for (struct pumori_node *node = graph->first; !error && node; node = node->next)
		error = run_node(node, &values, diagnostics);
	/* Wanted tensors that no node produces: inputs and constants. */
	for (size_t i = 0; !error && i < output_count; i++)
		if (!outputs[i].tensor->producer)
			memcpy(outputs[i].data, values.data[outputs[i].tensor->index],
			       pumori_type_bytes(&outputs[i].tensor->type));
	for (size_t i = 0; values.data && values.borrowed && i < graph->tensor_count; i++)
		if (!values.borrowed[i])
			free(values.data[i]);
	free(values.data);
	free(values.uses_left);
	free(values.borrowed);
	return error;
}
