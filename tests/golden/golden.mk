# SPDX-License-Identifier: MIT
#
# The real models, compiled, and what is compared with ONNX Runtime's answers.

MODELS := $(O)/models
DET_ONNX := $(MODELS)/ch_PP-OCRv4_det_infer.onnx
REC_ONNX := $(MODELS)/ch_PP-OCRv4_rec_infer.onnx
CLS_ONNX := $(MODELS)/ch_ppocr_mobile_v2.0_cls_infer.onnx
MODEL_DICTIONARY := $(MODELS)/ppocr_keys_v1.txt
REC_LOGITS_ONNX := $(MODELS)/rec-logits.onnx
MODEL_EXECUTABLES := $(foreach cast,bf16 fp32,$(MODELS)/rec-$(cast).pex $(MODELS)/cls-$(cast).pex)
LOGITS_EXECUTABLES := $(foreach cast,bf16 fp32,$(MODELS)/rec-logits-$(cast).pex)

$(DET_ONNX) $(REC_ONNX) $(CLS_ONNX) $(MODEL_DICTIONARY) &: tools/setup/fetch-models
	@mkdir -p $(MODELS)
	$(Q)folder=$$(tools/setup/fetch-models) && cp "$$folder"/* $(MODELS)/ && touch $(DET_ONNX) $(REC_ONNX) $(CLS_ONNX) $(MODEL_DICTIONARY)

# The same model without its last softmax.
$(REC_LOGITS_ONNX): $(REC_ONNX) tests/golden/logits.js
	$(Q)node tests/golden/logits.js $< $@

$(MODELS)/rec-logits-%.pex: $(REC_LOGITS_ONNX) $(MODEL_DICTIONARY) $(O)/pumori-cc
	$(call say,PUMORICC,$@)
	$(Q)$(O)/pumori-cc $< -o $@ --shape x=1,3,48,320 --cast $* --meta task=ocr --meta dict=$(MODEL_DICTIONARY)

$(MODELS)/rec-%.pex: $(REC_ONNX) $(MODEL_DICTIONARY) $(O)/pumori-cc
	$(call say,PUMORICC,$@)
	$(Q)$(O)/pumori-cc $(REC_ONNX) -o $@ --shape x=1,3,48,320 --cast $* --meta task=ocr --meta dict=$(MODEL_DICTIONARY)

$(MODELS)/cls-%.pex: $(CLS_ONNX) $(O)/pumori-cc
	$(call say,PUMORICC,$@)
	$(Q)$(O)/pumori-cc $(CLS_ONNX) -o $@ --shape x=1,3,48,192 --cast $* --meta task=cls

$(MODELS)/det-%.pex: $(DET_ONNX) $(O)/pumori-cc
	$(call say,PUMORICC,$@)
	$(Q)$(O)/pumori-cc $(DET_ONNX) -o $@ --shape x=1,3,640,640 --cast $*

# With weights that stay in SBUF, for tests of what happens when they do not.
PRELOAD_EXECUTABLES := $(MODELS)/rec-preload.pex $(MODELS)/cls-preload.pex
$(MODELS)/rec-preload.pex: $(REC_ONNX) $(MODEL_DICTIONARY) $(O)/pumori-cc
	$(call say,PUMORICC,$@)
	$(Q)$(O)/pumori-cc $(REC_ONNX) -o $@ --shape x=1,3,48,320 --cast bf16 --preload --meta task=ocr --meta dict=$(MODEL_DICTIONARY)

$(MODELS)/cls-preload.pex: $(CLS_ONNX) $(O)/pumori-cc
	$(call say,PUMORICC,$@)
	$(Q)$(O)/pumori-cc $(CLS_ONNX) -o $@ --shape x=1,3,48,192 --cast bf16 --preload --meta task=cls

# Rendered lines of text for tests in virtual machines, which have no ImageMagick.
LINES_STAMP := $(O)/lines/.rendered
$(LINES_STAMP): tests/golden/lines.js
	@mkdir -p $(O)/lines
	$(call say,RENDER,$(O)/lines)
	$(Q)node tests/golden/lines.js $(O)/lines && touch $@

.PHONY: models
models: $(MODEL_EXECUTABLES) $(LINES_STAMP)

CHECK_CONFORMANCE += tests/golden/check
CHECK_CONFORMANCE_DEPS += $(MODEL_EXECUTABLES) $(LOGITS_EXECUTABLES) $(O)/pumori
