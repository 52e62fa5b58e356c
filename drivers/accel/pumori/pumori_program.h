/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_PROGRAM_H
#define PUMORI_PROGRAM_H

#include <linux/types.h>

struct drm_device;
struct drm_file;
struct pumori_device;
struct pumori_file;
struct pumori_isa_instruction;
struct pumori_program;
struct pumori_vm;

int pumori_store_init(struct pumori_device *pumori);

struct pumori_program *pumori_program_lookup(struct pumori_file *pfile, u32 id);
void pumori_program_put(struct pumori_program *program);
u32 pumori_program_hw_id(const struct pumori_program *program);
int pumori_program_instruction(struct pumori_device *pumori, u32 hw_id, u32 pc,
			       struct pumori_isa_instruction *instruction);
bool pumori_program_is_lost(const struct pumori_program *program);
bool pumori_program_in_vm(const struct pumori_program *program, const struct pumori_vm *vm);
int pumori_program_entry(const struct pumori_program *program, u32 entry, u32 *variables,
			 u32 *scalars);

u32 pumori_program_footprint(const struct pumori_program *program);

int pumori_ioctl_program_create(struct drm_device *drm, void *data, struct drm_file *file);
int pumori_ioctl_program_destroy(struct drm_device *drm, void *data, struct drm_file *file);

#endif
