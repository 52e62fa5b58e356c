/* SPDX-License-Identifier: MIT */
/*
 * Contract 4: the compiled graph's file (compiler <-> runtime). Prose: Documentation/executable.md.
 *
 * An ELF64 little-endian file, e_type ET_EXEC, e_machine EM_NONE, no segments. readelf lists it, libelf writes it;
 * sections are used in place from a read-only mapping. All offsets and strings are checked against
 * their section before use. Sections (all SHT_PROGBITS, not compressed):
 *
 *   .pumori.header     struct pumori_executable_header, exactly one
 *   .pumori.program    program image, struct pumori_isa_program (isa.h), aligned to 4096
 *   .pumori.entries    struct pumori_executable_entry[], parallel to the program's entries
 *   .pumori.variables  struct pumori_executable_variable[], all entries' variable tables share it
 *   .pumori.weights    constants, aligned to 4096; absent when there are none
 *   .pumori.strings    zero-terminated UTF-8; offset 0 is the empty string
 *   .pumori.metadata   struct pumori_executable_metadata[] followed by nothing; key and value lie in .strings,
 *                      or the value in .pumori.blobs
 *   .pumori.blobs      metadata values too large for strings (a dictionary)
 *   .pumori.debug      struct pumori_executable_debug[], ascending by pc
 *   .pumori.checksums  struct pumori_executable_checksum[], one for each other .pumori section
 */
#ifndef _UAPI_PUMORI_EXECUTABLE_H_
#define _UAPI_PUMORI_EXECUTABLE_H_

#include <linux/types.h>

#define PUMORI_EXECUTABLE_MAGIC		0x58504d50u	/* "PMPX" */
#define PUMORI_EXECUTABLE_VERSION_MAJOR	1
#define PUMORI_EXECUTABLE_VERSION_MINOR	0

#define PUMORI_SECTION_HEADER		".pumori.header"
#define PUMORI_SECTION_PROGRAM		".pumori.program"
#define PUMORI_SECTION_ENTRIES		".pumori.entries"
#define PUMORI_SECTION_VARIABLES	".pumori.variables"
#define PUMORI_SECTION_WEIGHTS		".pumori.weights"
#define PUMORI_SECTION_STRINGS		".pumori.strings"
#define PUMORI_SECTION_METADATA		".pumori.metadata"
#define PUMORI_SECTION_BLOBS		".pumori.blobs"
#define PUMORI_SECTION_DEBUG		".pumori.debug"
#define PUMORI_SECTION_CHECKSUMS	".pumori.checksums"

#define PUMORI_EXECUTABLE_RANK_MAX	8
#define PUMORI_EXECUTABLE_VARIABLES_MAX	4096
#define PUMORI_EXECUTABLE_ENTRIES_MAX	256

/** struct pumori_executable_header - what the file needs to run */
struct pumori_executable_header {
	/** @magic: PUMORI_EXECUTABLE_MAGIC */
	__u32 magic;
	/** @version_major: a loader refuses others than its own */
	__u16 version_major;
	/** @version_minor: a loader refuses newer ones */
	__u16 version_minor;
	/** @features: PUMORI_HW_FEATURE_* that the program needs */
	__u64 features;
	/** @macs: multiply-accumulates of one run of the first run entry, for reports */
	__u64 macs;
	/** @cast: enum pumori_isa_dtype of matrix operands: FP32 or BF16 */
	__u32 cast;
	/** @producer: string: compiler and version */
	__u32 producer;
	/** @model: string: name of the graph */
	__u32 model;
	/** @reserved: must be zero */
	__u32 reserved[7];
};

/** struct pumori_executable_entry - program entry i of the image */
struct pumori_executable_entry {
	/** @name: string: "run", "preload", "run@batch=8" ... */
	__u32 name;
	/** @first_variable: index into .pumori.variables */
	__u32 first_variable;
	/** @variables: how many; the entry's variable v is element first_variable + v */
	__u32 variables;
	/** @flags: PUMORI_ISA_ENTRY_* */
	__u32 flags;
	/** @cycles: the compiler's estimate of model cycles */
	__u64 cycles;
	/** @reserved: must be zero */
	__u32 reserved[2];
};

/** enum pumori_executable_kind - what a variable is */
enum pumori_executable_kind {
	PUMORI_KIND_INPUT = 1,		/* read; the caller binds a buffer */
	PUMORI_KIND_OUTPUT = 2,		/* written; the caller binds a buffer */
	PUMORI_KIND_WEIGHTS = 3,	/* read; @offset, @size in .pumori.weights, shared by all entries */
	PUMORI_KIND_SCRATCH = 4,	/* read and written within one run; undefined before */
	PUMORI_KIND_STATE = 5,		/* read and written, kept between runs; starts from @offset in weights, or zero */
};

/** struct pumori_executable_variable - one variable of one entry; tensors are dense and row-major */
struct pumori_executable_variable {
	/** @name: string; unique among inputs, outputs and states of an entry */
	__u32 name;
	/** @kind: enum pumori_executable_kind */
	__u32 kind;
	/** @dtype: enum pumori_isa_dtype; NONE for raw bytes (weights, scratch) */
	__u32 dtype;
	/** @rank: dimensions, at most 8 */
	__u32 rank;
	/** @shape: dimensions, each at least 1 (0 only in an empty tensor) */
	__u64 shape[PUMORI_EXECUTABLE_RANK_MAX];
	/** @size: bytes */
	__u64 size;
	/** @offset: WEIGHTS, STATE with initial value: bytes into .pumori.weights, multiple of 64 */
	__u64 offset;
	/** @flags: PUMORI_VARIABLE_* */
	__u32 flags;
	/** @reserved: must be zero */
	__u32 reserved;
};
#define PUMORI_VARIABLE_INITIALIZED	(1u << 0)	/* STATE: @offset counts */

/** struct pumori_executable_metadata - a key and its value */
struct pumori_executable_metadata {
	/** @key: string */
	__u32 key;
	/** @in_blobs: 0: @value is a string; 1: bytes @value .. @value + @size of .pumori.blobs */
	__u32 in_blobs;
	/** @value: string, or offset into blobs */
	__u64 value;
	/** @size: bytes in blobs, else 0 */
	__u64 size;
};

/** struct pumori_executable_debug - from @pc on (to the next element's) instructions belong to this node */
struct pumori_executable_debug {
	/** @pc: instruction index in the program */
	__u32 pc;
	/** @node: string: node name of the source graph */
	__u32 node;
	/** @operation: string: operator and shapes */
	__u32 operation;
	/** @reserved: must be zero */
	__u32 reserved;
};

/** struct pumori_executable_checksum - CRC-32C (Castagnoli, as in iSCSI) of a section's bytes */
struct pumori_executable_checksum {
	/** @section: string: section name */
	__u32 section;
	/** @crc: CRC-32C */
	__u32 crc;
	/** @size: bytes of the section */
	__u64 size;
};

#endif
