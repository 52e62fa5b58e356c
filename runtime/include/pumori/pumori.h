/* SPDX-License-Identifier: MIT */
/*
 * Contract 5: libpumori, the C API (application <-> runtime). Prose: Documentation/runtime.md.
 *
 * Every function returns 0 (or a count) on success and a negative PUMORI_ERROR_* otherwise; errno is
 * never set, nothing is printed, nothing exits. pumori_last_error() gives the calling thread's last
 * failure in words. Option structs begin with their size: set it with sizeof, zero the rest.
 *
 * Threads: different objects may be used by different threads at once. A device and a model may be
 * shared by threads; a tensor must not be written while a run that is bound to it is pending.
 * Destroying an object that others still use is deferred until they are gone.
 */
#ifndef PUMORI_PUMORI_H
#define PUMORI_PUMORI_H

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

#define PUMORI_VERSION_MAJOR 1
#define PUMORI_VERSION_MINOR 1

/* Error codes; values are stable. */
enum pumori_error {
	PUMORI_OK = 0,
	PUMORI_ERROR_INVALID = -1,	/* an argument is out of range, a name is unknown */
	PUMORI_ERROR_MEMORY = -2,	/* host memory */
	PUMORI_ERROR_DEVICE_MEMORY = -3, /* device memory or another device resource is used up */
	PUMORI_ERROR_NO_DEVICE = -4,	/* no such device, or the driver is not loaded */
	PUMORI_ERROR_PERMISSION = -5,
	PUMORI_ERROR_IO = -6,		/* a file could not be read, a device call failed */
	PUMORI_ERROR_FORMAT = -7,	/* not an executable, damaged, or refused by the chip's checks */
	PUMORI_ERROR_VERSION = -8,	/* executable or device of an unknown version */
	PUMORI_ERROR_UNSUPPORTED = -9,	/* the device lacks a feature */
	PUMORI_ERROR_FAULT = -10,	/* the job faulted: see pumori_run_status() */
	PUMORI_ERROR_KILLED = -11,	/* the job was killed: watchdog, reset, teardown */
	PUMORI_ERROR_DEVICE_LOST = -12,
	PUMORI_ERROR_TIMEOUT = -13,
	PUMORI_ERROR_BUSY = -14,
};

/** enum pumori_dtype - element types; values are those of enum pumori_isa_dtype */
enum pumori_dtype {
	PUMORI_NONE = 0, PUMORI_FP32 = 1, PUMORI_BF16 = 2, PUMORI_FP16 = 3, PUMORI_FP8E4M3 = 4, PUMORI_FP8E5M2 = 5,
	PUMORI_INT8 = 8, PUMORI_UINT8 = 9, PUMORI_INT16 = 10, PUMORI_UINT16 = 11, PUMORI_INT32 = 12,
	PUMORI_UINT32 = 13, PUMORI_INT64 = 14, PUMORI_UINT64 = 15, PUMORI_BOOL = 16,
};

#define PUMORI_RANK_MAX 8

struct pumori_device;
struct pumori_model;
struct pumori_tensor;
struct pumori_run;

/** pumori_error_name - the code as text, e.g. "device memory exhausted"; never NULL */
const char *pumori_error_name(int error);
/** pumori_last_error - this thread's last failure in words, with names and numbers; "" when none. Valid until the thread's next call */
const char *pumori_last_error(void);
/** pumori_version - library version as major << 16 | minor */
uint32_t pumori_version(void);
/** pumori_dtype_size - bytes of an element, 0 when unknown */
size_t pumori_dtype_size(enum pumori_dtype dtype);
/** pumori_dtype_name - "fp32", "int64" ...; never NULL */
const char *pumori_dtype_name(enum pumori_dtype dtype);

/* --- Devices ----------------------------------------------------------------------------------- */

/** struct pumori_device_info - what a device is */
struct pumori_device_info {
	/** @size: sizeof(struct pumori_device_info), set by the caller */
	size_t size;
	/** @index: N of /dev/accel/accelN, -1 in process */
	int32_t index;
	/** @cores: NeuronCores */
	uint32_t cores;
	/** @slots: context slots a core */
	uint32_t slots;
	/** @hw_version: major << 16 | minor */
	uint32_t hw_version;
	/** @isa_version: major << 16 | minor */
	uint32_t isa_version;
	/** @driver_version: major << 16 | minor, 0 in process */
	uint32_t driver_version;
	/** @features: PUMORI_HW_FEATURE_* */
	uint64_t features;
	/** @serial: serial number */
	uint64_t serial;
	/** @hbm_bytes: device memory */
	uint64_t hbm_bytes;
	/** @hbm_used: of it in use */
	uint64_t hbm_used;
	/** @clock_khz: model clock of cycle counts */
	uint32_t clock_khz;
	/** @instructions: capacity of the instruction store */
	uint32_t instructions;
	/** @path: device node, or "inproc" */
	char path[64];
	/** @name: as the chip gives it: its own name and its kernel set, "pumori-1 avx512" */
	char name[32];
	/** @socket: "soft", "pci" or "inproc" */
	char socket[16];
	/** @driver: kernel driver's name, "" in process */
	char driver[16];
};

/**
 * pumori_device_list - describe the devices of this machine
 * @infos: array of @capacity elements, each with its size set; may be NULL when @capacity is 0
 *
 * The in-process chip is not listed. Return: number of devices (may exceed @capacity), or an error.
 */
int pumori_device_list(struct pumori_device_info *infos, size_t capacity);

/** struct pumori_device_options - how to open */
struct pumori_device_options {
	/** @size: sizeof(struct pumori_device_options) */
	size_t size;
	/** @core: core to run on, -1 for any */
	int32_t core;
	/** @priority: 0 low, 1 normal (also when the struct is absent), 2 high, 3 real time */
	uint32_t priority;
	/** @hbm_bytes: in process only: device memory, 0 for the default */
	uint64_t hbm_bytes;
	/** @kernels: in process only: "best" (or NULL), "generic", "avx2", "avx512" */
	const char *kernels;
	/** @budget_ms: bound of device time for a run, 0 for the device's default */
	uint32_t budget_ms;
	/** @poll_us: /dev/accel only: how long a waiting thread polls before it sleeps; 0 for the default of 5 (on a
	 * machine with one processor none), PUMORI_POLL_NEVER
	 */
	uint32_t poll_us;
};
#define PUMORI_POLL_NEVER	0xffffffffu

/**
 * pumori_device_open - open a device
 * @name: "/dev/accel/accelN", "N", "inproc", or NULL: the environment's PUMORI_DEVICE, else the first device
 * @options: NULL for defaults. PUMORI_KERNELS in the environment stands for @kernels when that is NULL
 */
int pumori_device_open(struct pumori_device **device, const char *name, const struct pumori_device_options *options);
void pumori_device_close(struct pumori_device *device);
int pumori_device_info(struct pumori_device *device, struct pumori_device_info *info);

/* --- Models ------------------------------------------------------------------------------------ */

enum pumori_direction { PUMORI_INPUT = 1, PUMORI_OUTPUT = 2 };

/** struct pumori_tensor_info - an input or output of a model */
struct pumori_tensor_info {
	/** @size: sizeof(struct pumori_tensor_info) */
	size_t size;
	/** @name: valid as long as the model */
	const char *name;
	/** @dtype: element type */
	enum pumori_dtype dtype;
	/** @rank: dimensions */
	uint32_t rank;
	/** @shape: dimensions, outermost first; dense, row-major */
	uint64_t shape[PUMORI_RANK_MAX];
	/** @bytes: size of the tensor */
	uint64_t bytes;
};

/** struct pumori_model_info - sizes and needs of a model */
struct pumori_model_info {
	/** @size: sizeof(struct pumori_model_info) */
	size_t size;
	/** @name: graph name */
	const char *name;
	/** @producer: compiler and version */
	const char *producer;
	/** @inputs: number of inputs */
	uint32_t inputs;
	/** @outputs: number of outputs */
	uint32_t outputs;
	/** @instructions: in the program */
	uint32_t instructions;
	/** @cast: matrix operand type */
	enum pumori_dtype cast;
	/** @weight_bytes: constants in device memory */
	uint64_t weight_bytes;
	/** @scratch_bytes: scratch in device memory */
	uint64_t scratch_bytes;
	/** @macs: multiply-accumulates a run */
	uint64_t macs;
	/** @estimated_cycles: the compiler's estimate */
	uint64_t estimated_cycles;
};

/**
 * pumori_model_load - load an executable onto a device
 *
 * The file is mapped, checked (checksums, bounds, versions, features), its weights are copied into
 * device memory once and its program is loaded. On failure nothing is left behind.
 */
int pumori_model_load(struct pumori_model **model, struct pumori_device *device, const char *path);
/** pumori_model_load_memory - same, from @bytes of memory, which may be freed afterwards */
int pumori_model_load_memory(struct pumori_model **model, struct pumori_device *device, const void *data, size_t bytes);
void pumori_model_unload(struct pumori_model *model);
int pumori_model_info(struct pumori_model *model, struct pumori_model_info *info);
/** pumori_model_tensor - describe input or output @index */
int pumori_model_tensor(struct pumori_model *model, enum pumori_direction direction, uint32_t index, struct pumori_tensor_info *info);
/** pumori_model_metadata - value of @key; *@value is valid as long as the model and zero-terminated beyond @bytes. PUMORI_ERROR_INVALID when there is none */
int pumori_model_metadata(struct pumori_model *model, const char *key, const char **value, size_t *bytes);

/* --- Tensors ----------------------------------------------------------------------------------- */

/** pumori_tensor_create - device-visible memory of @bytes, zeroed and mapped; one reference for the caller */
int pumori_tensor_create(struct pumori_tensor **tensor, struct pumori_device *device, uint64_t bytes);
/** pumori_tensor_create_for - a tensor that fits input or output @index of a model */
int pumori_tensor_create_for(struct pumori_tensor **tensor, struct pumori_model *model, enum pumori_direction direction, uint32_t index);
void pumori_tensor_destroy(struct pumori_tensor *tensor);
/** pumori_tensor_data - the mapping, valid until destroyed; write inputs here, read outputs here: no copy is made */
void *pumori_tensor_data(struct pumori_tensor *tensor);
uint64_t pumori_tensor_bytes(const struct pumori_tensor *tensor);

/* --- Runs -------------------------------------------------------------------------------------- */

/** struct pumori_run_status - how a run ended */
struct pumori_run_status {
	/** @size: sizeof(struct pumori_run_status) */
	size_t size;
	/** @job_status: PUMORI_HW_JOB_* (hw.h) */
	uint32_t job_status;
	/** @fault: PUMORI_HW_FAULT_* */
	uint32_t fault;
	/** @pc: faulting instruction */
	uint32_t pc;
	/** @stream: its stream */
	uint32_t stream;
	/** @address: faulting device address */
	uint64_t address;
	/** @cycles: model cycles */
	uint64_t cycles;
	/** @device_ns: time on the core */
	uint64_t device_ns;
	/** @node: source node of the faulting instruction, or NULL; valid as long as the model */
	const char *node;
	/** @nan_count: NaN and Inf seen where checked */
	uint32_t nan_count;
};

/**
 * pumori_run_create - prepare a run: a model with its bindings, reusable
 *
 * A run holds the bindings of one invocation and its own scratch memory; it can be submitted again
 * once it has finished. Several runs of one model may be pending at once.
 */
int pumori_run_create(struct pumori_run **run, struct pumori_model *model);
void pumori_run_destroy(struct pumori_run *run);	/* waits for a pending submission */
/** pumori_run_bind - bind a tensor to input or output @index; it must be large enough and of the model's device */
int pumori_run_bind(struct pumori_run *run, enum pumori_direction direction, uint32_t index, struct pumori_tensor *tensor);
/** pumori_run_submit - start; PUMORI_ERROR_BUSY when still pending, _INVALID when something is not bound */
int pumori_run_submit(struct pumori_run *run);
/** pumori_run_wait - wait until finished; @timeout_ns relative, negative for ever, 0 to poll. Returns the run's own result */
int pumori_run_wait(struct pumori_run *run, int64_t timeout_ns);
/** pumori_run_execute - submit and wait; in process it runs on the calling thread */
int pumori_run_execute(struct pumori_run *run);
int pumori_run_status(struct pumori_run *run, struct pumori_run_status *status);

#if defined(__cplusplus)
}
#endif

#endif
