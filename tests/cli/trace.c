// SPDX-License-Identifier: MIT
/*
 * trace FILE: is it a sound Chrome trace? On each track slices are nested or follow each other; each flow goes from a
 * slice through one to one, forward in time; counters are numbers. Prints what it has, a count a line.
 */
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX	256

/** struct slice - an event with a duration, in whole nanoseconds */
struct slice {
	long long pid, tid, begin, end;
};

/** struct step - a place where a flow passes */
struct step {
	long long id, pid, tid, time;
	char phase;
};

static struct slice *slices;
static struct step *steps;
static size_t slice_count, step_count, counters, marks, names;

static void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value))
		fail("an event has no \"%s\": %s", key, json_object_to_json_string(object));
	return value;
}

/* Microseconds as they are written, without a detour over floating point. */
static long long nanoseconds(struct json_object *object, const char *key)
{
	const char *text = json_object_to_json_string(member(object, key));
	long long whole;
	int fraction;

	if (sscanf(text, "%lld.%3d", &whole, &fraction) != 2)
		fail("\"%s\" is %s", key, text);
	return whole * 1000 + fraction;
}

static long long number(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	if (!json_object_is_type(value, json_type_int))
		fail("\"%s\" is no whole number: %s", key, json_object_to_json_string(object));
	return json_object_get_int64(value);
}

static void check_counter(struct json_object *event)
{
	struct json_object_iterator at = json_object_iter_begin(member(event, "args"));
	struct json_object_iterator end = json_object_iter_end(member(event, "args"));

	if (json_object_iter_equal(&at, &end))
		fail("a counter without a value");
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		if (!(json_object_get_double(json_object_iter_peek_value(&at)) >= 0))
			fail("a counter is negative: %s", json_object_to_json_string(event));
	counters++;
}

static void take(struct json_object *event)
{
	const char *phase = json_object_get_string(member(event, "ph"));
	long long pid = number(event, "pid"), tid = number(event, "tid");

	member(event, "name");
	switch (phase[0]) {
	case 'X':
		slices[slice_count++] = (struct slice){ pid, tid, nanoseconds(event, "ts"),
							nanoseconds(event, "ts") + nanoseconds(event, "dur") };
		break;
	case 's':
	case 't':
	case 'f':
		steps[step_count++] = (struct step){ number(event, "id"), pid, tid, nanoseconds(event, "ts"), phase[0] };
		break;
	case 'C':
		check_counter(event);
		break;
	case 'i':
		marks++;
		break;
	case 'M':
		names++;
		break;
	default:
		fail("unknown phase %s", phase);
	}
}

static int by_track(const void *a, const void *b)
{
	const struct slice *l = a, *r = b;

	if (l->pid != r->pid)
		return l->pid < r->pid ? -1 : 1;
	if (l->tid != r->tid)
		return l->tid < r->tid ? -1 : 1;
	if (l->begin != r->begin)
		return l->begin < r->begin ? -1 : 1;
	return l->end > r->end ? -1 : l->end < r->end;
}

static void check_nesting(void)
{
	const struct slice *stack[DEPTH_MAX];
	size_t depth = 0;

	qsort(slices, slice_count, sizeof(*slices), by_track);
	for (size_t i = 0; i < slice_count; i++) {
		const struct slice *s = &slices[i];

		if (s->begin < 0 || s->end < s->begin)
			fail("a slice ends before it begins");
		while (depth && (stack[depth - 1]->pid != s->pid || stack[depth - 1]->tid != s->tid ||
				 stack[depth - 1]->end <= s->begin))
			depth--;
		if (depth && s->end > stack[depth - 1]->end)
			fail("slices of track %lld/%lld overlap: %lld-%lld and %lld-%lld", s->pid, s->tid,
			     stack[depth - 1]->begin, stack[depth - 1]->end, s->begin, s->end);
		if (depth == DEPTH_MAX)
			fail("slices are too deep");
		stack[depth++] = s;
	}
}

static int lies_in_slice(const struct step *step)
{
	for (size_t i = 0; i < slice_count; i++)
		if (slices[i].pid == step->pid && slices[i].tid == step->tid && slices[i].begin <= step->time &&
		    step->time <= slices[i].end)
			return 1;
	return 0;
}

static size_t check_flows(void)
{
	size_t flows = 0;

	for (size_t i = 0; i < step_count; i++) {
		const struct step *start = &steps[i], *through = NULL, *end = NULL;

		if (!lies_in_slice(start))
			fail("flow %lld: a step lies in no slice", start->id);
		if (start->phase != 's')
			continue;
		for (size_t j = 0; j < step_count; j++) {
			if (steps[j].id != start->id || j == i)
				continue;
			if (steps[j].phase == 't' && !through)
				through = &steps[j];
			else if (steps[j].phase == 'f' && !end)
				end = &steps[j];
			else
				fail("flow %lld has a step too many", start->id);
		}
		if (!through || !end || through->time < start->time || end->time < through->time)
			fail("flow %lld is not whole, or goes back in time", start->id);
		flows++;
	}
	if (step_count != 3 * flows)
		fail("a flow has no beginning");
	return flows;
}

int main(int argc, char **argv)
{
	struct json_object *root = argc == 2 ? json_object_from_file(argv[1]) : NULL;
	struct json_object *events;
	size_t count;

	if (!root)
		fail("%s", argc == 2 ? json_util_get_last_err() : "usage: trace FILE");
	events = member(root, "traceEvents");
	count = json_object_array_length(events);
	slices = calloc(count + 1, sizeof(*slices));
	steps = calloc(count + 1, sizeof(*steps));
	for (size_t i = 0; i < count; i++)
		take(json_object_array_get_idx(events, i));
	check_nesting();
	printf("slices %zu\nflows %zu\ncounters %zu\nmarks %zu\nnames %zu\n", slice_count, check_flows(), counters, marks,
	       names);
	json_object_put(root);
	free(slices);
	free(steps);
	return 0;
}
