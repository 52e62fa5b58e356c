/* SPDX-License-Identifier: MIT */
/*
 * A place says where the elements of a tensor (or of a part of one) lie in a tile: the axes in
 * @rows are flattened onto partitions, in blocks of 128; every other axis has a step along the free
 * dimension. In device memory no axis lies on partitions. Views (slices, permutations, broadcasts,
 * most reshapes) are places of the same tile.
 */
#ifndef PUMORI_COMPILER_PLACE_H
#define PUMORI_COMPILER_PLACE_H

#include "tile.h"

struct pumori_place {
	uint32_t tile;
	uint8_t space;			/* enum pumori_isa_space */
	uint8_t dtype;			/* enum pumori_isa_dtype */
	bool spread;			/* one partition stands for all rows */
	unsigned int rank;
	int64_t shape[PUMORI_MAX_RANK];
	int64_t step[PUMORI_MAX_RANK];	/* elements; of rows unused */
	unsigned int rows;		/* bit mask of the axes on partitions */
	int64_t first_row;
	int64_t offset;			/* elements */
	int64_t block_step;		/* elements from rows 0..127 to rows 128..255 */
	/* Zeros around the last two axes: top, left, bottom, right. */
	int64_t halo[4];
};

/* Dense place in device memory. */
struct pumori_place pumori_place_memory(uint32_t tile, unsigned int dtype, unsigned int rank,
					const int64_t *shape);
/*
 * A new tile of SBUF for a tensor whose axes @rows lie on partitions; @halo may be NULL. The
 * halo's content is not defined yet.
 */
struct pumori_place pumori_place_sbuf(struct pumori_tile_program *program, unsigned int dtype,
				      unsigned int rank, const int64_t *shape, unsigned int rows,
				      const int64_t *halo);
/* The same without a tile, for planning. */
struct pumori_place pumori_place_template(unsigned int dtype, unsigned int rank,
					  const int64_t *shape, unsigned int rows,
					  const int64_t *halo);
/* Bytes of a partition that a tile for such a place (not a view) takes. */
uint64_t pumori_place_bytes(const struct pumori_place *place);

/* Views. They return false, leaving *@place alone, when no view can express it. */
bool pumori_place_slice(struct pumori_place *place, const int64_t *starts, const int64_t *extents,
			const int64_t *steps);
bool pumori_place_permute(struct pumori_place *place, const unsigned int *permutation);
bool pumori_place_reshape(struct pumori_place *place, unsigned int rank, const int64_t *shape);
/* numpy broadcasting to @shape. */
bool pumori_place_broadcast(struct pumori_place *place, unsigned int rank, const int64_t *shape);

/*
 * Let a place that lies in one row stand for all rows of the axes @rows, if it repeats along them
 * anyway. False if it does not.
 */
bool pumori_place_spread(struct pumori_place *place, unsigned int rows);

/*
 * The operand of rows @row .. @row + @count - 1, which must lie in one block, with dimensions of
 * the caller's making; @offset counts elements from the place's first.
 */
struct pumori_isa_operand pumori_place_operand(const struct pumori_place *place, int64_t row,
					       int64_t count, int64_t offset, unsigned int dims,
					       const int64_t *counts, const int64_t *steps);
/* How many of @rows rows from @row on lie in one block. */
int64_t pumori_place_run(const struct pumori_place *place, int64_t row, int64_t rows);

/* Does each row hold (or repeat) one element of its own? */
bool pumori_place_is_column(const struct pumori_place *place);

int64_t pumori_place_rows(const struct pumori_place *place);
int64_t pumori_place_elements(const struct pumori_place *place);
/* The axes of @rows whose extent is not 1: what tells layouts apart. */
unsigned int pumori_place_row_axes(const struct pumori_place *place);

/*
 * A walk yields, for places of one shape and one assignment of rows, operands that together cover
 * all elements, each within one instruction's limits. Axes in @inner stay together as the
 * innermost dimensions, in order; the walk splits none of them.
 */
#define PUMORI_WALK_PLACES 5

enum pumori_walk_mode {
	PUMORI_WALK_ALL = 0,		/* every dimension */
	PUMORI_WALK_OUTER = 1,		/* without the inner ones (results of reductions) */
	PUMORI_WALK_ROW = 2,		/* one element a partition */
};

struct pumori_walk {
	struct pumori_tile_program *program;
	unsigned int places;
	struct pumori_place place[PUMORI_WALK_PLACES];
	enum pumori_walk_mode mode[PUMORI_WALK_PLACES];
	int64_t rows, row, run;
	unsigned int rank, inner;	/* dimensions, of which the last @inner are inner */
	int64_t extent[PUMORI_MAX_RANK], chunk[PUMORI_MAX_RANK], index[PUMORI_MAX_RANK];
	int64_t step[PUMORI_WALK_PLACES][PUMORI_MAX_RANK];
	bool started;
	/* The results. */
	struct pumori_isa_operand operand[PUMORI_WALK_PLACES];
	unsigned int inner_dims;	/* dimensions of the operands that are inner */
};

/* @modes may be NULL: PUMORI_WALK_ALL for all. */
void pumori_walk_begin(struct pumori_walk *walk, struct pumori_tile_program *program,
		       const struct pumori_place *const *places, const enum pumori_walk_mode *modes,
		       unsigned int count, unsigned int inner);
bool pumori_walk_next(struct pumori_walk *walk);

/*
 * Drop dimensions of extent 1 and merge neighbours that every place steps through as one; the
 * last @inner dimensions merge among themselves only. Returns the new rank, sets *@inner.
 */
unsigned int pumori_collapse(unsigned int rank, int64_t *extent,
			     int64_t (*step)[PUMORI_MAX_RANK], unsigned int count,
			     unsigned int *inner);

#endif
