// SPDX-License-Identifier: MIT
/* String map; see string_map.h. Keys stay for ever: a taken-away value leaves an empty entry. */
#include "string_map.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static size_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return hash ^ hash >> 29;
}

static struct pumori_string_map_entry *find(const struct pumori_string_map *map, const char *key)
{
	size_t slot = hash_text(key) & (map->capacity - 1);

	while (map->entries[slot].key && strcmp(map->entries[slot].key, key))
		slot = (slot + 1) & (map->capacity - 1);
	return &map->entries[slot];
}

static int grow(struct pumori_string_map *map)
{
	struct pumori_string_map larger = {
		.capacity = map->capacity ? map->capacity * 2 : 64, .used = map->used,
	};

	larger.entries = calloc(larger.capacity, sizeof(*larger.entries));
	if (!larger.entries)
		return -ENOMEM;
	for (size_t i = 0; i < map->capacity; i++)
		if (map->entries[i].key)
			*find(&larger, map->entries[i].key) = map->entries[i];
	free(map->entries);
	*map = larger;
	return 0;
}

static struct pumori_string_map_entry *find_or_add(struct pumori_string_map *map,
						   const char *key)
{
	struct pumori_string_map_entry *entry = map->capacity ? find(map, key) : NULL;

	if (entry && entry->key)
		return entry;
	if (map->used * 2 >= map->capacity && grow(map))
		return NULL;
	entry = find(map, key);
	entry->key = strdup(key);
	if (!entry->key)
		return NULL;
	map->used++;
	return entry;
}

void pumori_string_map_release(struct pumori_string_map *map)
{
	for (size_t i = 0; i < map->capacity; i++)
		free(map->entries[i].key);
	free(map->entries);
	*map = (struct pumori_string_map){ .capacity = 0 };
}

void *pumori_string_map_get(const struct pumori_string_map *map, const char *key)
{
	return map->capacity ? find(map, key)->value : NULL;
}

int pumori_string_map_put(struct pumori_string_map *map, const char *key, void *value)
{
	struct pumori_string_map_entry *entry = find_or_add(map, key);

	if (!entry)
		return -ENOMEM;
	entry->value = value;
	return 0;
}

const char *pumori_string_map_key(struct pumori_string_map *map, const char *key)
{
	struct pumori_string_map_entry *entry = find_or_add(map, key);

	return entry ? entry->key : NULL;
}
