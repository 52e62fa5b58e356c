// SPDX-License-Identifier: MIT
/* make_models FOLDER: writes the small models of tests/unit/executable_builder.h as files. */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/executable_builder.h"

static void make_copy(struct builder *builder)
{
	build_copy(builder, 64);
}

/* A value that needs care in every view. */
static void make_odd(struct builder *builder)
{
	build_copy(builder, 4);
	builder_metadata(builder, "note", "a \"quoted\" note, with a comma\nand a line");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*build)(struct builder *builder);
	} models[] = {
		{ "copy", make_copy },	 { "scale", build_scale }, { "empty", build_empty }, { "forever", build_forever },
		{ "fault", build_fault }, { "state", build_state }, { "odd", make_odd },
	};

	if (argc != 2) {
		fputs("usage: make_models FOLDER\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		struct builder builder;
		char path[4096];
		size_t bytes;
		void *data;
		FILE *file;

		models[i].build(&builder);
		data = builder_write(&builder, &bytes);
		builder_end(&builder);
		snprintf(path, sizeof(path), "%s/%s.pex", argv[1], models[i].name);
		file = fopen(path, "wb");
		if (!file || fwrite(data, 1, bytes, file) != bytes || fclose(file)) {
			perror(path);
			return 1;
		}
		free(data);
	}
	return 0;
}
