/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_DECODE_H
#define PUMORI_DECODE_H

#include <linux/types.h>

struct drm_printer;
struct pumori_isa_instruction;

void pumori_decode(struct drm_printer *p, const struct pumori_isa_instruction *instruction);
void pumori_decode_stream(struct drm_printer *p, u32 stream);

#endif
