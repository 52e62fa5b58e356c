// SPDX-License-Identifier: GPL-2.0
/*
 * Programs: immutable code in the chip's instruction store.
 *
 * The chip judges the code: the driver reads no more of an image than how many instructions it has
 * and what each entry wants from a job. The store is shared by all cores, so one core decodes.
 */

#include <linux/nospec.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/pumori_accel.h>

#include <pumori/isa.h>

#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_drv.h"
#include "pumori_image.h"
#include "pumori_program.h"
#include "pumori_vm.h"

#define MAX_ENTRIES	1024
/* Header and tables of an image beside its instructions. */
#define TABLE_BYTES	SZ_1M

/**
 * struct pumori_program - a loaded program
 */
struct pumori_program {
	/** @kref: files and jobs that use it */
	struct kref kref;
	/** @vm: whose contexts may run it, held */
	struct pumori_vm *vm;
	/** @hw_id: id for the chip */
	u32 hw_id;
	/** @generation: of the device, whose reset loses the program */
	u32 generation;
	/** @node: its part of the instruction store */
	struct drm_mm_node node;
	/** @image: as it was loaded, for core dumps */
	struct pumori_image image;
	/** @code_offset: where in it the instructions are */
	u32 code_offset;
	/** @release: unloads it when @kref dropped to zero */
	struct work_struct release;
	/** @footprint: bytes of SBUF and PSUM, of all partitions, that it uses */
	u32 footprint;
	/** @entry_count: length of @entries */
	u32 entry_count;
	/** @entries: as in the image */
	struct pumori_isa_entry entries[] __counted_by(entry_count);
};

static void store_takedown(struct drm_device *drm, void *unused)
{
	struct pumori_device *pumori = to_pumori_device(drm);

	drm_mm_takedown(&pumori->store);
	xa_destroy(&pumori->programs);
}

/**
 * pumori_store_init() - start with an empty instruction store
 * @pumori: the device
 */
int pumori_store_init(struct pumori_device *pumori)
{
	int ret = drmm_mutex_init(&pumori->drm, &pumori->store_lock);

	if (ret)
		return ret;
	xa_init_flags(&pumori->programs, XA_FLAGS_ALLOC);
	drm_mm_init(&pumori->store, 0, pumori->info.instructions);
	return drmm_add_action_or_reset(&pumori->drm, store_takedown, NULL);
}

static int store_alloc(struct pumori_device *pumori, struct drm_mm_node *node, u32 instructions)
{
	int ret;

	mutex_lock(&pumori->store_lock);
	ret = drm_mm_insert_node(&pumori->store, node, instructions);
	if (!ret)
		pumori->store_used += instructions;
	mutex_unlock(&pumori->store_lock);
	return ret;
}

static void store_free(struct pumori_device *pumori, struct drm_mm_node *node)
{
	mutex_lock(&pumori->store_lock);
	pumori->store_used -= node->size;
	drm_mm_remove_node(node);
	mutex_unlock(&pumori->store_lock);
}

static void program_free(struct pumori_program *program)
{
	struct pumori_device *pumori = pumori_vm_device(program->vm);

	xa_erase(&pumori->programs, program->hw_id);
	store_free(pumori, &program->node);
	pumori_image_fini(&program->image);
	/* May free the device. */
	pumori_vm_put(program->vm);
	kfree(program);
}

static void program_release_work(struct work_struct *work)
{
	struct pumori_program *program = container_of(work, struct pumori_program, release);
	struct pumori_device *pumori = pumori_vm_device(program->vm);
	struct pumori_hw_control command = {
		.opcode = PUMORI_HW_CONTROL_UNLOAD_PROGRAM,
		.target = program->hw_id,
	};
	u32 core;

	/* An error means a lost device, which uses no program. */
	for (core = 0; core < pumori->info.cores; core++)
		pumori_control_execute(pumori->core[core], &command, NULL);
	program_free(program);
}

static void program_release(struct kref *kref)
{
	struct pumori_program *program = container_of(kref, struct pumori_program, kref);

	queue_work(pumori_release_wq, &program->release);
}

/**
 * pumori_program_put() - drop a reference
 * @program: the program, or NULL
 *
 * Never waits.
 */
void pumori_program_put(struct pumori_program *program)
{
	if (program)
		kref_put(&program->kref, program_release);
}

/**
 * pumori_program_lookup() - find a program of a file and take a reference
 * @pfile: the file
 * @id: id of the program
 */
struct pumori_program *pumori_program_lookup(struct pumori_file *pfile, u32 id)
{
	struct pumori_program *program;

	xa_lock(&pfile->programs);
	program = xa_load(&pfile->programs, id);
	if (program)
		kref_get(&program->kref);
	xa_unlock(&pfile->programs);
	return program;
}

/**
 * pumori_program_hw_id() - id for commands to the chip
 * @program: the program
 */
u32 pumori_program_hw_id(const struct pumori_program *program)
{
	return program->hw_id;
}

/**
 * pumori_program_in_vm() - whether contexts of a VM may run a program
 * @program: the program
 * @vm: the VM
 */
bool pumori_program_in_vm(const struct pumori_program *program, const struct pumori_vm *vm)
{
	return program->vm == vm;
}

/**
 * pumori_program_instruction() - read an instruction of a loaded program
 * @pumori: the device
 * @hw_id: id of the program for the chip
 * @pc: number of the instruction in the program
 * @instruction: set to it
 *
 * Return: 0, -ENOENT when there is no such program, -EINVAL when it ends before.
 */
int pumori_program_instruction(struct pumori_device *pumori, u32 hw_id, u32 pc,
			       struct pumori_isa_instruction *instruction)
{
	struct pumori_program *program;
	int ret;

	xa_lock(&pumori->programs);
	program = xa_load(&pumori->programs, hw_id);
	if (program && !kref_get_unless_zero(&program->kref))
		program = NULL;
	xa_unlock(&pumori->programs);
	if (!program)
		return -ENOENT;

	ret = pumori_image_read(&program->image,
				program->code_offset + (u64)pc * sizeof(*instruction), instruction,
				sizeof(*instruction));
	pumori_program_put(program);
	return ret;
}

/**
 * pumori_program_is_lost() - whether the device was reset since a program was loaded
 * @program: the program
 */
bool pumori_program_is_lost(const struct pumori_program *program)
{
	return program->generation != READ_ONCE(pumori_vm_device(program->vm)->generation);
}

/**
 * pumori_program_footprint() - bytes of SBUF and PSUM, of all partitions, that a program uses
 * @program: the program
 */
u32 pumori_program_footprint(const struct pumori_program *program)
{
	return program->footprint;
}

/**
 * pumori_program_entry() - what a job must bring for an entry
 * @program: the program
 * @entry: index of the entry
 * @variables: set to the number of variables
 * @scalars: set to the number of scalars
 */
int pumori_program_entry(const struct pumori_program *program, u32 entry, u32 *variables,
			 u32 *scalars)
{
	if (entry >= program->entry_count)
		return -EINVAL;

	entry = array_index_nospec(entry, program->entry_count);
	*variables = program->entries[entry].variables;
	*scalars = program->entries[entry].scalars;
	return 0;
}

static struct pumori_program *program_parse(struct drm_device *drm,
					    const struct pumori_image *image, u32 *instructions)
{
	struct pumori_isa_program header;
	struct pumori_program *program;
	u32 i;

	if (pumori_image_read(image, 0, &header, sizeof(header)) ||
	    header.magic != PUMORI_ISA_PROGRAM_MAGIC) {
		drm_dbg(drm, "not a program image\n");
		return ERR_PTR(-ENOEXEC);
	}
	if (!header.entries || header.entries > MAX_ENTRIES || !header.instructions ||
	    header.instructions > image->size / PUMORI_ISA_INSTRUCTION_BYTES) {
		drm_dbg(drm, "program with %u entries and %u instructions\n", header.entries,
			header.instructions);
		return ERR_PTR(-ENOEXEC);
	}

	program = kzalloc(struct_size(program, entries, header.entries), GFP_KERNEL_ACCOUNT);
	if (!program)
		return ERR_PTR(-ENOMEM);

	program->footprint = PUMORI_ISA_PARTITIONS *
			     (min_t(u32, header.sbuf_bytes, PUMORI_ISA_SBUF_BYTES) +
			      min_t(u32, header.psum_bytes, PUMORI_ISA_PSUM_BYTES));
	program->entry_count = header.entries;
	program->code_offset = header.instructions_offset;
	if (pumori_image_read(image, sizeof(header), program->entries,
			      array_size(header.entries, sizeof(program->entries[0]))))
		goto err_free;
	for (i = 0; i < header.entries; i++) {
		if (program->entries[i].variables > PUMORI_ISA_VARIABLES ||
		    program->entries[i].scalars > PUMORI_ISA_SCALARS)
			goto err_free;
	}
	*instructions = header.instructions;
	return program;

err_free:
	drm_dbg(drm, "broken entry table\n");
	kfree(program);
	return ERR_PTR(-ENOEXEC);
}

static int program_load(struct pumori_device *pumori, struct pumori_program *program,
			const struct pumori_image *image, u64 *detail)
{
	struct pumori_hw_control command = {
		.opcode = PUMORI_HW_CONTROL_LOAD_PROGRAM,
		.address = image->lists[0].bus_address,
		.length = image->size,
		.target = program->hw_id,
		.argument = program->node.start,
	};
	u32 core;
	int ret = 0;

	program->generation = READ_ONCE(pumori->generation);
	/* What one core takes, the others take, too: a refusal comes from the first one. */
	for (core = 0; core < pumori->info.cores && !ret; core++)
		ret = pumori_control_execute(pumori->core[core], &command, detail);
	if (ret > 0) {
		drm_dbg(&pumori->drm, "program refused: fault %d, instruction %lld\n", ret,
			*detail);
		return -ENOEXEC;
	}
	/* Some cores may have forgotten what others have loaded since. */
	if (!ret && program->generation != READ_ONCE(pumori->generation))
		ret = -EIO;
	return ret;
}

static struct pumori_program *program_create(struct pumori_device *pumori, struct pumori_vm *vm,
					     struct drm_pumori_program_create *args)
{
	struct pumori_program *program;
	struct pumori_image image;
	u32 instructions = 0;
	int ret;

	ret = pumori_image_init(&image, pumori->bus, args->pointer, args->size);
	if (ret)
		return ERR_PTR(ret);

	program = program_parse(&pumori->drm, &image, &instructions);
	if (IS_ERR(program)) {
		ret = PTR_ERR(program);
		goto err_image;
	}
	kref_init(&program->kref);
	INIT_WORK(&program->release, program_release_work);

	ret = xa_alloc(&pumori->programs, &program->hw_id, NULL,
		       XA_LIMIT(0, PUMORI_HW_MAX_PROGRAMS - 1), GFP_KERNEL_ACCOUNT);
	if (ret) {
		ret = ret == -EBUSY ? -ENOSPC : ret;
		goto err_free;
	}

	ret = store_alloc(pumori, &program->node, instructions);
	if (ret) {
		drm_dbg(&pumori->drm, "no room for %u instructions\n", instructions);
		goto err_free_id;
	}

	ret = program_load(pumori, program, &image, &args->error_detail);
	if (ret)
		goto err_free_store;

	pumori_image_free_lists(&image);
	program->image = image;
	program->vm = pumori_vm_get(vm);
	/* Its place is reserved: nothing is allocated. */
	xa_store(&pumori->programs, program->hw_id, program, GFP_KERNEL);
	return program;

err_free_store:
	store_free(pumori, &program->node);
err_free_id:
	xa_erase(&pumori->programs, program->hw_id);
err_free:
	kfree(program);
err_image:
	pumori_image_fini(&image);
	return ERR_PTR(ret);
}

/**
 * pumori_ioctl_program_create() - DRM_IOCTL_PUMORI_PROGRAM_CREATE
 * @drm: the device
 * @data: struct drm_pumori_program_create
 * @file: the caller
 */
int pumori_ioctl_program_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct pumori_device *pumori = to_pumori_device(drm);
	struct pumori_file *pfile = file->driver_priv;
	struct drm_pumori_program_create *args = data;
	u64 limit = (u64)pumori->info.instructions * PUMORI_ISA_INSTRUCTION_BYTES + TABLE_BYTES;
	struct pumori_program *program;
	struct pumori_vm *vm;
	int ret, idx;

	if (args->flags || args->pad) {
		drm_dbg(drm, "unknown flags %x or padding not zero\n", args->flags);
		return -EINVAL;
	}
	if (args->size < sizeof(struct pumori_isa_program) || args->size > limit) {
		drm_dbg(drm, "program image of %llu bytes\n", args->size);
		return args->size > limit ? -ENOSPC : -EINVAL;
	}
	args->error_detail = ~0ull;

	vm = pumori_vm_lookup(pfile, args->vm_id);
	if (!vm)
		return -ENOENT;
	if (!drm_dev_enter(drm, &idx)) {
		ret = -ENODEV;
		goto out_put_vm;
	}

	program = program_create(pumori, vm, args);
	if (IS_ERR(program)) {
		ret = PTR_ERR(program);
		goto out_exit;
	}
	ret = xa_alloc(&pfile->programs, &args->id, program, PUMORI_FILE_IDS, GFP_KERNEL_ACCOUNT);
	if (ret)
		pumori_program_put(program);

out_exit:
	drm_dev_exit(idx);
out_put_vm:
	pumori_vm_put(vm);
	return ret;
}

/**
 * pumori_ioctl_program_destroy() - DRM_IOCTL_PUMORI_PROGRAM_DESTROY
 * @drm: the device
 * @data: struct drm_pumori_destroy
 * @file: the caller
 */
int pumori_ioctl_program_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct pumori_file *pfile = file->driver_priv;
	struct drm_pumori_destroy *args = data;
	struct pumori_program *program;

	if (args->pad) {
		drm_dbg(drm, "padding is not zero\n");
		return -EINVAL;
	}
	program = xa_erase(&pfile->programs, args->id);
	if (!program)
		return -ENOENT;
	pumori_program_put(program);
	/* Its room is free when the call returns, unless jobs use the program. */
	pumori_flush_releases();
	return 0;
}
