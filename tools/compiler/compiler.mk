# SPDX-License-Identifier: MIT
#
# pumori-cc and the library behind it. ONNX messages are generated from Debian's onnx.proto.

ONNX_PROTO ?= /usr/include/onnx/onnx.proto

COMPILER_SOURCES := $(filter-out tools/compiler/main.c,$(wildcard tools/compiler/*.c)) \
	$(wildcard tools/compiler/backend/*.c)
COMPILER_OBJECTS := $(COMPILER_SOURCES:%.c=$(O)/obj/%.o) $(O)/obj/gen/onnx.pb-c.o
COMPILER_LIBRARIES := -lprotobuf-c -lelf -lm

$(O)/gen/onnx.pb-c.c: $(ONNX_PROTO)
	@mkdir -p $(@D)
	$(call say,PROTOC,$@)
	$(Q)protoc-c --proto_path=$(dir $<) --c_out=$(@D) $<

$(O)/gen/onnx.pb-c.h: $(O)/gen/onnx.pb-c.c ;

# The evaluator walks large constants and is the oracle of tests: it may cost build time.
$(O)/obj/tools/compiler/evaluate_%.o: private EXTRA_CFLAGS += -O3

$(filter-out %/onnx.pb-c.o,$(COMPILER_OBJECTS)): | $(O)/gen/onnx.pb-c.h

$(O)/libpumori-compiler.a: $(COMPILER_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(eval $(call program,$(O)/pumori-cc,$(O)/obj/tools/compiler/main.o $(O)/libpumori-compiler.a,$(COMPILER_LIBRARIES)))
ALL += $(O)/pumori-cc
