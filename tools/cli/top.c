// SPDX-License-Identifier: MIT
/* pumori top: the devices on a screen of their own */
#include <curses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "sample.h"
#include "session.h"
#include "top_view.h"

#define PERIOD_MS	1000u
#define PERIOD_LEAST_MS	100u
#define PERIOD_MOST_MS	60000u

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void set_colours(void)
{
	if (!has_colors())
		return;
	start_color();
	use_default_colors();
	init_pair(CLI_ROLE_TITLE, COLOR_CYAN, -1);
	init_pair(CLI_ROLE_HEADING, COLOR_BLACK, COLOR_GREEN);
	init_pair(CLI_ROLE_BAR, COLOR_GREEN, -1);
	init_pair(CLI_ROLE_BAR_HIGH, COLOR_RED, -1);
	init_pair(CLI_ROLE_ALARM, COLOR_WHITE, COLOR_RED);
	init_pair(CLI_ROLE_KEYS, COLOR_BLACK, COLOR_CYAN);
}

static attr_t attribute_of(enum cli_role role)
{
	if (has_colors())
		return COLOR_PAIR(role) | (role == CLI_ROLE_TITLE ? A_BOLD : 0);
	return role == CLI_ROLE_PLAIN || role == CLI_ROLE_BAR ? A_NORMAL : role == CLI_ROLE_TITLE ? A_BOLD : A_REVERSE;
}

static void show(const struct cli_screen *screen)
{
	erase();
	for (int r = 0; r < screen->rows; r++)
		for (int c = 0; c < screen->columns; c++) {
			attrset(attribute_of(screen->role[r][c]));
			/* The last cell of a terminal makes some scroll; it stays as it is. */
			if (r < screen->rows - 1 || c < screen->columns - 1)
				mvaddch(r, c, (unsigned char)screen->text[r][c]);
		}
	refresh();
}

/* False when the screen is to be left. */
static bool take_key(struct cli_top *top, int key, bool *now)
{
	switch (key) {
	case 'q':
	case 'Q':
	case 27:
		return false;
	case '\t':
		top->page = (top->page + 1) % CLI_TOP_PAGES;
		top->scroll = 0;
		break;
	case '1':
	case '2':
	case '3':
		top->page = (enum cli_top_page)(key - '1');
		break;
	case 's':
		top->sort = (top->sort + 1) % CLI_TOP_SORTS;
		break;
	case 'u':
		top->sort = CLI_TOP_BY_UTILISATION;
		break;
	case 'm':
		top->sort = CLI_TOP_BY_MEMORY;
		break;
	case 't':
		top->sort = CLI_TOP_BY_TIME;
		break;
	case 'p':
		top->sort = CLI_TOP_BY_PID;
		break;
	case 'r':
		top->reversed = !top->reversed;
		break;
	case KEY_DOWN:
		top->scroll++;
		break;
	case KEY_UP:
		top->scroll -= top->scroll > 0;
		break;
	case '+':
		top->period_ms = top->period_ms * 2 > PERIOD_MOST_MS ? PERIOD_MOST_MS : top->period_ms * 2;
		break;
	case '-':
		top->period_ms = top->period_ms / 2 < PERIOD_LEAST_MS ? PERIOD_LEAST_MS : top->period_ms / 2;
		break;
	case ' ':
		*now = true;
		break;
	default:
		break;
	}
	return true;
}

static void read_clock(struct cli_top *top)
{
	time_t now = time(NULL);
	struct tm local;

	top->clock[0] = '\0';
	if (localtime_r(&now, &local))
		strftime(top->clock, sizeof(top->clock), "%T", &local);
}

/* Looks, shows, and waits for keys until it is time to look again. */
static int run_screen(const struct cli_call *call, struct pumori_telemetry *telemetry, struct cli_top *top)
{
	const struct cli_globals *globals = call->globals;
	static struct cli_screen screen;
	uint64_t shown = 0;

	while (!stop) {
		uint64_t next = cli_now_ns() + top->period_ms * 1000000u;
		bool now = false;
		int code;

		cli_sample_free(&top->before);
		top->before = top->after;
		memset(&top->after, 0, sizeof(top->after));
		code = cli_sample_take_any(globals, telemetry, CLI_SAMPLE_CORES | CLI_SAMPLE_CLIENTS, &top->after);
		if (code != CLI_OK) {
			/* What was said is gone with the screen: once more. */
			endwin();
			return cli_sample_take(globals, telemetry, 0, &top->after);
		}
		cli_top_remember(top);
		read_clock(top);
		if (globals->count.given && ++shown > globals->count.value)
			return CLI_OK;
		while (!stop && !now) {
			uint64_t time = cli_now_ns();

			cli_top_draw(&screen, top, LINES, COLS);
			show(&screen);
			if (time >= next)
				break;
			timeout((int)((next - time) / 1000000u + 1));
			if (!take_key(top, getch(), &now))
				return CLI_OK;
		}
	}
	return CLI_OK;
}

static int top(const struct cli_call *call)
{
	/* Not restarted, so that getch() ends. */
	const struct sigaction action = { .sa_handler = on_signal };
	struct pumori_telemetry *telemetry;
	struct cli_top *state;
	SCREEN *terminal;
	int code;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return cli_fail(CLI_USAGE, "top needs a terminal; 'pumori stats --watch 1' needs none");
	code = cli_telemetry_open(&telemetry);
	if (code != CLI_OK)
		return code;
	state = calloc(1, sizeof(*state));
	/* What can be said is said before there is a screen. */
	code = state ? cli_sample_take(call->globals, telemetry, CLI_SAMPLE_CORES | CLI_SAMPLE_CLIENTS, &state->after) :
	       cli_fail_memory();
	if (code == CLI_OK) {
		state->period_ms = call->globals->watch.given ? call->globals->watch.value : PERIOD_MS;
		terminal = newterm(NULL, stdout, stdin);
		if (!terminal) {
			code = cli_fail(CLI_UNSUPPORTED, "the terminal '%s' is not known; set TERM, or use 'pumori stats --watch 1'",
					getenv("TERM") ? getenv("TERM") : "");
		} else {
			sigaction(SIGINT, &action, NULL);
			sigaction(SIGTERM, &action, NULL);
			sigaction(SIGHUP, &action, NULL);
			set_escdelay(25);
			cbreak();
			noecho();
			curs_set(0);
			keypad(stdscr, TRUE);
			set_colours();
			code = run_screen(call, telemetry, state);
			endwin();
			delscreen(terminal);
		}
	}
	if (state) {
		cli_sample_free(&state->before);
		cli_sample_free(&state->after);
	}
	free(state);
	pumori_telemetry_destroy(telemetry);
	return code;
}

const struct cli_command cli_command_top = {
	.name = "top",
	.summary = "show devices, cores and processes on a screen",
	.description = "Keys: q leaves; Tab, 1, 2, 3 turn the page; s, u, m, t, p sort processes by utilisation, memory, time or\n"
		       "number, r the other way round; arrows scroll; + and - change the period; Space looks now.\n"
		       "p50 and p99 are percentiles of a job's mean device time over the last 128 periods in which jobs ended.",
	.run = top,
	.repeats = true,
};
