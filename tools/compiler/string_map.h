/* SPDX-License-Identifier: MIT */
/* A map from strings to pointers that keeps its own copies of the keys. */
#ifndef PUMORI_COMPILER_STRING_MAP_H
#define PUMORI_COMPILER_STRING_MAP_H

#include <stddef.h>

struct pumori_string_map {
	struct pumori_string_map_entry {
		char *key;
		void *value;
	} *entries;		/* open addressing, at most half full; a power of two or none */
	size_t capacity;
	size_t used;
};

/* A zeroed map is an empty map. */
void pumori_string_map_release(struct pumori_string_map *map);

/* NULL when absent. */
void *pumori_string_map_get(const struct pumori_string_map *map, const char *key);

/* Set @key to @value; NULL takes it away. Returns 0 or -ENOMEM. */
int pumori_string_map_put(struct pumori_string_map *map, const char *key, void *value);

/* The map's own copy of @key, added without a value if it is new; NULL when out of memory. */
const char *pumori_string_map_key(struct pumori_string_map *map, const char *key);

#endif
