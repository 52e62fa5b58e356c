// SPDX-License-Identifier: MIT
/* The screen of pumori top as a function, for many sizes of terminals. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "top_view.h"

static struct pumori_telemetry_core cores[2][2];
static struct pumori_telemetry_client clients[2][3];
static struct cli_sampled_device devices[2];
static struct cli_screen screen;

/* Two samples a second apart: core 0 worked for half of it and ended 10 jobs. */
static struct cli_top *make(void)
{
	static struct cli_top top;

	memset(&top, 0, sizeof(top));
	for (int t = 0; t < 2; t++) {
		for (uint64_t c = 0; c < 2; c++)
			cores[t][c] = (struct pumori_telemetry_core){
				.core = c, .time_ns = 1000000000ull * (t + 1), .busy_ns = c ? 0 : 500000000ull * t, .jobs = c ? 0 : 10ull * t,
			};
		for (uint64_t k = 0; k < 3; k++) {
			clients[t][k] = (struct pumori_telemetry_client){
				.client = k, .pid = 100 + k, .uid = 0, .busy_ns = 100000000ull * k * t,
				.hbm_bytes = (3 - k) << 20, .host_bytes = PUMORI_UNKNOWN,
			};
			strcpy(clients[t][k].command, k == 1 ? "na\xffme\n" : "worker");
		}
		devices[t] = (struct cli_sampled_device){
			.info = { .state = PUMORI_DEVICE_RUNNING, .hbm_bytes = 1ull << 30, .hbm_used = 1ull << 29,
				  .power_mw = 12500, .temperature_mc = PUMORI_UNKNOWN_SIGNED },
			.cores = cores[t], .core_count = 2, .clients = clients[t], .client_count = 3,
		};
	}
	top.before = (struct cli_sample){ &devices[0], 1, 1000000000ull };
	top.after = (struct cli_sample){ &devices[1], 1, 2000000000ull };
	top.period_ms = 1000;
	cli_top_remember(&top);
	return &top;
}

static int row_with(const char *text)
{
	for (int r = 0; r < screen.rows; r++)
		if (strstr(screen.text[r], text))
			return r;
	return -1;
}

static void test_what_is_shown(void **state)
{
	(void)state;
	cli_top_draw(&screen, make(), 24, 80);
	assert_int_equal(row_with("pumori top  1 device "), 0);
	assert_non_null(strstr(screen.text[1], "UTIL 25.0%"));
	assert_non_null(strstr(screen.text[1], "HBM [||||    ]  512 MiB/1.00 GiB"));
	assert_non_null(strstr(screen.text[1], "12.50 W"));
	assert_non_null(strstr(screen.text[2], "core 0  [||||||||        ] 50.0%     10.0 /s"));
	assert_non_null(strstr(screen.text[2], "p50  50.0 ms  p99  50.0 ms"));
	assert_non_null(strstr(screen.text[3], "core 1  [                ]  0.0%      0.0 /s"));
	assert_null(strstr(screen.text[3], "p50"));
	assert_int_equal(row_with("q quit"), 23);
}

static void test_pages(void **state)
{
	struct cli_top *top = make();

	(void)state;
	top->page = CLI_TOP_CORES;
	cli_top_draw(&screen, top, 24, 80);
	assert_true(row_with("core 0") > 0);
	assert_int_equal(row_with("worker"), -1);
	top->page = CLI_TOP_PROCESSES;
	cli_top_draw(&screen, top, 24, 80);
	assert_int_equal(row_with("core 0"), -1);
	assert_true(row_with("worker") > 0);
}

static void test_sorting(void **state)
{
	struct cli_top *top = make();

	(void)state;
	cli_top_draw(&screen, top, 24, 80);
	assert_true(row_with("    102 ") < row_with("    101 ") && row_with("    101 ") < row_with("    100 "));
	top->sort = CLI_TOP_BY_MEMORY;
	cli_top_draw(&screen, top, 24, 80);
	assert_true(row_with("    100 ") < row_with("    101 ") && row_with("    101 ") < row_with("    102 "));
	top->reversed = true;
	cli_top_draw(&screen, top, 24, 80);
	assert_true(row_with("    102 ") < row_with("    100 "));
	top->scroll = 2;
	cli_top_draw(&screen, top, 24, 80);
	assert_int_equal(row_with("    102 "), -1);
	assert_true(row_with("    100 ") > 0);
	top->scroll = 1000;
	cli_top_draw(&screen, top, 24, 80);
	assert_int_equal(row_with("    100 "), -1);
}

static void test_names_cannot_steer_the_terminal(void **state)
{
	(void)state;
	cli_top_draw(&screen, make(), 24, 80);
	assert_true(row_with("na?me?") > 0);
}

static void test_any_size(void **state)
{
	struct cli_top *top = make();

	(void)state;
	for (int page = 0; page < CLI_TOP_PAGES; page++)
		for (int rows = -1; rows < 60; rows++)
			for (int columns = -1; columns < 200; columns += 7) {
				top->page = (enum cli_top_page)page;
				cli_top_draw(&screen, top, rows, columns);
				assert_int_equal(screen.rows, rows < 1 ? 1 : rows);
				assert_int_equal(screen.columns, columns < 1 ? 1 : columns);
				for (int r = 0; r < screen.rows; r++)
					assert_int_equal(strlen(screen.text[r]), screen.columns);
			}
	cli_top_draw(&screen, top, 10000, 10000);
	assert_int_equal(screen.rows, CLI_SCREEN_ROWS_MAX);
	assert_int_equal(screen.columns, CLI_SCREEN_COLUMNS_MAX);
}

static void test_percentiles(void **state)
{
	struct cli_top_history history = { .count = 0 };

	(void)state;
	assert_true(isnan(cli_top_percentile(&history, 0.5)));
	for (int i = 100; i > 0; i--)
		history.job_ns[history.count++] = i;
	assert_true(cli_top_percentile(&history, 0.5) == 50);
	assert_true(cli_top_percentile(&history, 0.99) == 99);
	assert_true(cli_top_percentile(&history, 1) == 100);
	assert_true(cli_top_percentile(&history, 0) == 1);
}

/* A device that was found anew counts from 0 again: no percentile comes from that. */
static void test_counters_that_went_back(void **state)
{
	struct cli_top *top = make();

	(void)state;
	top->histories = 0;
	cores[1][0].jobs = 0;
	cores[0][0].jobs = 10;
	cli_top_remember(top);
	assert_true(top->histories == 0 || !top->history[0].count);
	cli_top_draw(&screen, top, 24, 80);
	assert_non_null(strstr(screen.text[2], "- /s"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_shown),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_sorting),
		cmocka_unit_test(test_names_cannot_steer_the_terminal),
		cmocka_unit_test(test_any_size),
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_counters_that_went_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
