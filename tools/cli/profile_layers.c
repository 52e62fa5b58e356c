// SPDX-License-Identifier: MIT
#include "profile_layers.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assembly.h"

static const char nowhere[] = "(no node)";

/* Index of the debug element that @pc belongs to plus one; 0 when there is none. */
static size_t element_of(const struct cli_layers *layers, uint32_t pc)
{
	const struct pumori_executable_debug *element =
		layers->executable ? cli_executable_node(layers->executable, pc) : NULL;

	return element ? (size_t)(element - layers->executable->debug) + 1 : 0;
}

/** struct element - of the debug table, to sort by node */
struct element {
	uint32_t node;
	uint32_t operation;
	size_t index;
};

static int by_node(const void *a, const void *b)
{
	const struct element *left = a, *right = b;

	if (left->node != right->node)
		return left->node < right->node ? -1 : 1;
	if (left->operation != right->operation)
		return left->operation < right->operation ? -1 : 1;
	return left->index < right->index ? -1 : left->index > right->index;
}

/* Elements of one node are one layer, for each stream has its stretch of it: that of the first. */
static int number_layers(struct cli_layers *layers)
{
	size_t count = layers->count - 1;
	struct element *elements = calloc(count + 1, sizeof(*elements));

	layers->layer_of = calloc(count + 1, sizeof(*layers->layer_of));
	if (!elements || !layers->layer_of) {
		free(elements);
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		elements[i] = (struct element){ layers->executable->debug[i].node,
						layers->executable->debug[i].operation, i };
	if (count)
		qsort(elements, count, sizeof(*elements), by_node);
	for (size_t i = 0; i < count; i++) {
		bool same = i && elements[i].node == elements[i - 1].node &&
			    elements[i].operation == elements[i - 1].operation;

		layers->layer_of[elements[i].index] =
			same ? layers->layer_of[elements[i - 1].index] : elements[i].index + 1;
	}
	free(elements);
	return 0;
}

int cli_layers_open(struct cli_layers *layers, const char *path)
{
	const char *reason;

	memset(layers, 0, sizeof(*layers));
	if (path && cli_executable_open(&layers->executable, path, &reason))
		layers->executable = NULL;
	layers->count = 1 + (layers->executable ? layers->executable->debug_count : 0);
	layers->layers = calloc(layers->count, sizeof(*layers->layers));
	if (!layers->layers || number_layers(layers)) {
		cli_layers_close(layers);
		return -1;
	}
	for (size_t i = 0; i < layers->count; i++) {
		const struct pumori_executable_debug *debug = i ? &layers->executable->debug[i - 1] : NULL;
		const char *node = debug ? cli_executable_string(layers->executable, debug->node) : nowhere;

		layers->layers[i].node = node[0] ? node : nowhere;
		layers->layers[i].operation = debug ? cli_executable_string(layers->executable, debug->operation) : "";
		layers->layers[i].begin = UINT64_MAX;
	}
	return 0;
}

void cli_layers_close(struct cli_layers *layers)
{
	if (layers->executable)
		cli_executable_close(layers->executable);
	free(layers->layers);
	free(layers->layer_of);
	memset(layers, 0, sizeof(*layers));
}

size_t cli_layers_find(const struct cli_layers *layers, uint32_t pc)
{
	size_t element = element_of(layers, pc);

	return element ? layers->layer_of[element - 1] : 0;
}

void cli_layers_add(struct cli_layers *layers, const struct cli_profile *profile, const struct cli_profile_job *job)
{
	size_t element = SIZE_MAX, found = 0;

	for (size_t i = 0; i < job->record_count; i++) {
		const struct pumori_profile_instruction *record = &profile->records[job->records[i]];
		size_t now = element_of(layers, record->pc);
		struct cli_layer *layer;

		/* Mostly the one before. */
		if (now != element)
			found = cli_layers_find(layers, record->pc);
		element = now;
		layer = &layers->layers[found];
		layer->instructions++;
		layer->begin = record->begin < layer->begin ? record->begin : layer->begin;
		layer->end = record->end > layer->end ? record->end : layer->end;
		layer->busy[record->stream] += record->end - record->begin;
		layer->waited += record->waited;
		layer->host_ns += record->host_ns;
		layer->energy_pj += record->energy_pj;
		if (record->opcode == PUMORI_ISA_MULTIPLY_MOVING)
			layer->macs += record->work;
		if (record->stream >= PUMORI_ISA_DMA0)
			layer->bytes += record->bytes;
	}
}

void cli_layer_bound(const struct cli_layer *layer, char *name, size_t bytes)
{
	uint32_t longest = 0;

	for (uint32_t s = 1; s < CLI_PROFILE_STREAMS; s++)
		if (layer->busy[s] > layer->busy[longest])
			longest = s;
	if (layer->begin <= layer->end && layer->busy[longest] < (layer->end - layer->begin) / 2)
		snprintf(name, bytes, "waiting");
	else
		cli_stream_name(name, bytes, longest);
}
