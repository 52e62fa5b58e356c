/* SPDX-License-Identifier: MIT */
/* Compiles small graphs, runs them on the chip in process, and compares with the evaluator. */
#ifndef PUMORI_TESTS_BACKEND_BENCH_H
#define PUMORI_TESTS_BACKEND_BENCH_H

#include <pumori/pumori.h>

#include "../../tools/compiler/backend.h"
#include "../../tools/compiler/evaluate.h"

/* A pseudo-random sequence of the test's own: failures repeat. */
struct bench_random {
	uint64_t state;
};
uint32_t bench_next(struct bench_random *random);
/* From low to high, both included. */
int64_t bench_range(struct bench_random *random, int64_t low, int64_t high);
float bench_float(struct bench_random *random, float low, float high);

/* How the graph is compiled. */
enum bench_mode {
	BENCH_FLOAT32,
	BENCH_MEMORY,		/* fp32 with nothing kept in SBUF between nodes */
	BENCH_BFLOAT16,
	BENCH_PRELOAD,		/* fp32 with weights loaded once, run twice */
	BENCH_MODES,
};

/* A graph under construction; a failure of the graph API fails the test. */
struct bench_graph {
	struct pumori_diagnostics diagnostics;
	struct pumori_graph *graph;
	struct bench_random random;
	float low, high;		/* of the data of inputs */
};

void bench_begin(struct bench_graph *bench, uint64_t seed);
struct pumori_tensor *bench_input(struct bench_graph *bench, enum pumori_element_type element,
				  unsigned int rank, const int64_t *shape);
/* A constant of random floats between low and high. */
struct pumori_tensor *bench_constant(struct bench_graph *bench, unsigned int rank,
				     const int64_t *shape, float low, float high);
struct pumori_tensor *bench_node(struct bench_graph *bench, enum pumori_primitive primitive,
				 const union pumori_attributes *attributes,
				 struct pumori_tensor *const *inputs, size_t input_count);
void bench_output(struct bench_graph *bench, struct pumori_tensor *tensor);

/*
 * Compile in @mode, run, compare all outputs within rtol and atol (of float outputs; others must be
 * equal), print what differs, fail the test. Frees the graph.
 */
void bench_finish(struct bench_graph *bench, enum bench_mode mode, double rtol, double atol);

#endif
