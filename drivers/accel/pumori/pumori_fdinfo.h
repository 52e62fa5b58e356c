/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_FDINFO_H
#define PUMORI_FDINFO_H

struct drm_file;
struct drm_printer;

void pumori_show_fdinfo(struct drm_printer *printer, struct drm_file *file);

#endif
