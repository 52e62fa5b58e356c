/* SPDX-License-Identifier: MIT */
/*
 * PROGRAM_CREATE on images that are wrong in one place each.
 */
#include <errno.h>
#include <string.h>

#include "driver_test.h"

static void refuse_image(struct session *session, struct image *image, const char *what)
{
	uint32_t id;
	int result = program_load(session, image, &id, NULL);

	refused(result, ENOEXEC, EINVAL, what);
	image_destroy(image);
}

static void test_damage(struct session *session)
{
	struct image image;
	uint64_t detail;
	uint32_t id;

	image_copy(&image, PAGE, 1);
	image.header->magic ^= 1;
	refuse_image(session, &image, "a wrong magic number");
	image_copy(&image, PAGE, 1);
	image.header->version_major++;
	refuse_image(session, &image, "a wrong version");
	image_copy(&image, PAGE, 1);
	image.header->instructions = 0xfffffff0u;
	refuse_image(session, &image, "more instructions than bytes");
	image_copy(&image, PAGE, 1);
	image.header->entries = 0xffffffffu;
	refuse_image(session, &image, "an entry table that wraps");
	image_copy(&image, PAGE, 1);
	image.header->features = 1ull << 63;
	refuse_image(session, &image, "an unknown feature");
	image_copy(&image, PAGE, 1);
	image.header->reserved[0] = 1;
	refuse_image(session, &image, "a reserved field that is not zero");
	image_copy(&image, PAGE, 1);
	image.stream->stream = PUMORI_ISA_STREAMS;
	refuse_image(session, &image, "an unknown stream");
	image_copy(&image, PAGE, 1);
	image.stream->count = 1000;
	refuse_image(session, &image, "a stream beyond the code");
	image_copy(&image, PAGE, 1);
	image.code[2].opcode = PUMORI_ISA_NOP;
	refuse_image(session, &image, "a stream that runs off its end");
	image_copy(&image, PAGE, 1);
	image.code[0].dma.destination.offset = PUMORI_ISA_SBUF_BYTES;
	refuse_image(session, &image, "an operand outside SBUF");
	image_copy(&image, PAGE, 1);
	image.size = 100;
	refuse_image(session, &image, "an image of 100 bytes");

	image_copy(&image, PAGE, 1);
	image.code[1].opcode = 99;
	ok(program_load(session, &image, &id, &detail) < 0 && errno == ENOEXEC, "an unknown opcode is refused");
	ok(detail == 1, "and named by its index");
	image_destroy(&image);
}

void test_programs(void)
{
	struct drm_pumori_program_create create = { 0 };
	struct drm_pumori_device_info before, after;
	struct drm_pumori_destroy destroy = { 0 };
	struct session session;
	struct image image;
	uint32_t id;
	int i;

	if (!ok(session_open(&session, DRM_PUMORI_CORE_ANY), "a session"))
		return;
	test_damage(&session);
	create.vm_id = session.vm;
	create.pointer = 8;
	create.size = PAGE;
	refused(call(session.fd, DRM_IOCTL_PUMORI_PROGRAM_CREATE, &create), EFAULT, 0, "a bad pointer");
	create.size = 1ull << 50;
	ok(call(session.fd, DRM_IOCTL_PUMORI_PROGRAM_CREATE, &create) < 0, "an image of 2^50 bytes is refused");
	create.flags = 1;
	refused(call(session.fd, DRM_IOCTL_PUMORI_PROGRAM_CREATE, &create), EINVAL, 0, "an unknown program flag");

	device_info(session.fd, &before);
	image_copy(&image, PAGE, 1);
	for (i = 0; i < 200; i++) {
		if (program_load(&session, &image, &id, NULL))
			break;
		destroy.id = id;
		if (call(session.fd, DRM_IOCTL_PUMORI_PROGRAM_DESTROY, &destroy))
			break;
	}
	ok(i == 200, "200 times create and destroy");
	device_info(session.fd, &after);
	ok(after.instructions_used == before.instructions_used, "the instruction store is as empty as before");
	refused(call(session.fd, DRM_IOCTL_PUMORI_PROGRAM_DESTROY, &destroy), ENOENT, EINVAL, "destroying twice");
	image_destroy(&image);
	session_close(&session);
}
