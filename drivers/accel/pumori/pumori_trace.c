// SPDX-License-Identifier: GPL-2.0
/* The tracepoints' definitions. */

#include "pumori_context.h"

#define CREATE_TRACE_POINTS
#include "pumori_trace.h"
