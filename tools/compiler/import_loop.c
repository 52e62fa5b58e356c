// SPDX-License-Identifier: MIT
/*
 * ONNX Loop and Scan, unrolled. Where the model leaves it to the data when a loop ends, each trip
 * computes but counts only while the loop is still running; a trip count that is data has a limit
 * (--loop-limit), and a run that needs more trips faults instead of giving half a result.
 */
#include <stdlib.h>
#include <string.h>

#include "importer.h"

/* More trips would make absurdly long programs. */
#define MAX_TRIPS	4096
#define DEFAULT_LIMIT	64
#define MAX_VALUES	PUMORI_IMPORT_MAX_OUTPUTS

struct loop {
	struct pumori_importer *importer;
	struct pumori_graph *graph;
	const Onnx__GraphProto *body;
	struct pumori_tensor *trips;		/* a scalar that is data, or NULL */
	int64_t limit;				/* trips at most */
	bool open;				/* the limit is ours, not the model's */
	size_t carried, scanned;
	struct pumori_tensor *running;		/* scalar bool: does the coming trip count? */
	struct pumori_tensor *state[MAX_VALUES];
	struct pumori_tensor **scans;		/* [scanned][limit] */
};

static struct pumori_tensor *scalar(struct pumori_graph *graph, struct pumori_tensor *x)
{
	return x ? pumori_build_reshape(graph, x, 0, NULL) : NULL;
}

/* Of a single bool. */
static bool is_known(const struct pumori_tensor *condition, bool *value)
{
	if (!pumori_tensor_is_constant(condition))
		return false;
	*value = *(const uint8_t *)condition->data;
	return true;
}

static struct pumori_tensor *both(struct loop *loop, struct pumori_tensor *a,
				  struct pumori_tensor *b)
{
	bool value;

	if (a && b && is_known(a, &value) && value)
		return b;
	if (a && b && is_known(b, &value) && value)
		return a;
	return pumori_build_binary(loop->graph, PUMORI_BINARY_AND, a, b);
}

static struct pumori_tensor *in_count(struct loop *loop, int64_t trip)
{
	struct pumori_tensor *number;

	if (!loop->trips)
		return pumori_graph_add_scalar(loop->graph, PUMORI_ELEMENT_BOOL,
					       trip < loop->limit || loop->open);
	number = pumori_graph_add_scalar(loop->graph, PUMORI_ELEMENT_INT64, (double)trip);
	return pumori_build_binary(loop->graph, PUMORI_BINARY_LESS, number, loop->trips);
}

/* What the trip computed, if it counts. */
static void keep(struct loop *loop, struct pumori_tensor *const *results, bool certain)
{
	struct pumori_importer *importer = loop->importer;

	for (size_t i = 0; i < loop->carried && !importer->error; i++) {
		if (certain) {
			loop->state[i] = results[i];
		} else if (!pumori_type_equal(&results[i]->type, &loop->state[i]->type)) {
			pumori_refuse(importer, "the end of the loop depends on the data, and value %zu "
				      "changes its type from trip to trip", i);
		} else {
			loop->state[i] = pumori_build_select(loop->graph, loop->running, results[i],
							     loop->state[i]);
			if (!loop->state[i])
				importer->error = -ENOMEM;
		}
	}
}

static void run_trip(struct loop *loop, int64_t trip, bool certain)
{
	struct pumori_importer *importer = loop->importer;
	struct pumori_tensor *inputs[MAX_VALUES + 2], *outputs[2 * MAX_VALUES + 1];
	struct pumori_node *before = loop->graph->last;

	inputs[0] = pumori_graph_add_scalar(loop->graph, PUMORI_ELEMENT_INT64, (double)trip);
	inputs[1] = loop->running;
	memcpy(inputs + 2, loop->state, loop->carried * sizeof(*inputs));
	if (!inputs[0]) {
		importer->error = -ENOMEM;
		return;
	}
	if (pumori_import_subgraph(importer, loop->body, inputs, loop->carried + 2, outputs,
				   1 + loop->carried + loop->scanned))
		return;
	if (outputs[0]->type.element != PUMORI_ELEMENT_BOOL ||
	    pumori_type_elements(&outputs[0]->type) != 1) {
		pumori_reject(importer, "the body's condition is not a single bool");
		return;
	}
	if (!certain)
		importer->error = pumori_import_predicate(importer, before, loop->running, false);
	keep(loop, outputs + 1, certain);
	for (size_t i = 0; i < loop->scanned; i++)
		loop->scans[i * loop->limit + trip] = outputs[1 + loop->carried + i];
	if (importer->error)
		return;
	loop->running = both(loop, loop->running,
			     both(loop, scalar(loop->graph, outputs[0]), in_count(loop, trip + 1)));
	if (!loop->running)
		importer->error = -ENOMEM;
}

/* Reads row 1 of 1 when the loop would go on: an index fault that names this node. */
static void check_ended(struct loop *loop)
{
	struct pumori_graph *graph = loop->graph;
	struct pumori_tensor *state = loop->state[0], *index;
	int64_t shape[PUMORI_MAX_RANK] = { 1 };

	if (pumori_tensor_is_constant(loop->running)) {
		pumori_refuse(loop->importer, "the loop needs more than %lld trips (--loop-limit N "
			      "allows more)", (long long)loop->limit);
		return;
	}
	if (!loop->carried || state->type.rank == PUMORI_MAX_RANK) {
		pumori_refuse(loop->importer, "nothing can show that the loop needs more trips than %lld",
			      (long long)loop->limit);
		return;
	}
	memcpy(shape + 1, state->type.shape, state->type.rank * sizeof(*shape));
	index = pumori_build_cast(graph, loop->running, PUMORI_ELEMENT_INT64);
	state = pumori_build_reshape(graph, state, state->type.rank + 1, shape);
	loop->state[0] = pumori_build_gather(graph, 0, state, index);
	if (!loop->state[0])
		loop->importer->error = -ENOMEM;
}

static void set_outputs(struct loop *loop, int64_t trips)
{
	struct pumori_importer *importer = loop->importer;

	memcpy(importer->outputs, loop->state, loop->carried * sizeof(*loop->state));
	for (size_t i = 0; i < loop->scanned && !importer->error; i++) {
		struct pumori_tensor **parts = loop->scans + i * loop->limit;

		if (!trips) {
			pumori_refuse(importer, "a loop without trips has no scan output");
			return;
		}
		for (int64_t k = 0; k < trips && parts[k]; k++) {
			const struct pumori_tensor_type *type = &parts[k]->type;
			int64_t shape[PUMORI_MAX_RANK + 1] = { 1 };

			if (type->rank == PUMORI_MAX_RANK) {
				pumori_refuse(importer, "scan output %zu has too many axes", i);
				return;
			}
			memcpy(shape + 1, type->shape, type->rank * sizeof(*shape));
			parts[k] = pumori_build_reshape(loop->graph, parts[k], type->rank + 1, shape);
		}
		importer->outputs[loop->carried + i] =
			pumori_build_concat(loop->graph, 0, parts, (size_t)trips);
	}
}

static void unroll(struct loop *loop)
{
	struct pumori_importer *importer = loop->importer;
	bool value = false;
	int64_t trip;

	for (trip = 0; trip < loop->limit && !importer->error; trip++) {
		bool certain = is_known(loop->running, &value);

		if (certain && !value)
			break;
		if (!certain && loop->scanned) {
			pumori_refuse(importer, "the number of trips depends on the data, and with it the "
				      "shape of scan outputs (make graph inputs that steer it constant with "
				      "--const NAME=FILE)");
			return;
		}
		run_trip(loop, trip, certain);
	}
	if (!importer->error && loop->open && !(is_known(loop->running, &value) && !value))
		check_ended(loop);
	if (!importer->error)
		set_outputs(loop, trip);
}

static int find_limit(struct loop *loop)
{
	struct pumori_importer *importer = loop->importer;
	struct pumori_tensor *trips = pumori_input(importer, 0);
	int64_t given = importer->options->loop_limit;

	loop->open = true;
	loop->limit = given ? given : DEFAULT_LIMIT;
	if (trips && pumori_tensor_is_constant(trips)) {
		if (pumori_input_integers(importer, 0, &loop->limit, 1, -1) != 1)
			return -EINVAL;
		loop->open = false;
		if (loop->limit < 0)
			loop->limit = 0;
		/* A loop that only its condition ends has a huge count, as exporters write it. */
		if (loop->limit > MAX_TRIPS) {
			loop->limit = given ? given : DEFAULT_LIMIT;
			loop->open = true;
		}
	} else if (trips) {
		if (pumori_type_elements(&trips->type) != 1) {
			pumori_reject(importer, "the trip count is not a single number");
			return -EINVAL;
		}
		loop->trips = scalar(loop->graph, trips);
	}
	if (loop->limit > MAX_TRIPS) {
		pumori_refuse(importer, "more than %d trips", MAX_TRIPS);
		return -ENOTSUP;
	}
	return 0;
}

static void import_loop(struct pumori_importer *importer, int parameter)
{
	const Onnx__AttributeProto *body = pumori_attribute(importer, "body");
	struct pumori_tensor *condition = pumori_input(importer, 1);
	struct loop loop = { .importer = importer, .graph = importer->graph };

	(void)parameter;
	loop.carried = importer->input_count > 2 ? importer->input_count - 2 : 0;
	if (!body || !body->g || loop.carried > MAX_VALUES ||
	    body->g->n_output < 1 + loop.carried || body->g->n_output > MAX_VALUES) {
		pumori_reject(importer, "the body is missing or has a wrong number of outputs");
		return;
	}
	loop.body = body->g;
	loop.scanned = body->g->n_output - 1 - loop.carried;
	for (size_t i = 0; i < loop.carried; i++) {
		loop.state[i] = pumori_input(importer, i + 2);
		if (!loop.state[i]) {
			pumori_reject(importer, "value %zu has no initial value", i);
			return;
		}
	}
	if (find_limit(&loop))
		return;
	loop.running = in_count(&loop, 0);
	if (condition && (condition->type.element != PUMORI_ELEMENT_BOOL ||
			  pumori_type_elements(&condition->type) != 1)) {
		pumori_reject(importer, "the condition is not a single bool");
		return;
	}
	if (condition)
		loop.running = both(&loop, loop.running, scalar(loop.graph, condition));
	loop.scans = calloc(loop.scanned * (size_t)loop.limit + 1, sizeof(*loop.scans));
	if (!loop.scans || !loop.running)
		importer->error = pumori_out_of_memory(importer->diagnostics);
	else
		unroll(&loop);
	free(loop.scans);
}

/* --- Scan --------------------------------------------------------------------------------------- */

struct scan {
	struct pumori_importer *importer;
	const Onnx__GraphProto *body;
	size_t inputs, states, outputs;
	int64_t trips;
	unsigned int input_axis[MAX_VALUES];
	bool input_backward[MAX_VALUES];
};

/* Number @index of an optional list attribute, 0 where it is absent. */
static int64_t listed(struct pumori_importer *importer, const char *name, size_t index)
{
	const int64_t *values;
	size_t count = pumori_attribute_ints(importer, name, &values);

	return index < count ? values[index] : 0;
}

static int measure(struct scan *scan)
{
	struct pumori_importer *importer = scan->importer;

	for (size_t i = 0; i < scan->inputs; i++) {
		const struct pumori_tensor *x = pumori_input(importer, scan->states + i);
		int64_t extent;

		if (!x || !x->type.rank) {
			pumori_reject(importer, "scan input %zu is missing or a scalar", i);
			return -EINVAL;
		}
		scan->input_axis[i] = pumori_axis(importer, listed(importer, "scan_input_axes", i),
						  x->type.rank);
		scan->input_backward[i] = listed(importer, "scan_input_directions", i);
		if (importer->error)
			return importer->error;
		extent = x->type.shape[scan->input_axis[i]];
		if (i && extent != scan->trips) {
			pumori_reject(importer, "scan inputs are not of one length");
			return -EINVAL;
		}
		scan->trips = extent;
	}
	if (scan->trips < 1 || scan->trips > MAX_TRIPS) {
		pumori_refuse(importer, "scans of %lld elements are not supported (1 to %d are)",
			      (long long)scan->trips, MAX_TRIPS);
		return -ENOTSUP;
	}
	return 0;
}

static struct pumori_tensor *scanned_element(struct scan *scan, size_t index, int64_t trip)
{
	struct pumori_graph *graph = scan->importer->graph;
	struct pumori_tensor *x = pumori_input(scan->importer, scan->states + index);
	unsigned int axis = scan->input_axis[index], rank = 0;
	int64_t shape[PUMORI_MAX_RANK];

	x = pumori_build_slice_axis(graph, x, axis,
				    scan->input_backward[index] ? scan->trips - 1 - trip : trip, 1, 1);
	if (!x)
		return NULL;
	for (unsigned int i = 0; i < x->type.rank; i++)
		if (i != axis)
			shape[rank++] = x->type.shape[i];
	return pumori_build_reshape(graph, x, rank, shape);
}

/* Stack the trips' results along a new axis. */
static struct pumori_tensor *stacked(struct scan *scan, size_t index,
				     struct pumori_tensor **parts)
{
	struct pumori_importer *importer = scan->importer;
	unsigned int rank = parts[0]->type.rank + 1, axis;
	int64_t shape[PUMORI_MAX_RANK];

	if (rank > PUMORI_MAX_RANK) {
		pumori_refuse(importer, "scan output %zu has too many axes", index);
		return NULL;
	}
	axis = pumori_axis(importer, listed(importer, "scan_output_axes", index), rank);
	for (unsigned int i = 0; i < rank; i++)
		shape[i] = i < axis ? parts[0]->type.shape[i] : i == axis ? 1 :
				      parts[0]->type.shape[i - 1];
	for (int64_t k = 0; k < scan->trips; k++)
		parts[k] = pumori_build_reshape(importer->graph, parts[k], rank, shape);
	if (listed(importer, "scan_output_directions", index))
		for (int64_t k = 0; k < scan->trips / 2; k++) {
			struct pumori_tensor *part = parts[k];

			parts[k] = parts[scan->trips - 1 - k];
			parts[scan->trips - 1 - k] = part;
		}
	return pumori_build_concat(importer->graph, axis, parts, (size_t)scan->trips);
}

static void unroll_scan(struct scan *scan, struct pumori_tensor **parts)
{
	struct pumori_importer *importer = scan->importer;
	struct pumori_tensor *inputs[2 * MAX_VALUES], *outputs[2 * MAX_VALUES];

	for (size_t i = 0; i < scan->states; i++)
		inputs[i] = pumori_input(importer, i);
	for (int64_t trip = 0; trip < scan->trips; trip++) {
		for (size_t i = 0; i < scan->inputs; i++)
			inputs[scan->states + i] = scanned_element(scan, i, trip);
		for (size_t i = 0; i < scan->states + scan->inputs; i++) {
			if (!inputs[i]) {
				importer->error = -ENOMEM;
				return;
			}
		}
		if (pumori_import_subgraph(importer, scan->body, inputs, scan->states + scan->inputs,
					   outputs, scan->states + scan->outputs))
			return;
		memcpy(inputs, outputs, scan->states * sizeof(*inputs));
		for (size_t i = 0; i < scan->outputs; i++)
			parts[i * scan->trips + trip] = outputs[scan->states + i];
	}
	memcpy(importer->outputs, inputs, scan->states * sizeof(*inputs));
	for (size_t i = 0; i < scan->outputs && !importer->error; i++)
		importer->outputs[scan->states + i] = stacked(scan, i, parts + i * scan->trips);
}

/* The lists have been asked for one by one; a scan of the old operator set has others. */
static void import_scan(struct pumori_importer *importer, int parameter)
{
	static const char *const lists[] = { "scan_input_axes", "scan_input_directions",
					     "scan_output_axes", "scan_output_directions" };
	const Onnx__AttributeProto *body = pumori_attribute(importer, "body");
	struct scan scan = { .importer = importer };
	struct pumori_tensor **parts;

	(void)parameter;
	if (importer->opset < 9) {
		pumori_refuse(importer, "Scan of operator set 8, with a batch axis, is not supported");
		return;
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		pumori_attribute(importer, lists[i]);
	scan.inputs = (size_t)pumori_attribute_int(importer, "num_scan_inputs", 0);
	if (!body || !body->g || !scan.inputs || scan.inputs > importer->input_count ||
	    importer->input_count > MAX_VALUES || body->g->n_output > MAX_VALUES ||
	    body->g->n_output < importer->input_count - scan.inputs) {
		pumori_reject(importer, "the body is missing or has a wrong number of outputs");
		return;
	}
	scan.body = body->g;
	scan.states = importer->input_count - scan.inputs;
	scan.outputs = body->g->n_output - scan.states;
	if (measure(&scan))
		return;
	parts = calloc(scan.outputs * (size_t)scan.trips + 1, sizeof(*parts));
	if (!parts)
		importer->error = pumori_out_of_memory(importer->diagnostics);
	else
		unroll_scan(&scan, parts);
	free(parts);
}

const struct pumori_import_row pumori_import_loops[] = {
	{ "Loop", import_loop, 0, 0 },
	{ "Scan", import_scan, 0, 0 },
	{ .name = NULL },
};
