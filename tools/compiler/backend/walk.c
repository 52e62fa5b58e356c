// SPDX-License-Identifier: MIT
/* Cutting places into operands. */
#include <errno.h>
#include <string.h>

#include "place.h"

#define OPERAND_DIMS 4
#define COUNT_MAX 65535

unsigned int pumori_collapse(unsigned int rank, int64_t *extent,
			     int64_t (*step)[PUMORI_MAX_RANK], unsigned int count,
			     unsigned int *inner)
{
	unsigned int outer = rank - *inner, kept = 0, kept_outer;
	unsigned int start = 0;

	for (unsigned int i = 0; i < rank; i++) {
		bool merge = kept > start && extent[i] != 1;

		if (i == outer) {
			start = kept;
			merge = false;
		}
		if (extent[i] == 1)
			continue;
		for (unsigned int p = 0; merge && p < count; p++)
			merge = step[p][kept - 1] == step[p][i] * extent[i];
		if (merge) {
			extent[kept - 1] *= extent[i];
			for (unsigned int p = 0; p < count; p++)
				step[p][kept - 1] = step[p][i];
			continue;
		}
		extent[kept] = extent[i];
		for (unsigned int p = 0; p < count; p++)
			step[p][kept] = step[p][i];
		kept++;
	}
	kept_outer = outer == rank ? kept : start;
	*inner = kept - kept_outer;
	return kept;
}

void pumori_walk_begin(struct pumori_walk *walk, struct pumori_tile_program *program,
		       const struct pumori_place *const *places, const enum pumori_walk_mode *modes,
		       unsigned int count, unsigned int inner)
{
	unsigned int rank = 0, room;

	memset(walk, 0, sizeof(*walk));
	walk->program = program;
	walk->places = count;
	for (unsigned int p = 0; p < count; p++) {
		walk->place[p] = *places[p];
		walk->mode[p] = modes ? modes[p] : PUMORI_WALK_ALL;
	}
	walk->rows = pumori_place_rows(places[0]);
	for (unsigned int pass = 0; pass < 2; pass++) {
		for (unsigned int i = 0; i < places[0]->rank; i++) {
			if ((places[0]->rows & (1u << i)) || !!(inner & (1u << i)) != (pass == 1))
				continue;
			walk->extent[rank] = places[0]->shape[i];
			for (unsigned int p = 0; p < count; p++)
				walk->step[p][rank] = places[p]->step[i];
			rank++;
			walk->inner += pass;
		}
	}
	/* Results of reductions have extent 1, or any step, along the inner axes: let them merge. */
	for (unsigned int p = 0; p < count; p++)
		for (unsigned int i = rank - walk->inner; i < rank; i++)
			if (walk->mode[p] != PUMORI_WALK_ALL)
				walk->step[p][i] = 0;
	/* A place of one element a row follows any merging. */
	for (unsigned int p = 0; p < count; p++)
		for (unsigned int i = 0; i < rank; i++)
			if (walk->mode[p] == PUMORI_WALK_ROW)
				walk->step[p][i] = 0;
	walk->rank = pumori_collapse(rank, walk->extent, walk->step, count, &walk->inner);
	if (walk->inner > OPERAND_DIMS) {
		pumori_tile_fail(program, -ENOTSUP, "an access pattern of %u inner dimensions",
				 walk->inner);
		return;
	}
	room = OPERAND_DIMS - walk->inner;
	for (unsigned int i = 0; i < walk->rank; i++) {
		walk->chunk[i] = walk->extent[i];
		if (i >= walk->rank - walk->inner) {
			if (walk->extent[i] > COUNT_MAX)
				pumori_tile_fail(program, -ENOTSUP,
						 "%lld elements in one reduced dimension",
						 (long long)walk->extent[i]);
			continue;
		}
		if (walk->rank - walk->inner - i > room)
			walk->chunk[i] = 1;
		else if (walk->chunk[i] > COUNT_MAX)
			walk->chunk[i] = COUNT_MAX;
	}
}

static void fill_operand(struct pumori_walk *walk, unsigned int p)
{
	const struct pumori_place *place = &walk->place[p];
	struct pumori_isa_operand *operand = &walk->operand[p];
	unsigned int bytes = pumori_isa_bytes(place->dtype), dims = 0;
	unsigned int end = walk->rank;
	int64_t offset = place->offset;

	memset(operand, 0, sizeof(*operand));
	operand->space = place->space;
	operand->dtype = place->dtype;
	operand->partition_count = walk->run;
	if (place->spread) {
		operand->partition_start = place->first_row % PUMORI_ISA_PARTITIONS;
		offset += place->first_row / PUMORI_ISA_PARTITIONS * place->block_step;
	} else {
		int64_t row = place->first_row + walk->row;

		operand->partition_step = 1;
		operand->partition_start = row % PUMORI_ISA_PARTITIONS;
		offset += row / PUMORI_ISA_PARTITIONS * place->block_step;
	}
	if (walk->run == 1)
		operand->partition_step = 1;
	if (walk->mode[p] == PUMORI_WALK_OUTER)
		end -= walk->inner;
	for (unsigned int i = 0; i < end && walk->mode[p] != PUMORI_WALK_ROW; i++) {
		int64_t count = walk->extent[i] - walk->index[i];

		offset += walk->index[i] * walk->step[p][i];
		if (count > walk->chunk[i])
			count = walk->chunk[i];
		if (walk->chunk[i] == 1)
			continue;
		operand->count[dims] = count;
		operand->step[dims++] = walk->step[p][i];
	}
	if (!dims) {
		operand->count[0] = 1;
		operand->step[0] = 1;
		dims = 1;
	}
	operand->dims = dims;
	operand->offset = offset * bytes;
}

bool pumori_walk_next(struct pumori_walk *walk)
{
	unsigned int outer = walk->rank - walk->inner;

	if (walk->program->error)
		return false;
	if (!walk->started) {
		walk->started = true;
		if (!walk->rows)
			return false;
		for (unsigned int i = 0; i < walk->rank; i++)
			if (!walk->extent[i])
				return false;
	} else {
		unsigned int i = outer;

		while (i > 0) {
			i--;
			walk->index[i] += walk->chunk[i];
			if (walk->index[i] < walk->extent[i])
				break;
			walk->index[i] = 0;
			if (i == 0) {
				walk->row += walk->run;
				break;
			}
		}
		if (outer == 0)
			walk->row += walk->run;
		if (walk->row >= walk->rows)
			return false;
	}
	walk->run = walk->rows - walk->row;
	for (unsigned int p = 0; p < walk->places; p++) {
		int64_t row = walk->place[p].first_row + walk->row;
		int64_t left = PUMORI_ISA_PARTITIONS - row % PUMORI_ISA_PARTITIONS;

		if (!walk->place[p].spread && left < walk->run)
			walk->run = left;
	}
	if (walk->run > PUMORI_ISA_PARTITIONS)
		walk->run = PUMORI_ISA_PARTITIONS;
	for (unsigned int p = 0; p < walk->places; p++)
		fill_operand(walk, p);
	walk->inner_dims = walk->inner;
	return true;
}
