/* SPDX-License-Identifier: MIT */
/* The public functions, marked as the only symbols that leave the library, and what all of them share. */
#ifndef PUMORI_RUNTIME_API_H
#define PUMORI_RUNTIME_API_H

#include <errno.h>

#pragma GCC visibility push(default)
#include <pumori/pumori.h>
#pragma GCC visibility pop

static inline void pumori_restore_errno(const int *saved)
{
	errno = *saved;
}

/* First line of every public function that may do more than look: the caller's errno survives it. */
#define PUMORI_KEEP_ERRNO() \
	int saved_errno __attribute__((cleanup(pumori_restore_errno), unused)) = errno

#endif
