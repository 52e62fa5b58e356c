/* SPDX-License-Identifier: MIT */
/* The compiled model of the self test as bytes; the include path of the assembler finds it. */
	.section .rodata
	.global cli_selftest_image, cli_selftest_image_end
	.balign 64
cli_selftest_image:
	.incbin "selftest.pex"
cli_selftest_image_end:
	.section .note.GNU-stack, "", @progbits
