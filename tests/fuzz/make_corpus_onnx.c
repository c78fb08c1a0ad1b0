/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the fuzz corpus of the ONNX reader:
 *   build/tests/fuzz/make_corpus_onnx tests/fuzz/corpus-onnx
 * A file's name begins with the answer that loading it must give. */
#include "graph/build.h"
#include "onnx/writer.h"
#include "onnx_make.h"
#include "util/file.h"
#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *folder;
static int failures;

static void
write_bytes (const char *name, const void *bytes, size_t size)
{
  char path[4096];
  AeError err;
  snprintf (path, sizeof path, "%s/%s.onnx", folder, name);
  if (ae_file_replace (path, bytes, size, &err) != AE_OK) {
    fprintf (stderr, "%s\n", err.text);
    failures++;
  }
}

static void
write_made (const char *name, OnnxMake *m)
{
  size_t size;
  const unsigned char *bytes = onnx_make_pack (m, &size);
  write_bytes (name, bytes, size);
}

static void
write_built (const char *name, AeBuilder *b)
{
  AeModel *model;
  AeError err = { 0 };
  void *bytes = NULL;
  size_t size;
  if (ae_builder_end (b, &model, &err) == AE_OK
      && ae_model_serialize (model, &bytes, &size, &err) == AE_OK) {
    write_bytes (name, bytes, size);
  } else {
    fprintf (stderr, "%s: %s\n", name, err.text);
    failures++;
  }
  ae_free (bytes);
  ae_model_unref (&model);
}

static void
write_networks (void)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "x", ae_shape (4, 1, 1, -1, -1));
  int y = ae_build_conv (&b, ae_build_space_to_depth (&b, x, 2),
      (AeConvSpec){ .ic = 4, .oc = 4, .kernel = 3, .gain = 1 }, "a");
  y = ae_build_conv (&b, ae_build_unary (&b, "Relu", y),
      (AeConvSpec){ .ic = 4, .oc = 4, .kernel = 3, .gain = 1 }, "b");
  y = ae_build_binary (&b, "Add", x, ae_build_depth_to_space (&b, y, 2));
  ae_build_output (&b, y, "y");
  write_built ("ok-residual", &b);

  ae_builder_start (&b, 2);
  x = ae_build_input (&b, "x", ae_shape (4, 1, 2, 8, 8));
  y = ae_build_conv (&b, x,
      (AeConvSpec){ .ic = 2, .oc = 2, .kernel = 3, .stride = 2, .gain = 1,
          .groups = 2 },
      "down");
  int up = ae_build_conv_transpose (&b, y,
      (AeConvSpec){ .ic = 2, .oc = 2, .kernel = 2, .stride = 2, .gain = 1 },
      "up");
  int both[2] = { ae_build_resize2 (&b, y), up };
  y = ae_build_slice (&b, ae_build_concat (&b, both, 2, 1), 1, 1, 3);
  ae_build_output (&b, ae_build_unary (&b, "Sigmoid", y), "y");
  write_built ("ok-u-net", &b);

  ae_builder_start (&b, 3);
  x = ae_build_input (&b, "x", ae_shape (2, -1, 6));
  y = ae_build_dense (&b, x, 6, 3, 1, "dense");
  y = ae_build_binary (&b, "Mul", y, ae_build_scalar (&b, 0.5f));
  ae_build_output (&b, ae_build_unary (&b, "Softmax", y), "y");
  write_built ("ok-dense", &b);
}

/* Operators whose shapes come from constants in the file. */
static void
write_shapes (void)
{
  static const int64_t target[2] = { 3, -1 }, pads[4] = { 1, 0, 0, 2 };
  static const float scales[2] = { 1.5f, 2 };
  OnnxMake m;
  onnx_make_identity (&m);
  m.graph.n_node = m.graph.n_output = 0;
  onnx_make_initializer (&m, "s", 7, 1, (int64_t[]){ 2 }, target, 16);
  onnx_make_initializer (&m, "p", 7, 1, (int64_t[]){ 4 }, pads, 32);
  onnx_make_initializer (&m, "f", 1, 1, (int64_t[]){ 2 }, scales, 8);
  onnx_make_node (&m, "Reshape", "x s", "a");
  onnx_make_node (&m, "Pad", "a p", "b");
  onnx_make_node (&m, "Resize", "b - f", "c");
  onnx_make_node (&m, "Transpose", "c", "d");
  OnnxAttribute *axes
      = onnx_make_attr (onnx_make_node (&m, "ReduceMean", "d", "e"), "axes", 7);
  axes->n_ints = 1;
  axes->ints = (int64_t[]){ -1 };
  onnx_make_node (&m, "Shape", "e", "g");
  onnx_make_output (&m, "e", 1);
  onnx_make_output (&m, "g", 7);
  write_made ("ok-shapes", &m);
}

/* A float attribute that no 16-bit integer can hold. */
static void
write_conversion (void)
{
  OnnxMake m;
  onnx_make_start (&m);
  onnx_make_input (&m, "x", 5, 2, (int64_t[]){ 2, 2 });
  m.opset[0].version = 2;
  OnnxNode *pad = onnx_make_node (&m, "Pad", "x", "y");
  OnnxAttribute *pads = onnx_make_attr (pad, "pads", 7);
  pads->n_ints = 4;
  pads->ints = (int64_t[]){ 1, 0, 0, 2 };
  OnnxAttribute *value = onnx_make_attr (pad, "value", 1);
  value->has_f = true;
  value->f = 1e20f;
  onnx_make_output (&m, "y", 5);
  write_made ("ok-conversion", &m);
}

static void
write_wiring (void)
{
  OnnxMake m;
  onnx_make_identity (&m);
  write_made ("ok-identity", &m);
  onnx_make_node (&m, "Identity", "x", "y");
  write_made ("format-made-twice", &m);
  onnx_make_identity (&m);
  onnx_make_node (&m, "Identity", "q", "p");
  onnx_make_node (&m, "Identity", "p", "q");
  write_made ("format-cycle", &m);
  onnx_make_identity (&m);
  onnx_make_node (&m, "Identity", "p", "p");
  write_made ("format-self", &m);
  onnx_make_identity (&m);
  onnx_make_node (&m, "Identity", "nothing", "z");
  write_made ("format-no-source", &m);
  onnx_make_identity (&m);
  onnx_make_output (&m, "nowhere", 1);
  write_made ("format-no-output", &m);
  onnx_make_identity (&m);
  onnx_make_node (&m, "Concat", "x - x", "z");
  write_made ("format-absent-input", &m);
  onnx_make_identity (&m);
  m.node[0].op_type = (char *) "If";
  onnx_make_attr (&m.node[0], "then_branch", 5)->has_g = true;
  write_made ("unsupported-subgraph", &m);
  onnx_make_identity (&m);
  m.opset[0].version = 1000;
  write_made ("unsupported-opset", &m);
  onnx_make_identity (&m);
  m.model.ir_version = -1;
  write_made ("format-ir-version", &m);
}

static void
write_tensors (void)
{
  static const float w[4] = { 1, 2, 3, 4 };
  OnnxMake m;
  onnx_make_identity (&m);
  OnnxTensor *t = onnx_make_initializer (
      &m, "w", 1, 2, (int64_t[]){ 2, 2 }, w, sizeof w);
  write_made ("ok-tensor", &m);
  t->dims[0] = INT64_MAX;
  write_made ("limit-dimension", &m);
  t->dims[0] = -2;
  write_made ("shape-negative", &m);
  t->dims[0] = 1 << 28;
  write_made ("format-no-such-data", &m);
  t->dims[0] = 2;
  t->data_type = 8;
  write_made ("unsupported-strings", &m);
  t->data_type = 7;
  t->has_raw_data = false;
  t->n_int64_data = 4;
  t->int64_data = (int64_t[]){ -1, 0, 127, 1 << 20 };
  write_made ("ok-packed", &m);
  t->n_int64_data = 0;
  onnx_make_external (t, "../../etc/passwd", "0", "4");
  write_made ("unsupported-external", &m);
}

static void
write_functions (void)
{
  OnnxMake m;
  onnx_make_identity (&m);
  OnnxFunction *f = onnx_make_function (&m, "my", "F", "a low", "b a");
  onnx_make_body (f, "Clip", "a low", "t");
  onnx_make_attr (onnx_make_body (f, "LeakyRelu", "t", "b"), "alpha", 1)
      ->ref_attr_name = (char *) "slope";
  OnnxFunction *g = onnx_make_function (&m, "my", "G", "a", "b");
  OnnxAttribute *slope = onnx_make_attr (
      onnx_make_body (g, "my.F", "a", "b"), "slope", 1);
  slope->has_f = true;
  slope->f = 0.5f;
  onnx_make_node (&m, "my.G", "y", "z");
  onnx_make_node (&m, "my.F", "z - ", "p q");
  onnx_make_output (&m, "p", 1);
  onnx_make_output (&m, "q", 1);
  write_made ("ok-functions", &m);
  onnx_make_body (g, "my.G", "b", "c");
  write_made ("format-recursion", &m);
  onnx_make_identity (&m);
  for (int i = 0; i < 24; i++) {
    char name[16], callee[16];
    snprintf (name, sizeof name, "F%d", i);
    snprintf (callee, sizeof callee, "my.F%d", i - 1);
    f = onnx_make_function (&m, "my", name, "a", "b");
    onnx_make_body (f, i ? callee : "Neg", "a", "t");
    onnx_make_body (f, i ? callee : "Neg", "t", "b");
  }
  onnx_make_node (&m, "my.F23", "y", "z");
  write_made ("limit-unfolding", &m);
}

static void
write_bytes_only (void)
{
  size_t size;
  OnnxMake m;
  onnx_make_identity (&m);
  unsigned char *bytes = onnx_make_pack (&m, &size);
  write_bytes ("format-cut", bytes, size - 1);
  write_bytes ("format-one-byte", "\x08", 1);
  write_bytes ("format-text", "not a model\n", 12);
  write_bytes ("format-length", "\x08\x08\x3a\xff\xff\xff\xff\x0f", 8);
  write_bytes ("format-varint",
      "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
}

int
main (int argc, char **argv)
{
  if (argc != 2) {
    fprintf (stderr, "usage: %s FOLDER\n", argv[0]);
    return EXIT_FAILURE;
  }
  folder = argv[1];
  write_networks ();
  write_shapes ();
  write_conversion ();
  write_wiring ();
  write_tensors ();
  write_functions ();
  write_bytes_only ();
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
