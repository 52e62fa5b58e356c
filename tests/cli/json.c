// SPDX-License-Identifier: MIT
/*
 * json PATH: reads one JSON document from standard input and prints what lies at PATH ("data.outputs.0.name", or ""
 * for nothing). Ends with 1 when the input is not exactly one document, with 2 when PATH leads nowhere.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json_object *read_document(FILE *file)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;
	static char text[1 << 20];
	size_t bytes = fread(text, 1, sizeof(text) - 1, file);
	size_t end;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, text, (int)bytes);
	end = json_tokener_get_parse_end(tokener);
	while (end < bytes && text[end] == '\n')
		end++;
	if (end != bytes) {
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tokener);
	return object;
}

int main(int argc, char **argv)
{
	struct json_object *root = read_document(stdin), *at = root;
	char *path = argc > 1 ? argv[1] : NULL;

	if (!root) {
		fputs("json: the input is not one JSON document\n", stderr);
		return 1;
	}
	for (char *key = path ? strtok(path, ".") : NULL; key; key = strtok(NULL, ".")) {
		struct json_object *next = NULL;

		if (json_object_is_type(at, json_type_array) && strspn(key, "0123456789") == strlen(key) &&
		    strtoul(key, NULL, 10) < json_object_array_length(at)) {
			next = json_object_array_get_idx(at, strtoul(key, NULL, 10));
		} else if (!json_object_is_type(at, json_type_object) || !json_object_object_get_ex(at, key, &next)) {
			fprintf(stderr, "json: there is no '%s'\n", key);
			json_object_put(root);
			return 2;
		}
		at = next;
	}
	if (path)
		puts(at ? json_object_get_string(at) : "null");
	json_object_put(root);
	return 0;
}
