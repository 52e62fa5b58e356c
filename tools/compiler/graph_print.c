// SPDX-License-Identifier: MIT
/* The text form of a graph, for --dump-after and for reading failures. */
#include "graph.h"

static void print_vector(const char *name, const int64_t *values, unsigned int count, FILE *stream)
{
	fprintf(stream, " %s=[", name);
	for (unsigned int i = 0; i < count; i++)
		fprintf(stream, "%s%lld", i ? "," : "", (long long)values[i]);
	fputc(']', stream);
}

static void print_activation(const char *label, const struct pumori_activation *activation,
			     FILE *stream)
{
	static const unsigned char parameters[] = {
#define PARAMETERS_ROW(name, text, count) count,
		PUMORI_UNARY_FUNCTIONS(PARAMETERS_ROW)
	};

	fprintf(stream, " %s=%s", label, pumori_unary_name(activation->function));
	if (parameters[activation->function] > 0)
		fprintf(stream, "(%.9g", activation->alpha);
	if (parameters[activation->function] > 1)
		fprintf(stream, ",%.9g", activation->beta);
	if (parameters[activation->function] > 0)
		fputc(')', stream);
}

static void print_fused(const struct pumori_activation *activation, FILE *stream)
{
	if (activation->function != PUMORI_UNARY_IDENTITY)
		print_activation("then", activation, stream);
}

static void print_attributes(const struct pumori_node *node, FILE *stream)
{
	static const char *const pad_modes[] = { "constant", "edge", "reflect" };
	static const char *const scatter_modes[] = { "replace", "add", "multiply" };
	const union pumori_attributes *a = &node->attributes;
	unsigned int rank = node->outputs[0]->type.rank;

	switch (node->primitive) {
	case PUMORI_PRIMITIVE_UNARY:
		print_activation("function", &a->unary, stream);
		break;
	case PUMORI_PRIMITIVE_BINARY:
		fprintf(stream, " function=%s", pumori_binary_name(a->binary.function));
		print_fused(&a->binary.activation, stream);
		break;
	case PUMORI_PRIMITIVE_MATMUL:
		if (a->matmul.transpose_a)
			fputs(" transpose_a", stream);
		if (a->matmul.transpose_b)
			fputs(" transpose_b", stream);
		if (a->matmul.scale != 1)
			fprintf(stream, " scale=%.9g", a->matmul.scale);
		print_fused(&a->matmul.activation, stream);
		break;
	case PUMORI_PRIMITIVE_QUANTIZE:
		if (a->quantize.multiply)
			fputs(" multiply", stream);
		break;
	case PUMORI_PRIMITIVE_CONV2D:
		print_vector("strides", a->conv2d.strides, 2, stream);
		print_vector("pads", a->conv2d.pads, 4, stream);
		print_vector("dilations", a->conv2d.dilations, 2, stream);
		fprintf(stream, " groups=%lld", (long long)a->conv2d.groups);
		print_fused(&a->conv2d.activation, stream);
		break;
	case PUMORI_PRIMITIVE_POOL2D:
		fprintf(stream, " function=%s", pumori_reduction_name(a->pool2d.function));
		print_vector("kernel", a->pool2d.kernel, 2, stream);
		print_vector("strides", a->pool2d.strides, 2, stream);
		print_vector("pads", a->pool2d.pads, 4, stream);
		print_vector("dilations", a->pool2d.dilations, 2, stream);
		print_vector("excess", a->pool2d.excess, 2, stream);
		if (a->pool2d.count_include_pad)
			fputs(" count_include_pad", stream);
		break;
	case PUMORI_PRIMITIVE_REDUCE:
		fprintf(stream, " function=%s axes=[", pumori_reduction_name(a->reduce.function));
		for (unsigned int i = 0, first = 1; i < rank; i++) {
			if (!(a->reduce.axes >> i & 1))
				continue;
			fprintf(stream, "%s%u", first ? "" : ",", i);
			first = 0;
		}
		fputc(']', stream);
		break;
	case PUMORI_PRIMITIVE_ARG_REDUCE:
		fprintf(stream, " %s axis=%u%s", a->arg_reduce.minimum ? "minimum" : "maximum",
			a->arg_reduce.axis, a->arg_reduce.last ? " last" : "");
		break;
	case PUMORI_PRIMITIVE_SOFTMAX:
		fprintf(stream, " axis=%u%s", a->softmax.axis,
			a->softmax.logarithm ? " logarithm" : "");
		break;
	case PUMORI_PRIMITIVE_LAYER_NORM:
		fprintf(stream, " axis=%u epsilon=%.9g", a->layer_norm.axis,
			a->layer_norm.epsilon);
		break;
	case PUMORI_PRIMITIVE_CUMULATIVE_SUM:
		fprintf(stream, " axis=%u%s%s", a->cumulative_sum.axis,
			a->cumulative_sum.exclusive ? " exclusive" : "",
			a->cumulative_sum.reverse ? " reverse" : "");
		break;
	case PUMORI_PRIMITIVE_TOP_K:
		fprintf(stream, " axis=%u k=%lld%s", a->top_k.axis, (long long)a->top_k.k,
			a->top_k.smallest ? " smallest" : "");
		break;
	case PUMORI_PRIMITIVE_TRANSPOSE:
		fputs(" permutation=[", stream);
		for (unsigned int i = 0; i < rank; i++)
			fprintf(stream, "%s%u", i ? "," : "", a->transpose.permutation[i]);
		fputc(']', stream);
		break;
	case PUMORI_PRIMITIVE_CONCAT:
		fprintf(stream, " axis=%u", a->concat.axis);
		break;
	case PUMORI_PRIMITIVE_SLICE:
		print_vector("starts", a->slice.starts, rank, stream);
		print_vector("steps", a->slice.steps, rank, stream);
		break;
	case PUMORI_PRIMITIVE_PAD:
		fprintf(stream, " mode=%s", pad_modes[a->pad.mode]);
		print_vector("before", a->pad.before, rank, stream);
		print_vector("after", a->pad.after, rank, stream);
		if (a->pad.mode == PUMORI_PAD_CONSTANT)
			fprintf(stream, " value=%.9g", a->pad.value);
		break;
	case PUMORI_PRIMITIVE_GATHER:
		fprintf(stream, " axis=%u", a->gather.axis);
		break;
	case PUMORI_PRIMITIVE_GATHER_ELEMENTS:
		fprintf(stream, " axis=%u", a->gather_elements.axis);
		break;
	case PUMORI_PRIMITIVE_GATHER_ND:
		fprintf(stream, " batch_dimensions=%u", a->gather_nd.batch_dimensions);
		break;
	case PUMORI_PRIMITIVE_SCATTER_ELEMENTS:
		fprintf(stream, " axis=%u mode=%s", a->scatter_elements.axis,
			scatter_modes[a->scatter_elements.mode]);
		break;
	case PUMORI_PRIMITIVE_SCATTER_ND:
		fprintf(stream, " mode=%s", scatter_modes[a->scatter_nd.mode]);
		break;
	case PUMORI_PRIMITIVE_COPY:
	case PUMORI_PRIMITIVE_CAST:
	case PUMORI_PRIMITIVE_SELECT:
	case PUMORI_PRIMITIVE_RESHAPE:
	case PUMORI_PRIMITIVE_EXPAND:
	case PUMORI_PRIMITIVE_COUNT:
		break;		/* the types say it all */
	}
}

static void print_tensor(const struct pumori_tensor *tensor, FILE *stream)
{
	char text[192];

	pumori_type_format(&tensor->type, text, sizeof(text));
	fprintf(stream, "%s: %s", tensor->name, text);
}

void pumori_node_print(const struct pumori_node *node, FILE *stream)
{
	fputs("  ", stream);
	for (size_t i = 0; i < node->output_count; i++) {
		fputs(i ? ", " : "", stream);
		print_tensor(node->outputs[i], stream);
	}
	fprintf(stream, " = %s(", pumori_primitive_name(node->primitive));
	for (size_t i = 0; i < node->input_count; i++) {
		fputs(i ? ", " : "", stream);
		if (pumori_tensor_is_constant(node->inputs[i]))
			print_tensor(node->inputs[i], stream);
		else
			fputs(node->inputs[i]->name, stream);
	}
	fputc(')', stream);
	print_attributes(node, stream);
	if (node->origin)
		fprintf(stream, "  # %s %s", node->origin_operator ? node->origin_operator : "",
			node->origin);
	fputc('\n', stream);
}

void pumori_graph_print(const struct pumori_graph *graph, FILE *stream)
{
	fprintf(stream, "graph %s {\n", graph->name);
	for (size_t i = 0; i < graph->input_count; i++) {
		fputs("  input ", stream);
		print_tensor(graph->inputs[i], stream);
		fputc('\n', stream);
	}
	for (const struct pumori_node *node = graph->first; node; node = node->next)
		pumori_node_print(node, stream);
	for (size_t i = 0; i < graph->output_count; i++) {
		fputs("  output ", stream);
		print_tensor(graph->outputs[i], stream);
		fputc('\n', stream);
	}
	fputs("}\n", stream);
}
