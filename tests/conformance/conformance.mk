# SPDX-License-Identifier: MIT
#
# The ONNX backend tests, compiled and run from end to end.

CONFORMANCE_OBJECTS := $(patsubst %.c,$(O)/obj/%.o,$(wildcard tests/conformance/*.c))

$(CONFORMANCE_OBJECTS): | $(O)/gen/onnx.pb-c.h

$(eval $(call program,$(O)/conformance-run,$(CONFORMANCE_OBJECTS) $(O)/libpumori-compiler.a $(O)/libpumori.so.1,\
	-Wl$(comma)-rpath$(comma)'$$$$ORIGIN' $(COMPILER_LIBRARIES)))

CHECK_CONFORMANCE += tests/conformance/onnx-tests
CHECK_CONFORMANCE_DEPS += $(O)/conformance-run
