/* SPDX-License-Identifier: MIT */
/* The screen of pumori top as a function of what was seen, without a terminal. */
#ifndef PUMORI_CLI_TOP_VIEW_H
#define PUMORI_CLI_TOP_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "sample.h"

/** enum cli_role - what a cell is, for colours */
enum cli_role {
	CLI_ROLE_PLAIN,
	CLI_ROLE_TITLE,
	CLI_ROLE_HEADING,
	CLI_ROLE_BAR,
	CLI_ROLE_BAR_HIGH,	/* above 80 % */
	CLI_ROLE_ALARM,		/* a device that does not run */
	CLI_ROLE_KEYS,
};

#define CLI_SCREEN_ROWS_MAX	200
#define CLI_SCREEN_COLUMNS_MAX	300

/** struct cli_screen - cells; ASCII only */
struct cli_screen {
	int rows;
	int columns;
	char text[CLI_SCREEN_ROWS_MAX][CLI_SCREEN_COLUMNS_MAX + 1];
	uint8_t role[CLI_SCREEN_ROWS_MAX][CLI_SCREEN_COLUMNS_MAX];
};

enum cli_top_page { CLI_TOP_ALL, CLI_TOP_CORES, CLI_TOP_PROCESSES, CLI_TOP_PAGES };
enum cli_top_sort { CLI_TOP_BY_UTILISATION, CLI_TOP_BY_MEMORY, CLI_TOP_BY_TIME, CLI_TOP_BY_PID, CLI_TOP_SORTS };

#define CLI_TOP_HISTORY	128	/* intervals that percentiles are taken of */
#define CLI_TOP_CORES_MAX	256	/* cores whose job times are remembered */

/** struct cli_top_history - mean time of a job in each interval, of one core */
struct cli_top_history {
	uint64_t index;
	uint64_t core;
	/** @job_ns: the last CLI_TOP_HISTORY, as a ring */
	double job_ns[CLI_TOP_HISTORY];
	/** @count: intervals so far in which a job ended */
	uint64_t count;
};

/** struct cli_top - what is shown */
struct cli_top {
	struct cli_sample before;
	struct cli_sample after;
	struct cli_top_history history[CLI_TOP_CORES_MAX];
	size_t histories;
	enum cli_top_page page;
	enum cli_top_sort sort;
	bool reversed;
	/** @scroll: first process that is shown */
	size_t scroll;
	uint64_t period_ms;
	/** @clock: time of day, "" for none */
	char clock[16];
};

/** cli_top_remember - take the job times between the two samples into the history */
void cli_top_remember(struct cli_top *top);
/** cli_top_percentile - of a core's history, nearest rank, @fraction 0 to 1; NAN when nothing ran */
double cli_top_percentile(const struct cli_top_history *history, double fraction);
/** cli_top_draw - the whole screen of @rows times @columns; less than 1 x 1 or more than the largest is cut */
void cli_top_draw(struct cli_screen *screen, const struct cli_top *top, int rows, int columns);

#endif
