/* SPDX-License-Identifier: MIT */
/* Ranges go to all profiles of the process. */
#ifndef PUMORI_RUNTIME_PROFILE_RANGES_H
#define PUMORI_RUNTIME_PROFILE_RANGES_H

struct pumori_profile;

/** pumori_ranges_add - @profile wants them from now on */
void pumori_ranges_add(struct pumori_profile *profile);
/** pumori_ranges_remove - no more; when this returns, nobody writes to @profile any more */
void pumori_ranges_remove(struct pumori_profile *profile);

#endif
