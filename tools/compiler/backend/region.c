// SPDX-License-Identifier: MIT
/* Cutting a tensor into regions that fit, and the frame around most lowering functions. */
#include <errno.h>
#include <string.h>

#include "lower.h"

void pumori_region_begin(struct pumori_region *region, unsigned int rank, const int64_t *shape,
			 unsigned int rows, unsigned int whole, unsigned int element_bytes,
			 uint64_t limit)
{
	int64_t row_count = 1, free_bytes = element_bytes;
	unsigned int outer_row = rank;

	memset(region, 0, sizeof(*region));
	region->rank = rank;
	for (unsigned int i = rank; i-- > 0;) {
		region->shape[i] = region->chunk[i] = shape[i];
		if (!(rows & (1u << i))) {
			free_bytes *= shape[i];
			continue;
		}
		row_count *= shape[i];
		if (shape[i] > 1)
			outer_row = i;
	}
	/* First fewer blocks of rows, by the outermost axis on partitions alone. */
	if (outer_row < rank && !(whole & (1u << outer_row))) {
		int64_t inner_rows = row_count / shape[outer_row];
		int64_t *chunk = &region->chunk[outer_row];

		while (*chunk > 1 &&
		       (*chunk * inner_rows + PUMORI_ISA_PARTITIONS - 1) / PUMORI_ISA_PARTITIONS *
		       free_bytes > (int64_t)limit && *chunk * inner_rows > PUMORI_ISA_PARTITIONS) {
			int64_t half = (*chunk + 1) / 2;

			/* A multiple of full blocks where that is possible. */
			if (inner_rows == 1 && half > PUMORI_ISA_PARTITIONS)
				half = (half + PUMORI_ISA_PARTITIONS - 1) / PUMORI_ISA_PARTITIONS *
				       PUMORI_ISA_PARTITIONS;
			if (inner_rows == 1 && half < PUMORI_ISA_PARTITIONS)
				half = PUMORI_ISA_PARTITIONS;
			if (half >= *chunk)
				half = *chunk - 1;
			*chunk = half;
		}
		row_count = *chunk * inner_rows;
	}
	free_bytes *= (row_count + PUMORI_ISA_PARTITIONS - 1) / PUMORI_ISA_PARTITIONS;
	for (unsigned int i = 0; i < rank && free_bytes > (int64_t)limit; i++) {
		int64_t rest;

		if ((rows | whole) & (1u << i) || shape[i] <= 1)
			continue;
		rest = free_bytes / shape[i];
		region->chunk[i] = rest > (int64_t)limit ? 1 : (int64_t)limit / rest;
		free_bytes = rest * region->chunk[i];
	}
}

bool pumori_region_next(struct pumori_region *region)
{
	unsigned int i = region->rank;

	if (!region->started) {
		region->started = true;
	} else {
		while (i > 0) {
			i--;
			region->start[i] += region->chunk[i];
			if (region->start[i] < region->shape[i])
				break;
			region->start[i] = 0;
			if (i == 0)
				return false;
		}
		if (region->rank == 0)
			return false;
	}
	for (i = 0; i < region->rank; i++) {
		region->extent[i] = region->shape[i] - region->start[i];
		if (region->extent[i] > region->chunk[i])
			region->extent[i] = region->chunk[i];
	}
	return true;
}

struct pumori_place pumori_region_part(struct pumori_lowering *lowering,
				       const struct pumori_region *region,
				       const struct pumori_place *place)
{
	int64_t starts[PUMORI_MAX_RANK], extents[PUMORI_MAX_RANK];
	struct pumori_place part = *place;
	unsigned int shift = region->rank - place->rank;

	for (unsigned int i = 0; i < place->rank; i++) {
		bool one = place->shape[i] == 1 || region->shape[i + shift] != place->shape[i];

		starts[i] = one ? 0 : region->start[i + shift];
		extents[i] = one ? place->shape[i] : region->extent[i + shift];
	}
	if (!pumori_place_slice(&part, starts, extents, NULL)) {
		/* Rows that are not consecutive: cut them out of a copy in memory. */
		part = pumori_lower_spill(lowering, place);
		pumori_place_slice(&part, starts, extents, NULL);
	}
	return part;
}

void pumori_lower_regions(struct pumori_lowering *lowering, const struct pumori_node *node,
			  unsigned int whole, pumori_region_core core)
{
	struct pumori_place inputs[4] = { 0 };
	struct pumori_place out = pumori_lower_output(lowering, node, 0);
	const struct pumori_tensor_type *type = &node->outputs[0]->type;
	unsigned int rows = lowering->layouts[node->outputs[0]->index].place.rows;
	bool resident = out.space != PUMORI_ISA_MEMORY;
	int64_t shape[PUMORI_MAX_RANK];
	struct pumori_region region;

	/* The region is cut by the larger extent of output and input along the whole axes. */
	memcpy(shape, type->shape, sizeof(shape));
	for (size_t i = 0; i < node->input_count && i < 4; i++) {
		const struct pumori_tensor_type *in = &node->inputs[i]->type;

		inputs[i] = pumori_lower_input(lowering, node, i);
		for (unsigned int a = 0; a < type->rank && in->rank == type->rank; a++)
			if ((whole & (1u << a)) && in->shape[a] > shape[a])
				shape[a] = in->shape[a];
	}
	pumori_region_begin(&region, type->rank, shape, rows, whole,
			    pumori_isa_bytes(out.dtype) > 4 ? 8 : 4,
			    resident ? UINT64_MAX / 2 : PUMORI_REGION_BYTES);
	while (pumori_region_next(&region) && !lowering->program->error) {
		struct pumori_place parts[4], target, part = pumori_region_part(lowering, &region,
										&out);

		for (size_t i = 0; i < node->input_count && i < 4; i++) {
			struct pumori_place source = pumori_region_part(lowering, &region,
									&inputs[i]);
			int64_t extents[PUMORI_MAX_RANK];
			unsigned int shift = type->rank - source.rank;

			for (unsigned int a = 0; a < type->rank; a++)
				extents[a] = (whole & (1u << a)) ?
					     (a < shift ? 1 : source.shape[a - shift]) :
					     region.extent[a];
			parts[i] = pumori_lower_fetch(lowering, &source, type->rank, extents, rows,
						      source.dtype, false);
		}
		if (resident) {
			core(lowering, node, &part, parts);
			continue;
		}
		target = pumori_lower_temporary(lowering, out.dtype, part.rank, part.shape, rows);
		core(lowering, node, &target, parts);
		pumori_move(lowering->program, &part, &target);
	}
}
