// SPDX-License-Identifier: MIT
/* --watch S --count N: a command again and again. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "sample.h"
#include "session.h"

#define DEFAULT_PERIOD_MS	1000u

static void begin_screen(const struct cli_call *call, uint64_t period_ms)
{
	char text[32] = "";
	time_t now = time(NULL);
	struct tm local;

	if (localtime_r(&now, &local))
		strftime(text, sizeof(text), "%F %T", &local);
	printf("\033[H\033[2J%s  every %g s: pumori %s\n\n", text, (double)period_ms / 1000, call->command->name);
}

int cli_watch(const struct cli_call *call)
{
	struct cli_globals globals = *call->globals;
	uint64_t own_ms = call->command->period_ms ? call->command->period_ms : DEFAULT_PERIOD_MS;
	uint64_t period_ms = globals.watch.given ? globals.watch.value : own_ms;
	/* What repeats by itself is a stream, not a screen. */
	bool screen = !globals.json && !globals.csv && !call->command->period_ms && isatty(STDOUT_FILENO);
	struct cli_call again = *call;
	uint64_t next = cli_now_ns(), now;
	int code = CLI_OK;

	again.globals = &globals;
	globals.lines = true;
	for (uint64_t n = 0; code == CLI_OK && (!globals.count.given || n < globals.count.value); n++) {
		now = cli_now_ns();
		if (n && now < next)
			cli_pause(next - now);
		/* A period that was missed is not made up for. */
		next = (now > next ? now : next) + period_ms * 1000000u;
		if (screen)
			begin_screen(call, period_ms);
		else if (n && !globals.json && !globals.csv && !call->command->period_ms)
			putchar('\n');
		code = call->command->run(&again);
		/* One heading above all rows. */
		globals.no_header |= globals.csv;
		if (fflush(stdout))
			break;
	}
	return code;
}
