/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_SOFT_H
#define PUMORI_SOFT_H

int pumori_soft_register(void);
void pumori_soft_unregister(void);

#endif
