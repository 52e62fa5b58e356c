// SPDX-License-Identifier: GPL-2.0
/* What makes the suites of this folder one module. */

#include <linux/module.h>

#include "../pumori_compat.h"

PUMORI_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
MODULE_DESCRIPTION("KUnit tests of the Pumori driver");
MODULE_LICENSE("GPL");
