// SPDX-License-Identifier: MIT
/*
 * Memory to memory where neighbours do not stay neighbours (interleaving, repetition, turned axes):
 * a DMA would move one element at a time. Parts go through SBUF in runs instead, and an engine
 * reorders them there.
 */
#include <string.h>

#include "shuffle.h"

#include "lower.h"

/* Runs that DMA moves well, and tensors that are worth the trouble. */
#define RUN_ELEMENTS 16
#define SHUFFLE_ELEMENTS 8192

/* Elements that both sides keep next to each other. */
static int64_t common_run(const struct pumori_place *destination, const struct pumori_place *source)
{
	int64_t extent[PUMORI_MAX_RANK], step[2][PUMORI_MAX_RANK];
	unsigned int rank, inner = 0;

	memcpy(extent, destination->shape, sizeof(extent));
	memcpy(step[0], destination->step, sizeof(step[0]));
	memcpy(step[1], source->step, sizeof(step[1]));
	rank = pumori_collapse(destination->rank, extent, step, 2, &inner);
	return rank && step[0][rank - 1] == 1 && step[1][rank - 1] == 1 ? extent[rank - 1] : 1;
}

/* The axis to put onto partitions: the longest one that neither side has innermost. */
static int row_axis(const struct pumori_place *destination, const struct pumori_place *source)
{
	int best = -1;

	for (unsigned int i = 0; i < destination->rank; i++)
		if (destination->shape[i] > 1 && destination->step[i] > 1 && source->step[i] > 1 &&
		    (best < 0 || destination->shape[i] > destination->shape[best]))
			best = i;
	return best;
}

/* Axes by falling step; @inverse undoes it. */
static void order_by_step(const struct pumori_place *place, unsigned int *order,
			  unsigned int *inverse)
{
	for (unsigned int i = 0; i < place->rank; i++) {
		unsigned int at = i;

		while (at > 0 && place->step[order[at - 1]] < place->step[i]) {
			order[at] = order[at - 1];
			at--;
		}
		order[at] = i;
	}
	for (unsigned int i = 0; i < place->rank; i++)
		inverse[order[i]] = i;
}

/*
 * A tile for @part of memory, its free axes in the order in which memory has them. *@memory becomes
 * the part with axes in that order, *@ordered the tile likewise; the result is the tile with the
 * axes of @part.
 */
static struct pumori_place tile_like(struct pumori_tile_program *program,
				     const struct pumori_place *part, int axis,
				     struct pumori_place *memory, struct pumori_place *ordered)
{
	unsigned int order[PUMORI_MAX_RANK], inverse[PUMORI_MAX_RANK];
	struct pumori_place tile;

	order_by_step(part, order, inverse);
	*memory = *part;
	pumori_place_permute(memory, order);
	*ordered = pumori_place_sbuf(program, part->dtype, part->rank, memory->shape,
				     1u << inverse[axis], NULL);
	tile = *ordered;
	pumori_place_permute(&tile, inverse);
	return tile;
}

static void shuffle_part(struct pumori_tile_program *program, const struct pumori_place *to,
			 const struct pumori_place *from, int axis)
{
	struct pumori_place once = *from, memory, ordered, in, out;

	/* What repeats is fetched once. */
	for (unsigned int i = 0; i < once.rank; i++)
		if (!once.step[i])
			once.shape[i] = 1;
	in = tile_like(program, &once, axis, &memory, &ordered);
	pumori_move(program, &ordered, &memory);
	pumori_place_broadcast(&in, to->rank, to->shape);
	out = tile_like(program, to, axis, &memory, &ordered);
	pumori_move(program, &out, &in);
	pumori_move(program, &memory, &ordered);
}

bool pumori_shuffle(struct pumori_tile_program *program, const struct pumori_place *destination,
		    const struct pumori_place *source)
{
	struct pumori_region region;
	int axis = row_axis(destination, source);

	if (axis < 0 || common_run(destination, source) >= RUN_ELEMENTS ||
	    pumori_place_elements(destination) < SHUFFLE_ELEMENTS)
		return false;
	pumori_region_begin(&region, destination->rank, destination->shape, 1u << axis, 0,
			    pumori_isa_bytes(destination->dtype), PUMORI_REGION_BYTES);
	while (pumori_region_next(&region) && !program->error) {
		struct pumori_place to = *destination, from = *source;

		pumori_place_slice(&to, region.start, region.extent, NULL);
		pumori_place_slice(&from, region.start, region.extent, NULL);
		shuffle_part(program, &to, &from, axis);
	}
	return true;
}
