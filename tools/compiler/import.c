// SPDX-License-Identifier: MIT
/* The import driver: inputs, initializers, nodes in order, outputs. Operators: import_*.c. */
#include "import.h"

#include <stdlib.h>
#include <string.h>

#include "importer.h"

#define MIN_OPSET 1
#define MAX_OPSET 21
#define MAX_SUBGRAPH_DEPTH 8
/* Loops in loops multiply; longer programs fit no device. */
#define MAX_SUBGRAPH_NODES (1 << 17)
/* After so many refused nodes nobody reads on. */
#define MAX_NODE_ERRORS 20

const struct pumori_import_row *pumori_import_find(const char *name)
{
	static const struct pumori_import_row *const families[] = {
		pumori_import_elementwise, pumori_import_activation, pumori_import_shape,
		pumori_import_index, pumori_import_conv, pumori_import_matmul,
		pumori_import_reduce, pumori_import_normalization, pumori_import_constant,
		pumori_import_quantize, pumori_import_resize, pumori_import_control,
		pumori_import_loops,
		pumori_import_transposed, pumori_import_losses, pumori_import_recurrence,
		pumori_import_einstein,
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct pumori_import_row *row = families[i]; row->name; row++)
			if (!strcmp(row->name, name))
				return row;
	return NULL;
}

/* --- values by ONNX name --- */

static struct pumori_tensor *find_value(const struct pumori_importer *importer, const char *name)
{
	struct pumori_tensor *tensor = NULL;

	for (const struct pumori_scope *scope = importer->scope; scope && !tensor;
	     scope = scope->outer)
		tensor = pumori_string_map_get(&scope->values, name);
	return tensor;
}

static int bind_value(struct pumori_importer *importer, const char *name,
		      struct pumori_tensor *tensor)
{
	if (pumori_string_map_get(&importer->scope->values, name)) {
		pumori_reject(importer, "the value '%s' is defined twice", name);
		return importer->error;
	}
	if (pumori_string_map_put(&importer->scope->values, name, tensor))
		return pumori_out_of_memory(importer->diagnostics);
	/* The first name of a tensor is its name in the graph. */
	if (tensor->name[0] == '%' && !pumori_graph_find(importer->graph, name))
		return pumori_graph_rename(importer->graph, tensor, name);
	return 0;
}

/* --- one node --- */

static void check_attributes(struct pumori_importer *importer)
{
	for (size_t i = 0; i < importer->node->n_attribute && !importer->error; i++)
		if (!(importer->attributes_used >> i & 1))
			pumori_refuse(importer, "attribute %s is not supported",
				      importer->node->attribute[i]->name);
}

static int bind_outputs(struct pumori_importer *importer)
{
	for (size_t i = 0; i < importer->node->n_output; i++) {
		const char *name = importer->node->output[i];
		struct pumori_tensor *tensor;

		if (!*name)
			continue;
		tensor = i < PUMORI_IMPORT_MAX_OUTPUTS ? importer->outputs[i] : NULL;
		if (!tensor) {
			pumori_refuse(importer, "output %zu ('%s') is not supported", i, name);
			return importer->error;
		}
		if (bind_value(importer, name, tensor))
			return importer->error ? importer->error : -ENOMEM;
	}
	return 0;
}

/* Resolve inputs; 1 if one is missing only because its own producer failed. */
static int resolve_inputs(struct pumori_importer *importer)
{
	for (size_t i = 0; i < importer->node->n_input; i++) {
		const char *name = importer->node->input[i];

		importer->inputs[i] = *name ? find_value(importer, name) : NULL;
		if (*name && !importer->inputs[i])
			return 1;
	}
	return 0;
}

static void run_row(struct pumori_importer *importer, const struct pumori_import_row *row)
{
	size_t errors = importer->diagnostics->error_count;

	for (unsigned int i = 0; i < row->inputs; i++) {
		if (!pumori_input(importer, i)) {
			pumori_reject(importer, "input %u is missing", i);
			return;
		}
	}
	row->function(importer, row->parameter);
	if (!importer->error)
		check_attributes(importer);
	/* A builder failed with a diagnostic, or without one for want of memory. */
	if (!importer->error && importer->diagnostics->error_count > errors)
		importer->error = importer->diagnostics->last->code;
	if (!importer->error && !importer->outputs[0])
		importer->error = pumori_out_of_memory(importer->diagnostics);
	if (!importer->error)
		bind_outputs(importer);
}

static void import_node(struct pumori_importer *importer, const Onnx__NodeProto *node)
{
	const char *type = node->op_type ? node->op_type : "";
	const char *name = node->name && *node->name ? node->name :
			   node->n_output ? node->output[0] : "";
	const struct pumori_import_row *row = pumori_import_find(type);

	importer->node = node;
	importer->where = (struct pumori_location){ .node = name, .operator_type = type };
	importer->attributes_used = 0;
	importer->error = 0;
	memset(importer->outputs, 0, sizeof(importer->outputs));
	importer->graph->origin = pumori_graph_intern(importer->graph, name);
	importer->graph->origin_operator = pumori_graph_intern(importer->graph, type);
	importer->input_count = node->n_input;
	importer->inputs = calloc(node->n_input + 1, sizeof(*importer->inputs));
	if (!importer->inputs || !importer->graph->origin || !importer->graph->origin_operator) {
		importer->error = pumori_out_of_memory(importer->diagnostics);
	} else if (node->domain && *node->domain && strcmp(node->domain, "ai.onnx")) {
		pumori_refuse(importer, "operators of domain %s are not supported", node->domain);
	} else if (!row) {
		pumori_refuse(importer, "this operator is not supported");
	} else if (node->n_attribute > 64) {
		pumori_reject(importer, "it has %zu attributes", node->n_attribute);
	} else if (resolve_inputs(importer)) {
		/* Named already if a refused node should have produced it. */
		importer->error = -EINVAL;
		if (!importer->diagnostics->error_count)
			pumori_reject(importer, "an input is not produced by any node before it");
	} else {
		run_row(importer, row);
	}
	free(importer->inputs);
	importer->inputs = NULL;
}

static int import_nodes(struct pumori_importer *importer, const Onnx__GraphProto *graph)
{
	unsigned int failures = 0;
	int error = 0;

	for (size_t i = 0; i < graph->n_node && failures < MAX_NODE_ERRORS; i++) {
		import_node(importer, graph->node[i]);
		if (importer->error == -ENOMEM)
			return -ENOMEM;
		if (importer->error && !error)
			error = importer->error;
		failures += importer->error != 0;
	}
	return error;
}

/* --- graphs --- */

static int import_initializers(struct pumori_importer *importer, const Onnx__GraphProto *graph)
{
	importer->where = (struct pumori_location){ .tensor = NULL };
	if (graph->n_sparse_initializer) {
		pumori_refuse(importer, "sparse initializers are not supported");
		return importer->error;
	}
	for (size_t i = 0; i < graph->n_initializer; i++) {
		const Onnx__TensorProto *initializer = graph->initializer[i];
		struct pumori_tensor_type type;
		struct pumori_tensor *tensor;
		void *data;
		int error;

		importer->where.tensor = initializer->name;
		if (!initializer->name || !*initializer->name) {
			pumori_reject(importer, "an initializer has no name");
			return importer->error;
		}
		error = pumori_onnx_tensor_data(initializer, importer->options->folder, &type, &data,
						importer->diagnostics, &importer->where);
		if (error)
			return error;
		importer->graph->fold_budget += PUMORI_FOLD_BUDGET_ELEMENT *
						(uint64_t)pumori_type_elements(&type);
		tensor = pumori_graph_adopt_constant(importer->graph, NULL, &type, data);
		if (!tensor)
			return -ENOMEM;
		error = bind_value(importer, initializer->name, tensor);
		if (error)
			return error;
	}
	return 0;
}

static int bind_subgraph_inputs(struct pumori_importer *importer, const Onnx__GraphProto *subgraph,
				struct pumori_tensor *const *inputs, size_t input_count)
{
	int error = 0;

	if (subgraph->n_input != input_count) {
		pumori_reject(importer, "the subgraph takes %zu inputs, not %zu", subgraph->n_input,
			      input_count);
		return importer->error;
	}
	for (size_t i = 0; i < input_count && !error; i++) {
		const char *name = subgraph->input[i]->name;

		/* An input that nobody can name is one that nobody reads. */
		if (name && *name)
			error = bind_value(importer, name, inputs[i]);
	}
	return error;
}

static int find_subgraph_outputs(struct pumori_importer *importer, const Onnx__GraphProto *subgraph,
				 struct pumori_tensor **outputs, size_t output_count)
{
	for (size_t i = 0; i < output_count; i++) {
		const char *name = i < subgraph->n_output ? subgraph->output[i]->name : NULL;

		outputs[i] = name ? find_value(importer, name) : NULL;
		if (!outputs[i]) {
			pumori_reject(importer, "the subgraph does not produce output %zu", i);
			return importer->error;
		}
	}
	return 0;
}

int pumori_import_subgraph(struct pumori_importer *importer, const Onnx__GraphProto *subgraph,
			   struct pumori_tensor *const *inputs, size_t input_count,
			   struct pumori_tensor **outputs, size_t output_count)
{
	struct pumori_scope scope = { .outer = importer->scope }, *outer = importer->scope;
	const Onnx__NodeProto *node = importer->node;
	struct pumori_location where = importer->where;
	struct pumori_tensor **node_inputs = importer->inputs;
	size_t node_input_count = importer->input_count;
	uint64_t attributes_used = importer->attributes_used;
	const char *origin = importer->graph->origin;
	const char *origin_operator = importer->graph->origin_operator;
	int error;

	if (importer->subgraph_depth >= MAX_SUBGRAPH_DEPTH) {
		pumori_refuse(importer, "subgraphs are nested more than %d deep", MAX_SUBGRAPH_DEPTH);
		return importer->error;
	}
	if (subgraph->n_node >= MAX_SUBGRAPH_NODES - importer->subgraph_nodes) {
		pumori_refuse(importer, "loops unroll to more than %d nodes", MAX_SUBGRAPH_NODES);
		return importer->error;
	}
	importer->subgraph_nodes += subgraph->n_node + 1;
	importer->subgraph_depth++;
	importer->scope = &scope;
	error = bind_subgraph_inputs(importer, subgraph, inputs, input_count);
	if (!error)
		error = import_initializers(importer, subgraph);
	if (!error)
		error = import_nodes(importer, subgraph);
	importer->subgraph_depth--;
	importer->node = node;
	importer->where = where;
	importer->inputs = node_inputs;
	importer->input_count = node_input_count;
	importer->attributes_used = attributes_used;
	importer->graph->origin = origin;
	importer->graph->origin_operator = origin_operator;
	memset(importer->outputs, 0, sizeof(importer->outputs));
	if (!error)
		error = find_subgraph_outputs(importer, subgraph, outputs, output_count);
	importer->scope = outer;
	pumori_string_map_release(&scope.values);
	importer->error = error;
	return error;
}

static const struct pumori_shape_option *find_shape(const struct pumori_import_options *options,
						    const char *name)
{
	for (size_t i = 0; i < options->shape_count; i++)
		if (!strcmp(options->shapes[i].name, name))
			return &options->shapes[i];
	return NULL;
}

static const struct pumori_constant_option *
find_constant(const struct pumori_import_options *options, const char *name)
{
	for (size_t i = 0; i < options->constant_count; i++)
		if (!strcmp(options->constants[i].name, name))
			return &options->constants[i];
	return NULL;
}

/* Complain about an input's dynamic dimensions, by name. */
static int refuse_dynamic(struct pumori_importer *importer, const char *name,
			  const Onnx__TensorShapeProto *shape)
{
	char dims[256] = "";
	char advice[512];
	size_t length = 0;

	for (size_t i = 0; i < shape->n_dim && length < sizeof(dims); i++) {
		const Onnx__TensorShapeProto__Dimension *dim = shape->dim[i];
		const char *comma = i ? "," : "";

		if (dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE)
			length += snprintf(dims + length, sizeof(dims) - length, "%s%lld", comma,
					   (long long)dim->dim_value);
		else
			length += snprintf(dims + length, sizeof(dims) - length, "%s%.40s", comma,
					   dim->value_case ==
					   ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM &&
					   dim->dim_param && *dim->dim_param ? dim->dim_param : "?");
	}
	snprintf(advice, sizeof(advice), "give it as --shape '%.100s'=%s with numbers for names",
		 name, dims);
	importer->error = pumori_error(importer->diagnostics, -EINVAL, &importer->where, advice,
				       "the shape of this input is dynamic: [%s]", dims);
	return importer->error;
}

static int apply_shape_option(struct pumori_importer *importer,
			      const struct pumori_shape_option *option,
			      const Onnx__TensorShapeProto *shape, struct pumori_tensor_type *type)
{
	if (shape && shape->n_dim != option->rank) {
		pumori_reject(importer, "--shape gives %u dimensions, the model has %zu",
			      option->rank, shape->n_dim);
		return importer->error;
	}
	type->rank = option->rank;
	memcpy(type->shape, option->shape, sizeof(type->shape));
	for (unsigned int i = 0; shape && i < option->rank; i++) {
		const Onnx__TensorShapeProto__Dimension *dim = shape->dim[i];

		if (dim->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE ||
		    dim->dim_value <= 0 || dim->dim_value == option->shape[i])
			continue;
		pumori_reject(importer, "--shape gives %lld for dimension %u, the model says %lld",
			      (long long)option->shape[i], i, (long long)dim->dim_value);
		return importer->error;
	}
	return 0;
}

static int input_type(struct pumori_importer *importer, const Onnx__ValueInfoProto *info,
		      struct pumori_tensor_type *type)
{
	const struct pumori_shape_option *option = find_shape(importer->options, info->name);
	const Onnx__TensorShapeProto *shape;
	int error;

	memset(type, 0, sizeof(*type));
	if (!info->type || info->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ||
	    !info->type->tensor_type) {
		pumori_refuse(importer, "only tensors can be inputs");
		return importer->error;
	}
	error = pumori_onnx_element(info->type->tensor_type->elem_type, &type->element,
				    importer->diagnostics, &importer->where);
	if (error)
		return error;
	shape = info->type->tensor_type->shape;
	if (option)
		return apply_shape_option(importer, option, shape, type);
	if (!shape) {
		importer->error = pumori_error(importer->diagnostics, -EINVAL, &importer->where,
					       "give it with --shape NAME=D,D,...",
					       "this input has no shape");
		return importer->error;
	}
	if (shape->n_dim > PUMORI_MAX_RANK) {
		pumori_refuse(importer, "%zu dimensions, at most %d are supported", shape->n_dim,
			      PUMORI_MAX_RANK);
		return importer->error;
	}
	type->rank = shape->n_dim;
	for (unsigned int i = 0; i < type->rank; i++) {
		const Onnx__TensorShapeProto__Dimension *dim = shape->dim[i];

		if (dim->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE ||
		    dim->dim_value < 0)
			return refuse_dynamic(importer, info->name, shape);
		type->shape[i] = dim->dim_value;
	}
	return 0;
}

static int import_input(struct pumori_importer *importer, const Onnx__ValueInfoProto *info)
{
	const struct pumori_constant_option *constant;
	struct pumori_tensor_type type;
	struct pumori_tensor *tensor;
	int error;

	importer->where = (struct pumori_location){ .tensor = info->name };
	if (!info->name || !*info->name) {
		pumori_reject(importer, "an input has no name");
		return importer->error;
	}
	/* Older models list their initializers among the inputs. */
	if (find_value(importer, info->name))
		return 0;
	constant = find_constant(importer->options, info->name);
	if (constant) {
		tensor = pumori_graph_add_constant(importer->graph, info->name, &constant->type,
						   constant->data);
	} else {
		error = input_type(importer, info, &type);
		if (error)
			return error;
		tensor = pumori_graph_add_input(importer->graph, info->name, &type);
	}
	return tensor ? bind_value(importer, info->name, tensor) : -EINVAL;
}

/* Every option must name an input, or it was mistyped. */
static int check_options(struct pumori_importer *importer, const Onnx__GraphProto *graph)
{
	const struct pumori_import_options *options = importer->options;
	size_t count = options->shape_count + options->constant_count;

	for (size_t i = 0; i < count; i++) {
		const char *name = i < options->shape_count ? options->shapes[i].name :
				   options->constants[i - options->shape_count].name;
		bool found = false;

		for (size_t j = 0; j < graph->n_input && !found; j++)
			found = graph->input[j]->name && !strcmp(graph->input[j]->name, name);
		if (!found)
			return pumori_error(importer->diagnostics, -EINVAL,
					    &(struct pumori_location){ .tensor = name },
					    "pumori-cc --help shows how inputs are named",
					    "the model has no such input");
	}
	return 0;
}

static int import_graph(struct pumori_importer *importer, const Onnx__GraphProto *graph)
{
	int error = check_options(importer, graph);

	if (error)
		return error;
	error = import_initializers(importer, graph);
	for (size_t i = 0; i < graph->n_input; i++) {
		int input_error = import_input(importer, graph->input[i]);

		if (input_error && !error)
			error = input_error;
	}
	if (!error)
		error = import_nodes(importer, graph);
	if (error)
		return error;
	importer->graph->origin = NULL;
	importer->graph->origin_operator = NULL;
	if (!graph->n_output)
		return pumori_error(importer->diagnostics, -EINVAL, NULL, NULL,
				    "the model has no outputs");
	for (size_t i = 0; i < graph->n_output; i++) {
		const char *name = graph->output[i]->name ? graph->output[i]->name : "";
		struct pumori_tensor *tensor = find_value(importer, name);

		if (!tensor)
			return pumori_error(importer->diagnostics, -EINVAL,
					    &(struct pumori_location){ .tensor = name }, NULL,
					    "nothing produces this output");
		error = pumori_graph_add_output(importer->graph, tensor, name);
		if (error)
			return error;
	}
	return 0;
}

static int find_opset(const Onnx__ModelProto *model, int64_t *opset,
		      struct pumori_diagnostics *diagnostics)
{
	*opset = -1;
	for (size_t i = 0; i < model->n_opset_import; i++) {
		const Onnx__OperatorSetIdProto *import = model->opset_import[i];

		if (!import->domain || !*import->domain || !strcmp(import->domain, "ai.onnx"))
			*opset = import->version;
	}
	if (*opset < MIN_OPSET || *opset > MAX_OPSET)
		return pumori_error(diagnostics, -ENOTSUP, NULL,
				    "convert the model with ONNX's version converter",
				    "operator set version %lld, supported are %d to %d",
				    (long long)*opset, MIN_OPSET, MAX_OPSET);
	return 0;
}

int pumori_import(const void *data, size_t size, const struct pumori_import_options *options,
		  struct pumori_graph **graph, struct pumori_diagnostics *diagnostics)
{
	struct pumori_scope scope = { .outer = NULL };
	struct pumori_importer importer = { .options = options, .diagnostics = diagnostics,
					    .scope = &scope };
	Onnx__ModelProto *model;
	int error = pumori_onnx_parse(data, size, &model, diagnostics);

	*graph = NULL;
	if (error)
		return error;
	if (!model->graph)
		error = pumori_error(diagnostics, -EINVAL, NULL, NULL, "the model has no graph");
	if (!error)
		error = find_opset(model, &importer.opset, diagnostics);
	if (!error) {
		importer.graph = pumori_graph_create(model->graph->name ? model->graph->name : "",
						     diagnostics);
		error = importer.graph ? import_graph(&importer, model->graph) : -ENOMEM;
	}
	pumori_string_map_release(&scope.values);
	onnx__model_proto__free_unpacked(model, NULL);
	if (error) {
		if (error == -ENOMEM && !diagnostics->error_count)
			pumori_out_of_memory(diagnostics);
		pumori_graph_destroy(importer.graph);
		return error;
	}
	pumori_graph_sweep(importer.graph);
	pumori_graph_number(importer.graph);
	*graph = importer.graph;
	return 0;
}

int pumori_import_file(const char *path, const struct pumori_import_options *options,
		       struct pumori_graph **graph, struct pumori_diagnostics *diagnostics)
{
	struct pumori_import_options own = *options;
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, slash - path + 1) : strdup(".");
	void *data = NULL;
	size_t size;
	int error;

	*graph = NULL;
	if (!folder)
		return pumori_out_of_memory(diagnostics);
	own.folder = folder;
	error = pumori_read_file(path, &data, &size, diagnostics);
	if (!error)
		error = pumori_import(data, size, &own, graph, diagnostics);
	free(data);
	free(folder);
	return error;
}
