// SPDX-License-Identifier: MIT
/* States; see state.h. */
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The part of @name behind @pattern's beginning if it ends in '*', "" if it is the very name; else NULL. */
static const char *match(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	if (length && pattern[length - 1] == '*')
		return strncmp(pattern, name, length - 1) ? NULL : name + length - 1;
	return strcmp(pattern, name) ? NULL : "";
}

static int add_state(struct pumori_graph *graph, size_t input, size_t output)
{
	const struct pumori_tensor *in = graph->inputs[input], *out = graph->outputs[output];
	struct pumori_state *larger;

	if (in->type.element != out->type.element || !pumori_shape_equal(&in->type, &out->type))
		return pumori_error(graph->diagnostics, -EINVAL, NULL, in->name,
				    "'%s' cannot be its next value: its type is another", out->name);
	if (pumori_graph_state(graph, in) || pumori_graph_state(graph, out))
		return pumori_error(graph->diagnostics, -EINVAL, NULL, in->name,
				    "it or '%s' is of another state already", out->name);
	larger = realloc(graph->states, (graph->state_count + 1) * sizeof(*larger));
	if (!larger)
		return pumori_out_of_memory(graph->diagnostics);
	graph->states = larger;
	graph->states[graph->state_count++] = (struct pumori_state){ .input = input, .output = output };
	return 0;
}

static int add_option(struct pumori_graph *graph, const struct pumori_state_option *option)
{
	size_t found = 0;

	for (size_t i = 0; i < graph->input_count; i++) {
		const char *rest = match(option->input, graph->inputs[i]->name), *other;

		for (size_t o = 0; rest && o < graph->output_count; o++) {
			int error;

			other = match(option->output, graph->outputs[o]->name);
			if (!other || strcmp(rest, other))
				continue;
			error = add_state(graph, i, o);
			if (error)
				return error;
			found++;
		}
	}
	if (!found)
		return pumori_error(graph->diagnostics, -EINVAL, NULL, option->input,
				    "no such input, or no output '%s' for it", option->output);
	return 0;
}

int pumori_graph_add_states(struct pumori_graph *graph, const struct pumori_state_option *options,
			    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int error = add_option(graph, &options[i]);

		if (error)
			return error;
	}
	return 0;
}

const struct pumori_state *pumori_graph_state(const struct pumori_graph *graph,
					      const struct pumori_tensor *tensor)
{
	for (size_t i = 0; i < graph->state_count; i++)
		if (graph->inputs[graph->states[i].input] == tensor ||
		    graph->outputs[graph->states[i].output] == tensor)
			return &graph->states[i];
	return NULL;
}

bool pumori_graph_updates_state(const struct pumori_graph *graph, const struct pumori_node *node)
{
	const struct pumori_state *state;

	if (node->primitive != PUMORI_PRIMITIVE_SCATTER_ND ||
	    node->attributes.scatter_nd.mode != PUMORI_SCATTER_REPLACE)
		return false;
	state = pumori_graph_state(graph, node->inputs[0]);
	if (!state || graph->inputs[state->input] != node->inputs[0] ||
	    graph->outputs[state->output] != node->outputs[0])
		return false;
	for (size_t i = 0; i < node->inputs[0]->consumer_count; i++)
		if (node->inputs[0]->consumers[i]->index > node->index)
			return false;
	return true;
}
