/* SPDX-License-Identifier: MIT */
/* Reading ONNX: the protobuf message and the tensors inside it. Everything in it is untrusted. */
#ifndef PUMORI_COMPILER_ONNX_FILE_H
#define PUMORI_COMPILER_ONNX_FILE_H

#include "graph.h"
#include "onnx.pb-c.h"

/* A whole file into memory from malloc; sizes over 2 GiB are refused, as protobuf does. */
int pumori_read_file(const char *path, void **data, size_t *size,
		     struct pumori_diagnostics *diagnostics);

/* Parse a model; free it with onnx__model_proto__free_unpacked(model, NULL). */
int pumori_onnx_parse(const void *data, size_t size, Onnx__ModelProto **model,
		      struct pumori_diagnostics *diagnostics);

/* Parse one tensor, as test data sets store them. */
int pumori_onnx_parse_tensor(const void *data, size_t size, Onnx__TensorProto **tensor,
			     struct pumori_diagnostics *diagnostics);

/* -ENOTSUP, with the reason in a diagnostic, for element types the compiler does not have. */
int pumori_onnx_element(int32_t data_type, enum pumori_element_type *element,
			struct pumori_diagnostics *diagnostics,
			const struct pumori_location *where);

/*
 * Type and data (from malloc) of a tensor message. External data is read from files below
 * @folder; NULL refuses it.
 */
int pumori_onnx_tensor_data(const Onnx__TensorProto *tensor, const char *folder,
			    struct pumori_tensor_type *type, void **data,
			    struct pumori_diagnostics *diagnostics,
			    const struct pumori_location *where);

#endif
