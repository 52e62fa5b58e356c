/* SPDX-License-Identifier: MIT */
/*
 * The model of the self test: what it computes, for the program that compiles it at build time and
 * for the tool that knows the right answer.
 *
 *   scores = relu(x . w + b)	TENSOR, and the evacuation of its sums
 *   best = maximum of each row	VECTOR
 *   turned = rows of scores, last first	DMA
 *
 * All values are small whole numbers, so that fp32 has no rounding and every answer is exact.
 */
#ifndef PUMORI_CLI_SELFTEST_MODEL_H
#define PUMORI_CLI_SELFTEST_MODEL_H

/* Rows of x, its columns, and columns of scores; no multiples of each other's tile sizes. */
#define SELFTEST_ROWS		96
#define SELFTEST_INNER		160
#define SELFTEST_COLUMNS	72

static inline float selftest_weight(unsigned int row, unsigned int column)
{
	return (float)((row * 7 + column * 3) % 11) - 5.0f;
}

static inline float selftest_bias(unsigned int column)
{
	return (float)(column % 5) - 2.0f;
}

/* @seed changes from run to run, so that an old answer is no right one. */
static inline float selftest_input(unsigned int row, unsigned int column, unsigned int seed)
{
	return (float)((row * 5 + column * 13 + seed * 17) % 9) - 4.0f;
}

#endif
