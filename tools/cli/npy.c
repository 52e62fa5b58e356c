// SPDX-License-Identifier: MIT
#include "npy.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define HEADER_MAX	4096	/* a header of eight dimensions has about 200 bytes */

static const char magic[6] = "\x93NUMPY";

/* The first row of a type is what is written; every row is read. */
static const struct {
	const char *descr;
	enum pumori_dtype dtype;
} types[] = {
	{ "<f4", PUMORI_FP32 }, { "<f2", PUMORI_FP16 }, { "|i1", PUMORI_INT8 }, { "|u1", PUMORI_UINT8 },
	{ "<i2", PUMORI_INT16 }, { "<u2", PUMORI_UINT16 }, { "<i4", PUMORI_INT32 }, { "<u4", PUMORI_UINT32 },
	{ "<i8", PUMORI_INT64 }, { "<u8", PUMORI_UINT64 }, { "|b1", PUMORI_BOOL }, { "<i1", PUMORI_INT8 },
	{ "<u1", PUMORI_UINT8 }, { "<b1", PUMORI_BOOL }, { "?", PUMORI_BOOL },
};
#define TYPES (sizeof(types) / sizeof(types[0]))

/* A place in the text of the header; @end is after its last byte. */
struct cursor {
	const char *at;
	const char *end;
};

static void skip_space(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t'))
		c->at++;
}

static int take(struct cursor *c, char wanted)
{
	skip_space(c);
	if (c->at >= c->end || *c->at != wanted)
		return 0;
	c->at++;
	return 1;
}

static int take_word(struct cursor *c, const char *word)
{
	size_t length = strlen(word);

	skip_space(c);
	if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length))
		return 0;
	c->at += length;
	return 1;
}

/* A string in quotes of either kind, without escapes. */
static int take_string(struct cursor *c, const char **text, size_t *length)
{
	const char *close;
	char quote;

	skip_space(c);
	if (c->at >= c->end || (*c->at != '\'' && *c->at != '"'))
		return 0;
	quote = *c->at++;
	close = memchr(c->at, quote, (size_t)(c->end - c->at));
	if (!close)
		return 0;
	*text = c->at;
	*length = (size_t)(close - c->at);
	c->at = close + 1;
	return !memchr(*text, '\\', *length);
}

static int take_number(struct cursor *c, uint64_t *value)
{
	skip_space(c);
	if (c->at >= c->end || *c->at < '0' || *c->at > '9')
		return 0;
	*value = 0;
	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
		if (__builtin_mul_overflow(*value, 10u, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(*c->at - '0'), value))
			return 0;
	/* Files of the time of Python 2 have 3L. */
	if (c->at < c->end && *c->at == 'L')
		c->at++;
	return 1;
}

static int take_type(struct cursor *c, struct cli_npy *npy, const char **reason)
{
	const char *text;
	size_t length;

	*reason = "the header has no element type";
	if (!take_string(c, &text, &length))
		return -1;
	for (size_t i = 0; i < TYPES; i++)
		if (strlen(types[i].descr) == length && !memcmp(types[i].descr, text, length)) {
			npy->dtype = types[i].dtype;
			return 0;
		}
	*reason = length && text[0] == '>' ? "big-endian elements are not supported" :
		  length == 3 && !memcmp(text, "<f8", 3) ? "double elements are not supported; store float32" :
		  "elements of this type are not supported";
	return -1;
}

static int take_shape(struct cursor *c, struct cli_npy *npy, const char **reason)
{
	*reason = "the shape in the header is damaged";
	if (!take(c, '('))
		return -1;
	npy->rank = 0;
	while (!take(c, ')')) {
		uint64_t dimension;

		if (!take_number(c, &dimension))
			return -1;
		if (npy->rank == PUMORI_RANK_MAX) {
			*reason = "more than 8 dimensions";
			return -1;
		}
		npy->shape[npy->rank++] = dimension;
		/* Only the last element may go without a comma. */
		if (!take(c, ',')) {
			if (!take(c, ')'))
				return -1;
			break;
		}
	}
	return 0;
}

static int parse_dictionary(struct cursor *c, struct cli_npy *npy, const char **reason)
{
	enum { DESCR = 1, FORTRAN = 2, SHAPE = 4 };
	unsigned int seen = 0;

	*reason = "the header is damaged";
	if (!take(c, '{'))
		return -1;
	while (!take(c, '}')) {
		const char *key;
		size_t length;
		unsigned int which;

		if (!take_string(c, &key, &length) || !take(c, ':'))
			return -1;
		if (length == 5 && !memcmp(key, "descr", 5)) {
			which = DESCR;
			if (take_type(c, npy, reason))
				return -1;
		} else if (length == 5 && !memcmp(key, "shape", 5)) {
			which = SHAPE;
			if (take_shape(c, npy, reason))
				return -1;
		} else if (length == 13 && !memcmp(key, "fortran_order", 13)) {
			which = FORTRAN;
			if (take_word(c, "True")) {
				*reason = "the array is in Fortran order; store it in C order (numpy.ascontiguousarray)";
				return -1;
			}
			if (!take_word(c, "False"))
				return -1;
		} else {
			return -1;
		}
		*reason = "the header is damaged";
		if (seen & which)
			return -1;
		seen |= which;
		if (!take(c, ',')) {
			if (!take(c, '}'))
				return -1;
			break;
		}
	}
	skip_space(c);
	return seen == (DESCR | FORTRAN | SHAPE) && c->at == c->end ? 0 : -1;
}

int cli_npy_parse(struct cli_npy *npy, const void *data, size_t bytes, const char **reason)
{
	const unsigned char *head = data;
	struct cursor cursor;
	size_t length, start;

	memset(npy, 0, sizeof(*npy));
	*reason = "not a .npy file";
	if (bytes < 10 || memcmp(head, magic, sizeof(magic)))
		return -1;
	if (head[6] == 1) {
		start = 10;
		length = head[8] | (size_t)head[9] << 8;
	} else if (head[6] == 2 || head[6] == 3) {
		start = 12;
		*reason = "the header is cut off";
		if (bytes < start)
			return -1;
		length = head[8] | (size_t)head[9] << 8 | (size_t)head[10] << 16 | (size_t)head[11] << 24;
	} else {
		*reason = "an unknown version of the .npy format";
		return -1;
	}
	*reason = "the header is cut off";
	if (length > bytes - start)
		return -1;
	cursor.at = (const char *)data + start;
	cursor.end = cursor.at + length;
	if (parse_dictionary(&cursor, npy, reason))
		return -1;
	npy->data_offset = start + length;
	npy->bytes = pumori_dtype_size(npy->dtype);
	*reason = "the array is larger than any memory";
	for (uint32_t i = 0; i < npy->rank; i++)
		if (__builtin_mul_overflow(npy->bytes, npy->shape[i], &npy->bytes))
			return -1;
	return 0;
}

void cli_shape_text(char *text, size_t bytes, const uint64_t *shape, uint32_t rank)
{
	size_t used = 0;

	used += (size_t)snprintf(text, bytes, "[");
	for (uint32_t i = 0; i < rank && used < bytes; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%" PRIu64, i ? "," : "", shape[i]);
	if (used < bytes)
		snprintf(text + used, bytes - used, "]");
}

/* NumPy has no bfloat16; its bits travel as uint16. */
static enum pumori_dtype stored_type(enum pumori_dtype dtype)
{
	return dtype == PUMORI_BF16 ? PUMORI_UINT16 : dtype;
}

static int read_file(FILE *file, enum pumori_dtype dtype, uint32_t rank, const uint64_t *shape, void *destination,
		     char *message, size_t message_bytes)
{
	unsigned char header[HEADER_MAX];
	char wanted[128], found[128];
	struct cli_npy npy;
	const char *reason;
	size_t got = fread(header, 1, sizeof(header), file);

	if (ferror(file)) {
		snprintf(message, message_bytes, "%s", strerror(errno));
		return -1;
	}
	if (cli_npy_parse(&npy, header, got, &reason)) {
		snprintf(message, message_bytes, "%s", reason);
		return -1;
	}
	if (npy.dtype != stored_type(dtype)) {
		snprintf(message, message_bytes, "holds %s, but the model wants %s%s", pumori_dtype_name(npy.dtype),
			 pumori_dtype_name(dtype), dtype == PUMORI_BF16 ? " (its bits as uint16)" : "");
		return -1;
	}
	if (npy.rank != rank || memcmp(npy.shape, shape, rank * sizeof(*shape))) {
		cli_shape_text(wanted, sizeof(wanted), shape, rank);
		cli_shape_text(found, sizeof(found), npy.shape, npy.rank);
		snprintf(message, message_bytes, "has shape %s, but the model wants %s", found, wanted);
		return -1;
	}
	if (fseek(file, (long)npy.data_offset, SEEK_SET)) {
		snprintf(message, message_bytes, "%s", strerror(errno));
		return -1;
	}
	if (fread(destination, 1, npy.bytes, file) != npy.bytes) {
		snprintf(message, message_bytes, "%s", ferror(file) ? strerror(errno) : "the file is cut off");
		return -1;
	}
	if (fgetc(file) != EOF) {
		snprintf(message, message_bytes, "the file goes on after its last element");
		return -1;
	}
	return 0;
}

int cli_npy_read(const char *path, enum pumori_dtype dtype, uint32_t rank, const uint64_t *shape, void *destination,
		 char *message, size_t message_bytes)
{
	FILE *file = fopen(path, "rbe");
	int result;

	if (!file) {
		snprintf(message, message_bytes, "%s", strerror(errno));
		return -1;
	}
	result = read_file(file, dtype, rank, shape, destination, message, message_bytes);
	fclose(file);
	return result;
}

/* Version 1.0: the header is padded so that the elements begin at a multiple of 64. */
static size_t make_header(char *header, size_t bytes, const char *descr, uint32_t rank, const uint64_t *shape)
{
	size_t start = 10, used, total;

	memcpy(header, magic, sizeof(magic));
	header[6] = 1;
	header[7] = 0;
	used = start + (size_t)snprintf(header + start, bytes - start,
					"{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
	for (uint32_t i = 0; i < rank; i++)
		used += (size_t)snprintf(header + used, bytes - used, "%" PRIu64 "%s", shape[i],
					 rank == 1 ? "," : i + 1 < rank ? ", " : "");
	used += (size_t)snprintf(header + used, bytes - used, "), }");
	total = (used + 1 + 63) / 64 * 64;
	memset(header + used, ' ', total - used);
	header[total - 1] = '\n';
	header[8] = (char)((total - start) & 0xff);
	header[9] = (char)((total - start) >> 8);
	return total;
}

int cli_npy_write(const char *path, enum pumori_dtype dtype, uint32_t rank, const uint64_t *shape, const void *data,
		  uint64_t bytes, char *message, size_t message_bytes)
{
	const char *descr = NULL;
	char header[512];
	size_t header_bytes;
	FILE *file;
	int failed;

	for (size_t i = 0; i < TYPES && !descr; i++)
		if (types[i].dtype == stored_type(dtype))
			descr = types[i].descr;
	if (!descr || rank > PUMORI_RANK_MAX) {
		snprintf(message, message_bytes, "a .npy file cannot hold %s", pumori_dtype_name(dtype));
		return -1;
	}
	header_bytes = make_header(header, sizeof(header), descr, rank, shape);
	file = fopen(path, "wbe");
	if (!file) {
		snprintf(message, message_bytes, "%s", strerror(errno));
		return -1;
	}
	failed = fwrite(header, 1, header_bytes, file) != header_bytes || fwrite(data, 1, bytes, file) != bytes;
	if (fclose(file) || failed) {
		snprintf(message, message_bytes, "%s", strerror(errno));
		return -1;
	}
	return 0;
}
