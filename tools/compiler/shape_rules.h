/* SPDX-License-Identifier: MIT */
/* What the shape rules share: one question, and the way to refuse it. */
#ifndef PUMORI_COMPILER_SHAPE_RULES_H
#define PUMORI_COMPILER_SHAPE_RULES_H

#include <errno.h>

#include "graph.h"

struct pumori_rule {
	const union pumori_attributes *attributes;
	const struct pumori_tensor_type *const *inputs;
	size_t input_count;
	struct pumori_tensor_type *outputs;
	struct pumori_diagnostics *diagnostics;
	const struct pumori_location *where;
};

#define pumori_rule_refuse(rule, ...) \
	pumori_error((rule)->diagnostics, -EINVAL, (rule)->where, NULL, __VA_ARGS__)

typedef int pumori_shape_rule(const struct pumori_rule *rule);

/* One rule a primitive, named after it; in shape_rules.c and shape_rules_contract.c. */
#define PUMORI_DECLARE_RULE(name, text, minimum, maximum, outputs) \
	pumori_shape_rule pumori_rule_##text;
PUMORI_PRIMITIVES(PUMORI_DECLARE_RULE)
#undef PUMORI_DECLARE_RULE

int pumori_rule_check_activation(const struct pumori_rule *rule,
				 const struct pumori_activation *activation);

#endif
