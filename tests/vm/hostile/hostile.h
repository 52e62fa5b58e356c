/* SPDX-License-Identifier: MIT */
/*
 * Hostile input from an unprivileged process: one test for each class of bug that accelerator drivers were fixed
 * for. What each one asks is that a call is either refused with an error or does what it says, that the kernel has
 * nothing to complain about (the machine it runs in looks for that), and that the device serves the next client.
 */
#ifndef PUMORI_HOSTILE_H
#define PUMORI_HOSTILE_H

#include "../driver/driver_test.h"

#define SOURCE_VA	(1ull << 32)
#define TARGET_VA	(2ull << 32)
#define WAIT_MS		120000
#define ARRAY_LENGTH(array)	(sizeof(array) / sizeof((array)[0]))

/* Values that arithmetic goes wrong with. */
extern const uint64_t odd_values[];
extern const uint32_t odd_value_count;

/** expect - one claim of the running class; a failure is printed */
bool expect(bool true_claim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** struct bench - a session with a source, a target and a program that copies one to the other */
struct bench {
	struct session session;
	struct buffer source;
	struct buffer target;
	struct job job;
};

bool bench_open(struct bench *bench, uint32_t core);
void bench_close(struct bench *bench);
/** bench_works - the copying job ends well and its result is right */
bool bench_works(struct bench *bench);
/** device_works - a new client can run a job */
bool device_works(void);

/* What only the administrator can do, done by a helper process on request. */
enum help {
	HELP_UNBIND = 'u',
	HELP_BIND = 'b',
	HELP_BIND_FAILING = 'f',	/* bind with every allocation failing once; answers how many there were */
	HELP_UNLOAD = 'r',		/* try to remove the module: answers 0 when that was refused */
};
int ask_helper(enum help what);
bool helper_start(void);
void helper_stop(void);

/* arguments.c */
void class_01_offset_and_size_wrap(void);
void class_02_zero_length(void);
void class_03_bogus_handles(void);
void class_04_memory_that_changes_meanwhile(void);
void class_12_programs_with_mistakes(void);
void class_14_kernel_bytes_to_user_space(void);
void class_16_index_out_of_range(void);
/* mappings.c */
void class_05_mappings(void);
void class_06_reference_counts(void);
void class_09_read_only_shared(void);
/* lifetime.c */
void class_07_lifetime_of_processes(void);
void class_08_failed_create_then_close(void);
void class_10_reset_and_removal(void);
void class_11_completion_against_creation(void);
void class_13_failing_probe(void);
void class_15_names_of_old_fences(void);

#endif
