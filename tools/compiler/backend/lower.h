/* SPDX-License-Identifier: MIT */
/*
 * Lowering: graph IR to tile IR, one function a primitive. A lowering function asks for the places
 * of its inputs and outputs, cuts the output into regions that fit into SBUF (one region when
 * everything is resident), fetches what it reads in the layout it needs, and emits instructions.
 */
#ifndef PUMORI_COMPILER_LOWER_H
#define PUMORI_COMPILER_LOWER_H

#include "emit.h"
#include "layout.h"

/* Bytes of a partition that one temporary tile of a region may take. */
#define PUMORI_REGION_BYTES (24 * 1024)

struct pumori_lowering {
	struct pumori_tile_program *program;
	struct pumori_graph *graph;
	const struct pumori_layout *layouts;
	struct pumori_place *places;	/* by tensor index */
	bool *placed;
	uint32_t *variables;		/* tiles of inputs and outputs, by tensor index */
};

/* Lower the whole graph. Negative on failure, with a diagnostic. */
int pumori_lower(struct pumori_graph *graph, const struct pumori_layout *layouts,
		 struct pumori_tile_program *program);

/* Where an input is, with the stored type; constants are put into the weights as they are. */
struct pumori_place pumori_lower_input(struct pumori_lowering *lowering,
				       const struct pumori_node *node, size_t index);
/* Where an output shall go. */
struct pumori_place pumori_lower_output(struct pumori_lowering *lowering,
					const struct pumori_node *node, size_t index);

/* A constant in the weights, converted to @dtype (FP32, BF16 or its own). */
struct pumori_place pumori_lower_constant(struct pumori_lowering *lowering,
					  const struct pumori_tensor *tensor, unsigned int dtype);
/* FP32 values into the weights as @dtype (FP32, BF16, FP16, INT8, UINT8); dense of the given shape. */
struct pumori_place pumori_lower_weights(struct pumori_lowering *lowering, const float *values,
					 unsigned int dtype, unsigned int rank,
					 const int64_t *shape);
/* The float or byte elements of a constant as FP32, from malloc; NULL after a failure. */
float *pumori_lower_floats(struct pumori_lowering *lowering, const struct pumori_tensor *tensor);

/*
 * @source, broadcast to @shape, in SBUF with the rows @rows: as it is, or as a copy. With @exact
 * it really has all rows, and its type is @dtype; else one row may stand for all, and @dtype
 * counts only when a copy is needed anyway.
 */
struct pumori_place pumori_lower_fetch(struct pumori_lowering *lowering,
				       const struct pumori_place *source, unsigned int rank,
				       const int64_t *shape, unsigned int rows, unsigned int dtype,
				       bool exact);

/* A temporary tile in SBUF. */
struct pumori_place pumori_lower_temporary(struct pumori_lowering *lowering, unsigned int dtype,
					   unsigned int rank, const int64_t *shape,
					   unsigned int rows);

/* A dense copy of @place in memory. */
struct pumori_place pumori_lower_spill(struct pumori_lowering *lowering,
				       const struct pumori_place *place);

/*
 * Regions of @shape of which a tile with @element_bytes takes at most @limit bytes a partition.
 * Axes in @whole are never cut.
 */
struct pumori_region {
	unsigned int rank;
	int64_t shape[PUMORI_MAX_RANK], chunk[PUMORI_MAX_RANK];
	int64_t start[PUMORI_MAX_RANK], extent[PUMORI_MAX_RANK];
	bool started;
};

void pumori_region_begin(struct pumori_region *region, unsigned int rank, const int64_t *shape,
			 unsigned int rows, unsigned int whole, unsigned int element_bytes,
			 uint64_t limit);
bool pumori_region_next(struct pumori_region *region);
/* The part of @place that belongs to the region; axes of extent 1 stay. */
struct pumori_place pumori_region_part(struct pumori_lowering *lowering,
				       const struct pumori_region *region,
				       const struct pumori_place *place);

/*
 * The usual frame of a lowering function: for each region of output 0, its inputs' parts fetched
 * with the output's rows (inputs keep their own extents along axes in @whole), then @core, then
 * the store. @core writes to @out, which lies in SBUF.
 */
typedef void (*pumori_region_core)(struct pumori_lowering *lowering,
				   const struct pumori_node *node,
				   const struct pumori_place *out,
				   const struct pumori_place *inputs);
void pumori_lower_regions(struct pumori_lowering *lowering, const struct pumori_node *node,
			  unsigned int whole, pumori_region_core core);

/* out = activation(in * scale + bias), rows and shapes alike; floats only. */
void pumori_lower_activation(struct pumori_lowering *lowering, const struct pumori_place *out,
			     const struct pumori_place *in,
			     const struct pumori_activation *activation, float scale, float bias);
/*
 * The ISA's function for an activation, if one instruction computes it: its parameters and what
 * its argument is multiplied with and added to.
 */
struct pumori_function {
	enum pumori_isa_function function;
	float alpha, beta, scale, bias;
};
bool pumori_activation_function(const struct pumori_activation *activation,
				struct pumori_function *function);

/* One function a primitive. */
void pumori_lower_view(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_cast(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_unary(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_binary(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_select(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_quantize(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_matmul(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_conv2d(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_pool2d(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_reduce(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_softmax(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_layer_norm(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_concat(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_pad(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_gather(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_gather_elements(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_scatter_elements(struct pumori_lowering *lowering,
				   const struct pumori_node *node);
void pumori_lower_gather_nd(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_scatter_nd(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_cumulative_sum(struct pumori_lowering *lowering, const struct pumori_node *node);
void pumori_lower_arg_reduce(struct pumori_lowering *lowering, const struct pumori_node *node);

#endif
