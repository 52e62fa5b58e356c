# SPDX-License-Identifier: MIT

DEMO_OCR := $(O)/tests/demo/ocr
$(eval $(call program,$(DEMO_OCR),$(O)/obj/tests/demo/ocr.o $(O)/libocr.a $(O)/libpumori.so.1,\
	-Wl$(comma)-rpath$(comma)'$$$$ORIGIN/../..' -lpng -lm))

.PHONY: demo
demo:
	@tests/demo/demo '$(MAKE)'
