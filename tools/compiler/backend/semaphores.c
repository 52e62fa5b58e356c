// SPDX-License-Identifier: MIT
/*
 * From program order to streams that meet at semaphores.
 *
 * An instruction depends on the last earlier ones of other streams whose bytes overlap with its own
 * where one of the two writes. Each stream signals one semaphore (of its own number) after every
 * instruction that somebody waits for; a wait is "at least as many signals as there are up to that
 * instruction". Vector clocks drop the waits that earlier waits imply.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../state.h"
#include "passes.h"

struct access {
	struct pumori_extent extent;
	uint32_t position;		/* in its stream, from 1 */
	uint8_t stream;
};

/* Accesses that later instructions may still depend on, a list for each space. */
struct accesses {
	struct access *items;
	uint32_t count, capacity;
};

struct clocks {
	uint32_t at[PUMORI_ISA_STREAMS];
};

struct state {
	struct pumori_tile_program *program;
	struct accesses lists[PUMORI_ISA_MEMORY + 1];
	struct clocks *clocks;		/* what each instruction knows when it starts */
	uint32_t *position;		/* of each instruction in its stream */
	uint32_t *by_position[PUMORI_ISA_STREAMS];	/* instruction at each position */
	uint32_t length[PUMORI_ISA_STREAMS];
	struct clocks known[PUMORI_ISA_STREAMS];
	struct clocks *waits;		/* positions that each instruction waits for */
	bool *signals;
};

static bool overlap(const struct pumori_extent *a, const struct pumori_extent *b)
{
	return a->variable == b->variable && a->first_partition < b->end_partition &&
	       b->first_partition < a->end_partition && a->first_byte < b->end_byte &&
	       b->first_byte < a->end_byte;
}

static bool covers(const struct pumori_extent *a, const struct pumori_extent *b)
{
	return a->variable == b->variable && a->first_partition <= b->first_partition &&
	       a->end_partition >= b->end_partition && a->first_byte <= b->first_byte &&
	       a->end_byte >= b->end_byte;
}

/* Boxes are not exact: only a pattern without gaps overwrites all of its box. */
static bool is_solid(const struct pumori_isa_operand *operand)
{
	int64_t next = 1;

	for (unsigned int i = operand->dims; i-- > 0;) {
		if (operand->count[i] != 1 && operand->step[i] != next)
			return false;
		next *= operand->count[i];
	}
	return true;
}

static bool read_only(const struct state *state, const struct pumori_extent *extent)
{
	return extent->space == PUMORI_ISA_MEMORY &&
	       ((extent->variable < state->program->graph->input_count &&
		 !pumori_graph_state(state->program->graph,
				     state->program->graph->inputs[extent->variable])) ||
		extent->variable == state->program->weights_variable);
}

static void depend(struct state *state, uint32_t index, const struct access *on)
{
	struct clocks *waits = &state->waits[index];
	uint8_t stream = state->program->instructions[index].stream;

	if (on->stream != stream && waits->at[on->stream] < on->position)
		waits->at[on->stream] = on->position;
}

static bool add_access(struct state *state, const struct access *access)
{
	struct accesses *list = &state->lists[access->extent.space];

	if (list->count == list->capacity) {
		uint32_t wanted = list->capacity ? list->capacity * 2 : 256;
		void *larger = realloc(list->items, wanted * sizeof(*list->items));

		if (!larger) {
			pumori_tile_fail(state->program, -ENOMEM, "memory");
			return false;
		}
		list->items = larger;
		list->capacity = wanted;
	}
	list->items[list->count++] = *access;
	return true;
}

/*
 * All dependences of one instruction; afterwards its accesses stand for those that they cover: what
 * a solid write covers, and what an earlier access of the same stream and kind touched.
 */
static void visit(struct state *state, uint32_t index)
{
	struct pumori_tile_instruction *instruction = &state->program->instructions[index];
	struct pumori_extent extents[PUMORI_EXTENTS_MAX];
	unsigned int count = pumori_instruction_extents(instruction, extents);
	bool solid = pumori_isa_opcode_format(instruction->isa.opcode) ==
			     PUMORI_ISA_FORMAT_COMPUTE && is_solid(&instruction->isa.compute.out);

	for (unsigned int e = 0; e < count; e++) {
		struct accesses *list = &state->lists[extents[e].space];

		if (read_only(state, &extents[e]))
			continue;
		for (uint32_t i = 0; i < list->count; i++)
			if ((extents[e].write || list->items[i].extent.write) &&
			    overlap(&extents[e], &list->items[i].extent))
				depend(state, index, &list->items[i]);
	}
	for (unsigned int e = 0; e < count; e++) {
		struct accesses *list = &state->lists[extents[e].space];
		struct access access = { .extent = extents[e],
					 .position = state->position[index],
					 .stream = instruction->stream };
		uint32_t kept = 0;

		if (read_only(state, &extents[e]))
			continue;
		for (uint32_t i = 0; i < list->count; i++) {
			const struct access *old = &list->items[i];
			bool stands = covers(&extents[e], &old->extent) &&
				      ((extents[e].write && solid) ||
				       (old->stream == access.stream &&
					old->extent.write == extents[e].write));

			if (!stands)
				list->items[kept++] = *old;
		}
		list->count = kept;
		if (!add_access(state, &access))
			return;
	}
}

/* Drop waits that are implied, learn from the others. */
static void settle(struct state *state, uint32_t index)
{
	struct pumori_tile_instruction *instruction = &state->program->instructions[index];
	struct clocks *known = &state->known[instruction->stream];
	struct clocks *waits = &state->waits[index], kept = { 0 };

	/* The latest producer first: what it knew may settle the others. */
	for (;;) {
		uint32_t best = PUMORI_ISA_STREAMS, newest = 0;

		for (uint32_t s = 0; s < PUMORI_ISA_STREAMS; s++) {
			uint32_t producer;

			if (waits->at[s] <= known->at[s])
				continue;
			producer = state->by_position[s][waits->at[s] - 1];
			if (best == PUMORI_ISA_STREAMS || producer > newest) {
				best = s;
				newest = producer;
			}
		}
		if (best == PUMORI_ISA_STREAMS)
			break;
		kept.at[best] = waits->at[best];
		state->signals[newest] = true;
		for (uint32_t s = 0; s < PUMORI_ISA_STREAMS; s++)
			if (state->clocks[newest].at[s] > known->at[s])
				known->at[s] = state->clocks[newest].at[s];
		if (known->at[best] < waits->at[best])
			known->at[best] = waits->at[best];
	}
	*waits = kept;
	state->clocks[index] = *known;
}

static bool push(struct state *state, struct pumori_tile_stream *list, uint32_t index,
		 uint32_t *capacity)
{
	if (list->count == *capacity) {
		uint32_t wanted = *capacity ? *capacity * 2 : 256;
		void *larger = realloc(list->order, wanted * sizeof(*list->order));

		if (!larger) {
			pumori_tile_fail(state->program, -ENOMEM, "memory");
			return false;
		}
		list->order = larger;
		*capacity = wanted;
	}
	list->order[list->count++] = index;
	return true;
}

/* Fill streams, waits and signals; an instruction with more than two waits gets NOPs before it. */
static void write_streams(struct state *state, uint32_t total)
{
	struct pumori_tile_program *program = state->program;
	uint32_t capacity[PUMORI_ISA_STREAMS] = { 0 }, preload_capacity = 0;
	uint32_t signals[PUMORI_ISA_STREAMS] = { 0 };
	uint32_t *value = calloc(total + 1, sizeof(*value));

	if (!value) {
		pumori_tile_fail(program, -ENOMEM, "memory");
		return;
	}
	for (uint32_t i = 0; i < total && !program->error; i++) {
		uint8_t stream = program->instructions[i].stream;
		struct pumori_isa_instruction *isa;
		unsigned int used = 0, needed = 0;

		if (pumori_is_preload(program, &program->instructions[i])) {
			push(state, &program->preload, i, &preload_capacity);
			continue;
		}

		for (uint32_t s = 0; s < PUMORI_ISA_STREAMS; s++)
			needed += state->waits[i].at[s] != 0;
		isa = &program->instructions[i].isa;
		for (uint32_t s = 0; s < PUMORI_ISA_STREAMS; s++) {
			uint32_t position = state->waits[i].at[s];

			if (!position)
				continue;
			if (used == 0 && needed > 2) {
				struct pumori_tile_instruction *nop =
					pumori_tile_append(program, PUMORI_ISA_NOP);

				if (!nop)
					break;
				nop->stream = stream;
				nop->node = program->instructions[i].node;
				if (!push(state, &program->streams[stream],
					  program->instruction_count - 1, &capacity[stream]))
					break;
				isa = &nop->isa;
			}
			isa->flags |= used ? PUMORI_ISA_WAIT1 : PUMORI_ISA_WAIT0;
			isa->wait[used].semaphore = s;
			isa->wait[used].value = value[state->by_position[s][position - 1]];
			used++;
			needed--;
			if (used == 2 && needed) {
				used = 0;
				isa = &program->instructions[i].isa;
			}
		}
		if (state->signals[i]) {
			isa = &program->instructions[i].isa;
			isa->flags |= PUMORI_ISA_SIGNAL;
			isa->signal_semaphore = stream;
			isa->signal_increment = 1;
			signals[stream]++;
		}
		value[i] = signals[stream];
		push(state, &program->streams[stream], i, &capacity[stream]);
	}
	free(value);
}

int pumori_insert_semaphores(struct pumori_tile_program *program)
{
	uint32_t total = program->instruction_count;
	struct state state = { .program = program };
	bool complete;

	state.clocks = calloc(total + 1, sizeof(*state.clocks));
	state.waits = calloc(total + 1, sizeof(*state.waits));
	state.position = calloc(total + 1, sizeof(*state.position));
	state.signals = calloc(total + 1, sizeof(*state.signals));
	complete = state.clocks && state.waits && state.position && state.signals;
	for (unsigned int s = 0; s < PUMORI_ISA_STREAMS; s++) {
		state.by_position[s] = calloc(total + 1, sizeof(uint32_t));
		complete = complete && state.by_position[s];
	}
	if (!complete)
		pumori_tile_fail(program, -ENOMEM, "memory");
	for (uint32_t i = 0; i < total && !program->error; i++) {
		uint8_t stream = program->instructions[i].stream;

		/* Preloaded tiles are there before a run starts. */
		if (pumori_is_preload(program, &program->instructions[i]))
			continue;
		state.by_position[stream][state.length[stream]++] = i;
		state.position[i] = state.length[stream];
		visit(&state, i);
		settle(&state, i);
	}
	if (!program->error)
		write_streams(&state, total);
	for (unsigned int s = 0; s < PUMORI_ISA_STREAMS; s++)
		free(state.by_position[s]);
	for (unsigned int s = 0; s <= PUMORI_ISA_MEMORY; s++)
		free(state.lists[s].items);
	free(state.clocks);
	free(state.waits);
	free(state.position);
	free(state.signals);
	return program->error;
}
