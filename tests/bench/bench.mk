# SPDX-License-Identifier: MIT
#
# Comparison with ONNX Runtime. A benchmark, not a test: it fails only on wrong answers.

BENCH_COMPARE := $(O)/tests/bench/compare
$(eval $(call program,$(BENCH_COMPARE),$(O)/obj/tests/bench/compare.o $(O)/obj/tests/bench/pair.o \
	$(O)/obj/tests/bench/onnxruntime.o \
	$(O)/libpumori.so.1,-Wl$(comma)-rpath$(comma)'$$$$ORIGIN/../..' -ldl -lm))

# Architectures that are generated, beside the real models.
BENCH_MODELS := $(O)/models/bench
BENCH_GENERATED := resnet50 mobilenet-v2 squeezenet-1.1 minilm-32 minilm-128 bert-base-128 gpt-prefill-64 gpt-decode \
	gpt-decode-large
# Quantised on both sides; what is not a product of bytes is computed in bf16 here.
BENCH_QUANTISED := minilm-32-int8 minilm-128-int8
BENCH_EXECUTABLES := $(foreach cast,bf16 fp32,$(BENCH_GENERATED:%=$(BENCH_MODELS)/%-$(cast).pex) $(MODELS)/det-$(cast).pex) \
	$(BENCH_QUANTISED:%=$(BENCH_MODELS)/%-bf16.pex)

# Decoders keep their cache on the device.
$(BENCH_MODELS)/gpt-decode%: BENCH_OPTIONS := --state 'past.*=present.*'

$(BENCH_MODELS)/%.onnx: tests/bench/models.js tests/bench/onnx.js
	@mkdir -p $(@D)
	$(call say,GENERATE,$@)
	$(Q)node tests/bench/models.js $* $@

$(BENCH_MODELS)/%-bf16.pex: $(BENCH_MODELS)/%.onnx $(O)/pumori-cc
	$(call say,PUMORICC,$@)
	$(Q)$(O)/pumori-cc $< -o $@ --cast bf16 $(BENCH_OPTIONS)

$(BENCH_MODELS)/%-fp32.pex: $(BENCH_MODELS)/%.onnx $(O)/pumori-cc
	$(call say,PUMORICC,$@)
	$(Q)$(O)/pumori-cc $< -o $@ --cast fp32 $(BENCH_OPTIONS)

.PRECIOUS: $(BENCH_MODELS)/%.onnx

BENCHES += tests/bench/against-onnxruntime
BENCHES_DEPS += $(BENCH_COMPARE) $(MODEL_EXECUTABLES) $(BENCH_EXECUTABLES)

include tests/bench/isa.mk tests/bench/submit.mk tests/bench/guest.mk tests/bench/bind.mk
