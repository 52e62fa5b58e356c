/* SPDX-License-Identifier: MIT */
/* Recording what a device does; every hook returns at once when nothing is profiled. */
#ifndef PUMORI_RUNTIME_PROFILE_H
#define PUMORI_RUNTIME_PROFILE_H

#include "api.h"
#pragma GCC visibility push(default)
#include <pumori/profile.h>
#pragma GCC visibility pop

struct pumori_profile;

/** pumori_profile_now - the clock of profiles; 0 when @profile is NULL, so that an idle hook costs nothing */
uint64_t pumori_profile_now(const struct pumori_profile *profile);
/** pumori_profile_event - record an event that began at @begin_ns and ends now; the rest of @event is taken over */
void pumori_profile_event(struct pumori_profile *profile, struct pumori_profile_event *event, uint64_t begin_ns,
			  const char *name);
/** pumori_profile_model - a model was loaded; returns its number, 0 when nothing is profiled */
uint32_t pumori_profile_model(struct pumori_profile *profile, const char *path, uint64_t begin_ns);
/** pumori_profile_environment - start a profile when the environment asks for it; 0 or an error */
int pumori_profile_environment(struct pumori_device *device);

#endif
