/* SPDX-License-Identifier: MIT */
/*
 * Tests of the driver through its ioctls alone, without the runtime: what a process may do, what it is
 * refused, and what happens to others when it misbehaves. One program, run in virtual machines; prints TAP.
 */
#ifndef PUMORI_DRIVER_TEST_H
#define PUMORI_DRIVER_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <drm/pumori_accel.h>
#include <pumori/hw.h>
#include <pumori/isa.h>

#define PAGE 4096u

/** struct session - an open device with one VM, context and queue; zero ids where something failed */
struct session {
	int fd;
	uint32_t vm;
	uint32_t context;
	uint32_t queue;
	const volatile struct pumori_hw_completion *completion;
	/* Mappings of buffers, undone by session_close(). */
	struct {
		void *data;
		size_t size;
	} mapping[8];
	uint32_t mappings;
};

/** struct buffer - a buffer object that is bound and mapped */
struct buffer {
	uint32_t handle;
	uint64_t va;
	uint64_t size;
	uint8_t *data;
};

/** struct image - a program image being built */
struct image {
	uint8_t *bytes;
	size_t size;
	struct pumori_isa_program *header;
	struct pumori_isa_entry *entry;
	struct pumori_isa_stream_entry *stream;
	struct pumori_isa_instruction *code;
};

/* tap.c */
/** ok - count and print one result; returns @passed */
bool ok(bool passed, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** note - a comment in the output */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** refused - passes when @result is -1 with errno @expected (or @other, when not zero) */
bool refused(int result, int expected, int other, const char *what);
int tap_finish(void);

/* session.c */
/** call - an ioctl, restarted when a signal came between; 0 or -1 with errno */
int call(int fd, unsigned long request, void *argument);
int device_open(void);
bool session_open(struct session *session, uint32_t core);
/** session_open_on - the same on a file that is open, which belongs to the session then */
bool session_open_on(struct session *session, int fd, uint32_t core, uint32_t priority);
/** session_open_priority - the same, with a queue of a priority */
bool session_open_priority(struct session *session, uint32_t core, uint32_t priority);
bool session_add_queue(struct session *session, uint32_t core);
void session_close(struct session *session);
bool device_info(int fd, struct drm_pumori_device_info *info);
bool buffer_create(struct session *session, struct buffer *buffer, uint64_t size, uint32_t flags, uint64_t va);
int bind_range(struct session *session, uint32_t flags, uint32_t handle, uint64_t offset, uint64_t va, uint64_t size);
/** program_load - create a program; 0, or -1 with errno; *@detail as the ioctl says */
int program_load(struct session *session, const struct image *image, uint32_t *id, uint64_t *detail);
uint32_t syncobj_create(int fd);
/** syncobj_wait - true when it signals within @ms */
bool syncobj_wait(int fd, uint32_t handle, int64_t ms);
int64_t now_ms(void);

/** struct job - arguments of submit_job() */
struct job {
	uint32_t program;
	uint32_t entry;
	uint32_t budget_ms;
	struct drm_pumori_variable variable[4];
	uint32_t variables;
	uint32_t scalar[2];
	uint32_t scalars;
	uint32_t wait;		/* syncobj to wait for, or 0 */
	uint32_t signal;	/* syncobj to signal, or 0 */
	uint64_t sequence;	/* out */
};

int submit_jobs(struct session *session, struct job *jobs, uint32_t count);
/** run_job - submit one job and wait up to @ms; returns its PUMORI_HW_JOB_* status, or -1 */
int run_job(struct session *session, struct job *job, int64_t ms, struct drm_pumori_job_query *query);
/** completed - true once the completion page shows the sequence, within @ms */
bool completed(const struct session *session, uint64_t sequence, int64_t ms);
int job_query(struct session *session, uint64_t sequence, struct drm_pumori_job_query *query);

/* test_share.c */
/** buffer_of - a buffer object, private to @vm unless that is 0; returns its handle, 0 when it failed */
uint32_t buffer_of(int fd, uint64_t size, uint32_t flags, uint32_t vm);
/** buffer_export - a dma-buf of a buffer, with DRM_RDWR in @flags a writable one; -1 with errno */
int buffer_export(int fd, uint32_t handle, uint32_t flags);
/** buffer_import - a handle for a dma-buf; 0 with errno */
uint32_t buffer_import(int fd, int dma_buf);

/* programs.c */
/** image_create - an image with one entry and one DMA stream of @instructions, all zero but the tables */
bool image_create(struct image *image, uint32_t instructions, uint32_t variables);
void image_destroy(struct image *image);
/** image_copy - copies @bytes (a multiple of 128) from variable 0 to variable 1 through SBUF, @repeats times */
bool image_copy(struct image *image, uint32_t bytes, uint32_t repeats);
/** image_spin - never ends by itself */
bool image_spin(struct image *image);
/** image_deadlock - waits for a semaphore that nobody signals */
bool image_deadlock(struct image *image);

/* copier.c: somebody who copies on the device and looks at the result */
struct copier {
	struct session session;
	struct buffer source;
	struct buffer target;
	struct job job;
};

/** copier_open - a session on a core, with a program that copies */
bool copier_open(struct copier *client, uint32_t core);
/** copier_prepare - load the program again and make the job that runs it */
bool copier_prepare(struct copier *client);
/** copier_run - one copy: PUMORI_HW_JOB_*, or -1 when it was not done or done wrong */
int copier_run(struct copier *client);
/** copier_runs - that many copies go well */
bool copier_runs(struct copier *client, uint32_t count);
void copier_close(struct copier *client);
/** context_state - DRM_PUMORI_CONTEXT_* of a session, ~0 when it cannot be asked */
uint32_t context_state(struct session *session);
/** context_counts - whether so many of its jobs failed, and so many were lost */
bool context_counts(struct session *session, uint64_t faults, uint64_t losses);
/** spin_open - a session whose endless job runs */
bool spin_open(struct session *session, struct job *job, uint32_t core, uint32_t priority);
/** control_write - write a line to a file of the device's debugfs folder */
bool control_write(const char *file, const char *line);
/** injected - whether what was injected into a core has happened, within @ms */
bool injected(uint32_t core, int64_t ms);
/** have_injection - whether the kernel lets us; else a skipped test is printed for @what */
bool have_injection(const char *what);
/** driver_bind - "bind" or "unbind" the first device */
bool driver_bind(const char *what);
/** device_appears - the device's first node is there, within @ms */
bool device_appears(int64_t ms);

/* test_*.c */
void test_queries(void);
void test_memory(void);
void test_bind(void);
void test_bind_async(void);
void test_share(void);
void test_rights(void);
void test_evict(void);
void test_programs(void);
void test_jobs(void);
void test_sharing(void);
void test_faults(void);
void test_blame(void);
void test_resets(void);
void test_hostile(void);
void test_coredump(void);
void test_lifecycle(void);
void test_power(void);
void test_teardown(void);
void test_unplug(void);
void test_failures(void);
void test_visible(void);
void test_quotas(void);

#endif
