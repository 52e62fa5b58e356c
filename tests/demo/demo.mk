# SPDX-License-Identifier: MIT

DEMO_OCR := $(O)/tests/demo/ocr
$(eval $(call program,$(DEMO_OCR),$(O)/obj/tests/demo/ocr.o $(O)/obj/tools/cli/ocr/image.o \
	$(O)/obj/tools/cli/ocr/text.o $(O)/libpumori.so.1,-Wl$(comma)-rpath$(comma)'$$$$ORIGIN/../..' -lpng -lm))

.PHONY: demo
demo:
	@tests/demo/demo '$(MAKE)'
