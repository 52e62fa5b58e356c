// SPDX-License-Identifier: MIT
/* The list of messages about a model; see diagnostics.h. */
#include "diagnostics.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void pumori_diagnostics_init(struct pumori_diagnostics *diagnostics)
{
	memset(diagnostics, 0, sizeof(*diagnostics));
}

static void diagnostic_free(struct pumori_diagnostic *diagnostic)
{
	free(diagnostic->node);
	free(diagnostic->operator_type);
	free(diagnostic->tensor);
	free(diagnostic->reason);
	free(diagnostic->advice);
	free(diagnostic);
}

void pumori_diagnostics_release(struct pumori_diagnostics *diagnostics)
{
	while (diagnostics->first) {
		struct pumori_diagnostic *next = diagnostics->first->next;

		diagnostic_free(diagnostics->first);
		diagnostics->first = next;
	}
	pumori_diagnostics_init(diagnostics);
}

/* Copy @text into @copy, cutting names of absurd length; NULL stays NULL. */
static bool copy_text(char **copy, const char *text)
{
	if (!text)
		return true;
	*copy = strndup(text, 1000);
	return *copy;
}

static __attribute__((format(printf, 6, 0)))
void add_message(struct pumori_diagnostics *diagnostics, enum pumori_severity severity, int code,
		 const struct pumori_location *where, const char *advice, const char *format,
		 va_list arguments)
{
	static const struct pumori_location nowhere;
	struct pumori_diagnostic *diagnostic;
	char reason[1024];

	if (severity == PUMORI_SEVERITY_ERROR)
		diagnostics->error_count++;
	else
		diagnostics->warning_count++;
	if (diagnostics->error_count + diagnostics->warning_count > PUMORI_DIAGNOSTICS_LIMIT) {
		diagnostics->incomplete = true;
		return;
	}
	if (!where)
		where = &nowhere;
	vsnprintf(reason, sizeof(reason), format, arguments);
	diagnostic = calloc(1, sizeof(*diagnostic));
	if (!diagnostic || !copy_text(&diagnostic->node, where->node) ||
	    !copy_text(&diagnostic->operator_type, where->operator_type) ||
	    !copy_text(&diagnostic->tensor, where->tensor) ||
	    !copy_text(&diagnostic->reason, reason) || !copy_text(&diagnostic->advice, advice)) {
		if (diagnostic)
			diagnostic_free(diagnostic);
		diagnostics->incomplete = true;
		return;
	}
	diagnostic->severity = severity;
	diagnostic->code = code;
	if (diagnostics->last)
		diagnostics->last->next = diagnostic;
	else
		diagnostics->first = diagnostic;
	diagnostics->last = diagnostic;
}

int pumori_error(struct pumori_diagnostics *diagnostics, int code,
		 const struct pumori_location *where, const char *advice, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_message(diagnostics, PUMORI_SEVERITY_ERROR, code, where, advice, format, arguments);
	va_end(arguments);
	return code;
}

void pumori_warning(struct pumori_diagnostics *diagnostics, const struct pumori_location *where,
		    const char *advice, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_message(diagnostics, PUMORI_SEVERITY_WARNING, 0, where, advice, format, arguments);
	va_end(arguments);
}

int pumori_out_of_memory(struct pumori_diagnostics *diagnostics)
{
	return pumori_error(diagnostics, -ENOMEM, NULL, NULL, "out of memory");
}

/* Names come from the model: what a terminal might obey is shown as '?'. */
static void print_text(const char *text, FILE *stream)
{
	for (; *text; text++) {
		unsigned char c = *text;

		putc(c < 0x20 || c == 0x7f ? '?' : c, stream);
	}
}

void pumori_diagnostic_print(const struct pumori_diagnostic *diagnostic, FILE *stream)
{
	fputs(diagnostic->severity == PUMORI_SEVERITY_ERROR ? "error: " : "warning: ", stream);
	if (diagnostic->operator_type || diagnostic->node) {
		print_text(diagnostic->operator_type ? diagnostic->operator_type : "node", stream);
		if (diagnostic->node) {
			fputs(" '", stream);
			print_text(diagnostic->node, stream);
			putc('\'', stream);
		}
		fputs(": ", stream);
	}
	if (diagnostic->tensor) {
		fputs("tensor '", stream);
		print_text(diagnostic->tensor, stream);
		fputs("': ", stream);
	}
	print_text(diagnostic->reason, stream);
	if (diagnostic->advice) {
		fputs(" (", stream);
		print_text(diagnostic->advice, stream);
		putc(')', stream);
	}
	putc('\n', stream);
}

void pumori_diagnostics_print(const struct pumori_diagnostics *diagnostics, FILE *stream)
{
	const struct pumori_diagnostic *diagnostic;

	for (diagnostic = diagnostics->first; diagnostic; diagnostic = diagnostic->next)
		pumori_diagnostic_print(diagnostic, stream);
	if (diagnostics->incomplete)
		fputs("warning: further messages were dropped\n", stream);
}
