// SPDX-License-Identifier: MIT
/* Building models; see compiler_model.h. */
#include "compiler_model.h"

#include <stdlib.h>
#include <string.h>

#include "evaluate.h"

static void *own(struct model *model, void *memory)
{
	void **owned = realloc(model->owned, (model->owned_count + 1) * sizeof(*owned));

	if (!memory || !owned)
		abort();
	model->owned = owned;
	owned[model->owned_count++] = memory;
	return memory;
}

static void *take(struct model *model, size_t bytes)
{
	return own(model, calloc(1, bytes + 1));
}

/* Append to a repeated field; the old array stays owned until the end. */
static void append(struct model *model, void *array, size_t *count, void *element)
{
	void **grown = take(model, (*count + 1) * sizeof(*grown));
	void **old;

	memcpy(&old, array, sizeof(old));
	if (*count)
		memcpy(grown, old, *count * sizeof(*grown));
	grown[(*count)++] = element;
	memcpy(array, &grown, sizeof(grown));
}

void model_init(struct model *model, int64_t opset)
{
	Onnx__OperatorSetIdProto *set;

	memset(model, 0, sizeof(*model));
	onnx__model_proto__init(&model->proto);
	onnx__graph_proto__init(&model->graph);
	model->proto.graph = model->into = &model->graph;
	model->proto.has_ir_version = true;
	model->proto.ir_version = 8;
	model->graph.name = "test";
	set = take(model, sizeof(*set));
	onnx__operator_set_id_proto__init(set);
	set->has_version = true;
	set->version = opset;
	append(model, &model->proto.opset_import, &model->proto.n_opset_import, set);
}

void model_release(struct model *model)
{
	for (size_t i = 0; i < model->owned_count; i++)
		free(model->owned[i]);
	free(model->owned);
	free(model->bytes);
	memset(model, 0, sizeof(*model));
}

static Onnx__ValueInfoProto *value_info(struct model *model, const char *name)
{
	Onnx__ValueInfoProto *info = take(model, sizeof(*info));

	onnx__value_info_proto__init(info);
	info->name = (char *)name;
	return info;
}

void model_input(struct model *model, const char *name, int32_t element, unsigned int rank,
		 const int64_t *shape)
{
	Onnx__ValueInfoProto *info = value_info(model, name);
	Onnx__TypeProto__Tensor *tensor = take(model, sizeof(*tensor));
	Onnx__TensorShapeProto *dims = take(model, sizeof(*dims));

	info->type = take(model, sizeof(*info->type));
	onnx__type_proto__init(info->type);
	onnx__type_proto__tensor__init(tensor);
	onnx__tensor_shape_proto__init(dims);
	info->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
	info->type->tensor_type = tensor;
	tensor->has_elem_type = true;
	tensor->elem_type = element;
	tensor->shape = dims;
	for (unsigned int i = 0; i < rank; i++) {
		Onnx__TensorShapeProto__Dimension *dim = take(model, sizeof(*dim));

		onnx__tensor_shape_proto__dimension__init(dim);
		if (shape[i] < 0) {
			dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
			dim->dim_param = "batch";
		} else {
			dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
			dim->dim_value = shape[i];
		}
		append(model, &dims->dim, &dims->n_dim, dim);
	}
	append(model, &model->into->input, &model->into->n_input, info);
}

void model_output(struct model *model, const char *name)
{
	append(model, &model->into->output, &model->into->n_output, value_info(model, name));
}

static Onnx__TensorProto *initializer(struct model *model, const char *name, int32_t element,
				      unsigned int rank, const int64_t *shape)
{
	Onnx__TensorProto *tensor = take(model, sizeof(*tensor));

	onnx__tensor_proto__init(tensor);
	tensor->name = (char *)name;
	tensor->has_data_type = true;
	tensor->data_type = element;
	tensor->n_dims = rank;
	tensor->dims = take(model, rank * sizeof(*shape));
	if (rank)
		memcpy(tensor->dims, shape, rank * sizeof(*shape));
	append(model, &model->into->initializer, &model->into->n_initializer, tensor);
	return tensor;
}

Onnx__TensorProto *model_floats(struct model *model, const char *name, unsigned int rank,
				const int64_t *shape, const float *values)
{
	Onnx__TensorProto *tensor = initializer(model, name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
						rank, shape);

	tensor->n_float_data = 1;
	for (unsigned int i = 0; i < rank; i++)
		tensor->n_float_data *= shape[i];
	tensor->float_data = take(model, tensor->n_float_data * sizeof(float));
	memcpy(tensor->float_data, values, tensor->n_float_data * sizeof(float));
	return tensor;
}

Onnx__TensorProto *model_bytes(struct model *model, const char *name, unsigned int rank,
			       const int64_t *shape, const uint8_t *values)
{
	Onnx__TensorProto *tensor = initializer(model, name, ONNX__TENSOR_PROTO__DATA_TYPE__UINT8,
						rank, shape);
	size_t count = 1;

	for (unsigned int i = 0; i < rank; i++)
		count *= shape[i];
	tensor->has_raw_data = true;
	tensor->raw_data.len = count;
	tensor->raw_data.data = take(model, count);
	memcpy(tensor->raw_data.data, values, count);
	return tensor;
}

Onnx__TensorProto *model_integers(struct model *model, const char *name, size_t count,
				  const int64_t *values)
{
	Onnx__TensorProto *tensor = initializer(model, name, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 1,
						(int64_t[]){ (int64_t)count });

	tensor->n_int64_data = count;
	tensor->int64_data = take(model, count * sizeof(*values));
	memcpy(tensor->int64_data, values, count * sizeof(*values));
	return tensor;
}

static void split_names(struct model *model, const char *names, char ***array, size_t *count)
{
	char *copy = own(model, strdup(names));

	while (copy) {
		char *comma = strchr(copy, ',');

		if (comma)
			*comma = '\0';
		append(model, array, count, copy);
		copy = comma ? comma + 1 : NULL;
	}
}

Onnx__NodeProto *model_node(struct model *model, const char *type, const char *inputs,
			    const char *outputs)
{
	Onnx__NodeProto *node = take(model, sizeof(*node));

	onnx__node_proto__init(node);
	node->op_type = (char *)type;
	if (*inputs)
		split_names(model, inputs, &node->input, &node->n_input);
	split_names(model, outputs, &node->output, &node->n_output);
	append(model, &model->into->node, &model->into->n_node, node);
	return node;
}

static Onnx__AttributeProto *attribute(struct model *model, Onnx__NodeProto *node,
				       const char *name,
				       Onnx__AttributeProto__AttributeType type)
{
	Onnx__AttributeProto *result = take(model, sizeof(*result));

	onnx__attribute_proto__init(result);
	result->name = (char *)name;
	result->has_type = true;
	result->type = type;
	append(model, &node->attribute, &node->n_attribute, result);
	return result;
}

Onnx__AttributeProto *model_int(struct model *model, Onnx__NodeProto *node, const char *name,
				int64_t value)
{
	Onnx__AttributeProto *result = attribute(model, node, name,
						 ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);

	result->has_i = true;
	result->i = value;
	return result;
}

void model_begin_graph(struct model *model, Onnx__NodeProto *node, const char *name)
{
	Onnx__AttributeProto *result = attribute(model, node, name,
						 ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH);

	result->g = take(model, sizeof(*result->g));
	onnx__graph_proto__init(result->g);
	model->into = result->g;
}

void model_end_graph(struct model *model)
{
	model->into = &model->graph;
}

void model_float(struct model *model, Onnx__NodeProto *node, const char *name, float value)
{
	Onnx__AttributeProto *result = attribute(model, node, name,
						 ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);

	result->has_f = true;
	result->f = value;
}

void model_ints(struct model *model, Onnx__NodeProto *node, const char *name, size_t count,
		const int64_t *values)
{
	Onnx__AttributeProto *result = attribute(model, node, name,
						 ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);

	result->n_ints = count;
	result->ints = take(model, count * sizeof(*values));
	memcpy(result->ints, values, count * sizeof(*values));
}

void model_string(struct model *model, Onnx__NodeProto *node, const char *name,
		  const char *value)
{
	Onnx__AttributeProto *result = attribute(model, node, name,
						 ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);

	result->has_s = true;
	result->s.data = (uint8_t *)value;
	result->s.len = strlen(value);
}

void model_pack(struct model *model)
{
	free(model->bytes);
	model->size = onnx__model_proto__get_packed_size(&model->proto);
	model->bytes = malloc(model->size + 1);
	if (!model->bytes)
		abort();
	onnx__model_proto__pack(&model->proto, model->bytes);
}

struct pumori_graph *model_import(struct model *model, struct pumori_diagnostics *diagnostics)
{
	struct pumori_import_options options = { .folder = NULL };
	struct pumori_graph *graph;

	model_pack(model);
	pumori_import(model->bytes, model->size, &options, &graph, diagnostics);
	return graph;
}

float *model_evaluate(struct pumori_graph *graph, struct pumori_diagnostics *diagnostics)
{
	int64_t count = pumori_type_elements(&graph->inputs[0]->type);
	float *data = calloc(count + 1, sizeof(*data));
	float *result = calloc(pumori_type_elements(&graph->outputs[0]->type) + 1, sizeof(*result));
	struct pumori_binding input = { graph->inputs[0], data };
	struct pumori_binding output = { graph->outputs[0], result };
	uint32_t state = 1;

	for (int64_t i = 0; data && i < count; i++) {
		state = state * 1664525 + 1013904223;
		data[i] = (state >> 8) * (8.0f / (1 << 24)) - 4;
	}
	if (!data || !result || pumori_evaluate_graph(graph, &input, 1, &output, 1, diagnostics)) {
		free(result);
		result = NULL;
	}
	free(data);
	return result;
}
