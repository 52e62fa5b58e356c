// SPDX-License-Identifier: MIT
/* Places and their views. */
#include <string.h>

#include "place.h"

struct pumori_place pumori_place_memory(uint32_t tile, unsigned int dtype, unsigned int rank,
					const int64_t *shape)
{
	struct pumori_place place = { .tile = tile, .space = PUMORI_ISA_MEMORY, .dtype = dtype,
				      .rank = rank };
	int64_t step = 1;

	for (unsigned int i = rank; i-- > 0;) {
		place.shape[i] = shape[i];
		place.step[i] = step;
		step *= shape[i];
	}
	return place;
}

/*
 * Steps of the free axes with the last two inside their halo. A row of the map is followed by the
 * wider of its two margins only: the right margin of one row is the left margin of the next.
 */
static int64_t free_steps(unsigned int rank, const int64_t *shape, unsigned int rows,
			  const int64_t *halo, int64_t *step, int64_t *offset)
{
	int64_t next = 1;

	*offset = 0;
	for (unsigned int i = rank; i-- > 0;) {
		step[i] = 0;
		if (rows & (1u << i))
			continue;
		step[i] = next;
		next *= shape[i];
		if (!halo)
			continue;
		if (i + 1 == rank) {
			next = shape[i] + (halo[1] > halo[3] ? halo[1] : halo[3]);
		} else if (i + 2 == rank) {
			int64_t pitch = step[i];

			next = halo[1] + (halo[0] + shape[i] + halo[2]) * pitch;
			*offset = halo[1] + halo[0] * pitch;
		}
	}
	return next;
}

static int64_t row_count(unsigned int rank, const int64_t *shape, unsigned int rows)
{
	int64_t count = 1;

	for (unsigned int i = 0; i < rank; i++)
		if (rows & (1u << i))
			count *= shape[i];
	return count;
}

uint64_t pumori_place_bytes(const struct pumori_place *place)
{
	int64_t blocks = (row_count(place->rank, place->shape, place->rows) +
			  PUMORI_ISA_PARTITIONS - 1) / PUMORI_ISA_PARTITIONS;

	return (uint64_t)place->block_step * blocks * pumori_isa_bytes(place->dtype);
}

struct pumori_place pumori_place_template(unsigned int dtype, unsigned int rank,
					  const int64_t *shape, unsigned int rows,
					  const int64_t *halo)
{
	struct pumori_place place = { .tile = PUMORI_NO_TILE, .space = PUMORI_ISA_SBUF,
				      .dtype = dtype, .rank = rank, .rows = rows };

	memcpy(place.shape, shape, rank * sizeof(*shape));
	place.block_step = free_steps(rank, shape, rows, halo, place.step, &place.offset);
	if (halo)
		memcpy(place.halo, halo, sizeof(place.halo));
	return place;
}

struct pumori_place pumori_place_sbuf(struct pumori_tile_program *program, unsigned int dtype,
				      unsigned int rank, const int64_t *shape, unsigned int rows,
				      const int64_t *halo)
{
	struct pumori_place place = pumori_place_template(dtype, rank, shape, rows, halo);

	place.tile = pumori_tile_sbuf(program, pumori_place_bytes(&place));
	return place;
}

bool pumori_place_spread(struct pumori_place *place, unsigned int rows)
{
	if (pumori_place_row_axes(place) || place->space == PUMORI_ISA_MEMORY)
		return false;
	for (unsigned int i = 0; i < place->rank; i++)
		if ((rows & (1u << i)) && place->shape[i] != 1 && place->step[i] != 0)
			return false;
	place->rows = rows;
	place->spread = pumori_place_rows(place) != 1;
	return true;
}

bool pumori_place_is_column(const struct pumori_place *place)
{
	for (unsigned int i = 0; i < place->rank; i++)
		if (!(place->rows & (1u << i)) && place->shape[i] != 1 && place->step[i])
			return false;
	return !place->spread && pumori_place_rows(place) > 1;
}

int64_t pumori_place_run(const struct pumori_place *place, int64_t row, int64_t rows)
{
	int64_t left = PUMORI_ISA_PARTITIONS - (place->first_row + row) % PUMORI_ISA_PARTITIONS;

	return left < rows ? left : rows;
}

struct pumori_isa_operand pumori_place_operand(const struct pumori_place *place, int64_t row,
					       int64_t count, int64_t offset, unsigned int dims,
					       const int64_t *counts, const int64_t *steps)
{
	int64_t global = place->first_row + row;
	struct pumori_isa_operand operand = {
		.space = place->space, .dtype = place->dtype,
		.partition_start = global % PUMORI_ISA_PARTITIONS,
		.partition_count = count, .partition_step = 1, .dims = dims,
		.offset = (place->offset + offset +
			   global / PUMORI_ISA_PARTITIONS * place->block_step) *
			  pumori_isa_bytes(place->dtype),
	};

	for (unsigned int i = 0; i < dims; i++) {
		operand.count[i] = counts[i];
		operand.step[i] = steps[i];
	}
	return operand;
}

int64_t pumori_place_rows(const struct pumori_place *place)
{
	return row_count(place->rank, place->shape, place->rows);
}

int64_t pumori_place_elements(const struct pumori_place *place)
{
	int64_t count = 1;

	for (unsigned int i = 0; i < place->rank; i++)
		count *= place->shape[i];
	return count;
}

unsigned int pumori_place_row_axes(const struct pumori_place *place)
{
	unsigned int axes = 0;

	for (unsigned int i = 0; i < place->rank; i++)
		if ((place->rows & (1u << i)) && place->shape[i] != 1)
			axes |= 1u << i;
	return axes;
}

bool pumori_place_slice(struct pumori_place *place, const int64_t *starts, const int64_t *extents,
			const int64_t *steps)
{
	struct pumori_place view = *place;
	int64_t inner_rows = pumori_place_rows(place);
	bool outermost = true;

	memset(view.halo, 0, sizeof(view.halo));
	for (unsigned int i = 0; i < place->rank; i++) {
		int64_t step = steps ? steps[i] : 1;
		bool whole = starts[i] == 0 && extents[i] == place->shape[i] && step == 1;

		if (place->rows & (1u << i)) {
			if (place->shape[i])
				inner_rows /= place->shape[i];
			if (!whole && !place->spread) {
				/* Rows stay consecutive only below the outermost axis. */
				if (!outermost || (step != 1 && extents[i] > 1))
					return false;
				view.first_row += starts[i] * inner_rows;
			}
			outermost = outermost && place->shape[i] == 1;
		} else {
			view.offset += starts[i] * place->step[i];
			view.step[i] = place->step[i] * step;
		}
		view.shape[i] = extents[i];
	}
	if (memcmp(view.shape, place->shape, sizeof(view.shape)) == 0)
		memcpy(view.halo, place->halo, sizeof(view.halo));
	*place = view;
	return true;
}

bool pumori_place_permute(struct pumori_place *place, const unsigned int *permutation)
{
	struct pumori_place view = *place;
	unsigned int last = 0;
	bool any = false;

	memset(view.halo, 0, sizeof(view.halo));
	view.rows = 0;
	for (unsigned int i = 0; i < place->rank; i++) {
		unsigned int from = permutation[i];

		view.shape[i] = place->shape[from];
		view.step[i] = place->step[from];
		if (!(place->rows & (1u << from)))
			continue;
		view.rows |= 1u << i;
		if (place->shape[from] == 1)
			continue;
		if (any && from < last && !place->spread)
			return false;
		any = true;
		last = from;
	}
	*place = view;
	return true;
}

/* Reshape one run of old axes into one run of new axes with the same number of elements. */
static bool reshape_run(const struct pumori_place *old, unsigned int from, unsigned int to,
			struct pumori_place *new, unsigned int new_from, unsigned int new_to)
{
	int64_t extent[PUMORI_MAX_RANK], step[PUMORI_MAX_RANK], next;
	unsigned int count = 0, rows = 0, free_axes = 0;

	for (unsigned int i = from; i < to; i++) {
		if (old->shape[i] == 1)
			continue;
		if (old->rows & (1u << i)) {
			rows++;
			continue;
		}
		free_axes++;
		if (count && step[count - 1] == old->step[i] * old->shape[i]) {
			extent[count - 1] *= old->shape[i];
			step[count - 1] = old->step[i];
		} else {
			extent[count] = old->shape[i];
			step[count++] = old->step[i];
		}
	}
	if (rows && free_axes)
		return false;
	if (rows) {
		for (unsigned int i = new_from; i < new_to; i++)
			new->rows |= 1u << i;
		return true;
	}
	/* Innermost first: each new axis must lie within one mergeable old axis. */
	next = 1;
	for (unsigned int i = new_to; i-- > new_from;) {
		if (new->shape[i] == 1) {
			new->step[i] = 0;
			continue;
		}
		if (!count || extent[count - 1] % (next * new->shape[i]))
			return false;
		new->step[i] = step[count - 1] * next;
		next *= new->shape[i];
		if (next == extent[count - 1]) {
			count--;
			next = 1;
		}
	}
	return true;
}

bool pumori_place_reshape(struct pumori_place *place, unsigned int rank, const int64_t *shape)
{
	struct pumori_place view = *place;
	unsigned int i = 0, j = 0;

	view.rank = rank;
	view.rows = 0;
	memset(view.halo, 0, sizeof(view.halo));
	memset(view.step, 0, sizeof(view.step));
	memset(view.shape, 0, sizeof(view.shape));
	memcpy(view.shape, shape, rank * sizeof(*shape));
	while (i < place->rank || j < rank) {
		int64_t old = 1, new = 1;
		unsigned int from = i, new_from = j;

		if (i < place->rank)
			old = place->shape[i++];
		if (j < rank)
			new = shape[j++];
		while (old != new) {
			if (old < new && i < place->rank)
				old *= place->shape[i++];
			else if (new < old && j < rank)
				new *= shape[j++];
			else
				return false;
		}
		if (!reshape_run(place, from, i, &view, new_from, j))
			return false;
	}
	if (rank >= 2 && place->rank >= 2 && !(view.rows & (3u << (rank - 2))) &&
	    view.shape[rank - 1] == place->shape[place->rank - 1] &&
	    view.shape[rank - 2] == place->shape[place->rank - 2] &&
	    view.step[rank - 2] == place->step[place->rank - 2])
		memcpy(view.halo, place->halo, sizeof(view.halo));
	*place = view;
	return true;
}

bool pumori_place_broadcast(struct pumori_place *place, unsigned int rank, const int64_t *shape)
{
	struct pumori_place view = *place;
	unsigned int shift = rank - place->rank;
	int64_t old_rows = pumori_place_rows(place), new_rows;

	view.rank = rank;
	view.rows = place->rows << shift;
	memset(view.halo, 0, sizeof(view.halo));
	for (unsigned int i = 0; i < rank; i++) {
		int64_t old = i < shift ? 1 : place->shape[i - shift];

		view.shape[i] = shape[i];
		view.step[i] = i < shift || old == 1 ? 0 : place->step[i - shift];
		if (old == shape[i])
			continue;
		if (old != 1)
			return false;
		/* Beside true rows, a repeated axis is a free one that does not move. */
		if (old_rows > 1)
			view.rows &= ~(1u << i);
	}
	new_rows = row_count(rank, shape, view.rows);
	if (new_rows != old_rows) {
		if (old_rows != 1)
			return false;
		view.spread = true;
	}
	if (shift == 0 && memcmp(view.shape, place->shape, sizeof(view.shape)) == 0)
		memcpy(view.halo, place->halo, sizeof(view.halo));
	*place = view;
	return true;
}
