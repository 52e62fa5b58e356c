// SPDX-License-Identifier: MIT
/* Accessors that import functions use; see importer.h. */
#include "importer.h"

#include <stdarg.h>
#include <string.h>

#include "element.h"

static __attribute__((format(printf, 3, 0)))
void record(struct pumori_importer *importer, int code, const char *format, va_list arguments)
{
	char reason[512];

	vsnprintf(reason, sizeof(reason), format, arguments);
	importer->error = pumori_error(importer->diagnostics, code, &importer->where, NULL, "%s",
				       reason);
}

void pumori_refuse(struct pumori_importer *importer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	record(importer, -ENOTSUP, format, arguments);
	va_end(arguments);
}

void pumori_reject(struct pumori_importer *importer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	record(importer, -EINVAL, format, arguments);
	va_end(arguments);
}

/* --- attributes --- */

const Onnx__AttributeProto *pumori_attribute(struct pumori_importer *importer, const char *name)
{
	for (size_t i = 0; i < importer->node->n_attribute; i++) {
		const Onnx__AttributeProto *attribute = importer->node->attribute[i];

		if (!attribute->name || strcmp(attribute->name, name))
			continue;
		importer->attributes_used |= (uint64_t)1 << i;
		return attribute;
	}
	return NULL;
}

bool pumori_has_attribute(struct pumori_importer *importer, const char *name)
{
	return pumori_attribute(importer, name);
}

void pumori_attribute_ignore(struct pumori_importer *importer, const char *name)
{
	pumori_attribute(importer, name);
}

/* An attribute without a type (IR version 1) has what its fields hold. */
static bool has_type(const Onnx__AttributeProto *attribute,
		     Onnx__AttributeProto__AttributeType type, bool present)
{
	return attribute->has_type ? attribute->type == type : present;
}

int64_t pumori_attribute_int(struct pumori_importer *importer, const char *name,
			     int64_t value_if_absent)
{
	const Onnx__AttributeProto *attribute = pumori_attribute(importer, name);

	if (!attribute)
		return value_if_absent;
	if (!has_type(attribute, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT, attribute->has_i))
		pumori_reject(importer, "attribute %s is not an integer", name);
	return attribute->i;
}

float pumori_attribute_float(struct pumori_importer *importer, const char *name,
			     float value_if_absent)
{
	const Onnx__AttributeProto *attribute = pumori_attribute(importer, name);

	if (!attribute)
		return value_if_absent;
	if (!has_type(attribute, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT, attribute->has_f))
		pumori_reject(importer, "attribute %s is not a number", name);
	return attribute->f;
}

bool pumori_attribute_is(struct pumori_importer *importer, const char *name,
			 const char *value_if_absent, const char *value)
{
	const Onnx__AttributeProto *attribute = pumori_attribute(importer, name);

	if (!attribute)
		return !strcmp(value_if_absent, value);
	if (!has_type(attribute, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING, attribute->has_s))
		pumori_reject(importer, "attribute %s is not a string", name);
	return attribute->s.len == strlen(value) &&
	       !memcmp(attribute->s.data, value, attribute->s.len);
}

size_t pumori_attribute_ints(struct pumori_importer *importer, const char *name,
			     const int64_t **values)
{
	const Onnx__AttributeProto *attribute = pumori_attribute(importer, name);

	*values = NULL;
	if (!attribute)
		return 0;
	if (!has_type(attribute, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS, true))
		pumori_reject(importer, "attribute %s is not a list of integers", name);
	*values = attribute->ints;
	return attribute->n_ints;
}

size_t pumori_attribute_floats(struct pumori_importer *importer, const char *name,
			       const float **values)
{
	const Onnx__AttributeProto *attribute = pumori_attribute(importer, name);

	*values = NULL;
	if (!attribute)
		return 0;
	if (!has_type(attribute, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS, true))
		pumori_reject(importer, "attribute %s is not a list of numbers", name);
	*values = attribute->floats;
	return attribute->n_floats;
}

void pumori_attribute_require(struct pumori_importer *importer, const char *name, int64_t value)
{
	int64_t actual = pumori_attribute_int(importer, name, value);

	if (actual != value)
		pumori_refuse(importer, "%s = %lld is not supported", name, (long long)actual);
}

/* --- inputs --- */

struct pumori_tensor *pumori_input(const struct pumori_importer *importer, size_t position)
{
	return position < importer->input_count ? importer->inputs[position] : NULL;
}

/* A constant input of at most @limit elements; NULL, with an error, if it is something else. */
static const struct pumori_tensor *steering_input(struct pumori_importer *importer,
						  size_t position, size_t limit, bool floats)
{
	const struct pumori_tensor *tensor = importer->inputs[position];

	if (!pumori_tensor_is_constant(tensor)) {
		importer->error = pumori_error(importer->diagnostics, -ENOTSUP, &importer->where,
					       "bind graph inputs that steer shapes with --const NAME=FILE",
					       "input %zu ('%s') must be constant, but depends on the data",
					       position, importer->node->input[position]);
		return NULL;
	}
	if (pumori_element_is_float(tensor->type.element) != floats) {
		pumori_reject(importer, "input %zu ('%s') is %s", position,
			      importer->node->input[position],
			      pumori_element_name(tensor->type.element));
		return NULL;
	}
	if ((uint64_t)pumori_type_elements(&tensor->type) > limit) {
		pumori_reject(importer, "input %zu ('%s') has too many elements", position,
			      importer->node->input[position]);
		return NULL;
	}
	return tensor;
}

int pumori_input_integers(struct pumori_importer *importer, size_t position, int64_t *values,
			  size_t limit, int count_if_absent)
{
	const struct pumori_tensor *tensor;
	int count;

	if (!pumori_input(importer, position))
		return count_if_absent;
	tensor = steering_input(importer, position, limit, false);
	if (!tensor)
		return -1;
	count = pumori_type_elements(&tensor->type);
	for (int i = 0; i < count; i++)
		values[i] = pumori_load_integer(tensor->type.element, tensor->data, i);
	return count;
}

int pumori_input_floats(struct pumori_importer *importer, size_t position, float *values,
			size_t limit, int count_if_absent)
{
	const struct pumori_tensor *tensor;
	int count;

	if (!pumori_input(importer, position))
		return count_if_absent;
	tensor = steering_input(importer, position, limit, true);
	if (!tensor)
		return -1;
	count = pumori_type_elements(&tensor->type);
	for (int i = 0; i < count; i++)
		values[i] = pumori_load_value(tensor->type.element, tensor->data, i);
	return count;
}

int pumori_integers(struct pumori_importer *importer, const char *name, size_t position,
		    int64_t *values, size_t limit)
{
	const int64_t *listed;
	size_t count;

	if (!pumori_has_attribute(importer, name))
		return pumori_input_integers(importer, position, values, limit, -1);
	count = pumori_attribute_ints(importer, name, &listed);
	if (count > limit) {
		pumori_reject(importer, "attribute %s has too many elements", name);
		return -1;
	}
	if (count)
		memcpy(values, listed, count * sizeof(*values));
	return count;
}

unsigned int pumori_axis(struct pumori_importer *importer, int64_t axis, unsigned int rank)
{
	if (axis < -(int64_t)rank || axis >= rank) {
		pumori_reject(importer, "axis %lld of a tensor of rank %u", (long long)axis, rank);
		return 0;
	}
	return axis < 0 ? axis + rank : axis;
}

uint32_t pumori_axes(struct pumori_importer *importer, const int64_t *axes, size_t count,
		     unsigned int rank)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < count && !importer->error; i++) {
		uint32_t bit = (uint32_t)1 << pumori_axis(importer, axes[i], rank);

		if (mask & bit && !importer->error)
			pumori_reject(importer, "axis %lld is listed twice", (long long)axes[i]);
		mask |= bit;
	}
	return mask;
}

struct pumori_tensor *pumori_along_axis(struct pumori_importer *importer, struct pumori_tensor *x,
					unsigned int axis, unsigned int rank)
{
	int64_t shape[PUMORI_MAX_RANK];

	if (!x)
		return NULL;
	for (unsigned int i = 0; i < rank; i++)
		shape[i] = i == axis ? pumori_type_elements(&x->type) : 1;
	return pumori_build_reshape(importer->graph, x, rank, shape);
}
