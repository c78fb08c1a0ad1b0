/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/rbm_nets.h"

#include "graph/build.h"
#include "tensor/tensor.h"

#include <string.h>

#define MOST_WEIGHTS 50000000.0
#define N_PARTS 3

/* The parameters, in their order. */
typedef struct {
  const char *name;
  AeShape shape;
} Part;

static void
list_parts (Part parts[N_PARTS], const AeRbmShape *s)
{
  int64_t visible = (int64_t) ae_thumbnail_bytes (&s->size);
  parts[0] = (Part){ "rbm.weight", ae_shape (2, visible, s->hidden) };
  parts[1] = (Part){ "rbm.visible", ae_shape (1, visible) };
  parts[2] = (Part){ "rbm.hidden", ae_shape (1, s->hidden) };
}

size_t
ae_rbm_shape_params (const AeRbmShape *s)
{
  size_t visible = ae_thumbnail_bytes (&s->size), hidden = (size_t) s->hidden;
  return visible * hidden + visible + hidden;
}

AeStatus
ae_rbm_shape_check (const AeRbmShape *s, AeError *err)
{
  double weights = (double) ae_thumbnail_bytes (&s->size) * s->hidden;
  if (weights <= MOST_WEIGHTS)
    return AE_OK;
  return ae_fail (err, AE_ERROR_LIMIT,
      "a layer of %.0f weights, wanted at most %.0f: see rbm.size and hidden",
      weights, MOST_WEIGHTS);
}

static void
out_of_memory (AeBuilder *b)
{
  if (b->error.status == AE_OK)
    ae_fail (&b->error, AE_ERROR_MEMORY, "no memory for a graph");
}

static int
build_gemm (AeBuilder *b, int x, int y, int bias, bool transposed)
{
  AeAttrs attrs = { 0 };
  int args[3] = { x, y, bias };
  if (!ae_attrs_set_int (&attrs, "transB", transposed))
    out_of_memory (b);
  return ae_build_node (b, "Gemm", &attrs, args, 3);
}

/* -(v b) - sum of log (1 + exp (pull)), none of which is below 0: pull
 * (N,hidden) is v W + c. */
static int
build_energy (AeBuilder *b, int v, int visible, int pull)
{
  static const int64_t column[2] = { -1, 1 }, axis = 1;
  AeAttrs attrs = { 0 };
  int linear = ae_build_binary (
      b, "MatMul", v, ae_build_reshape (b, visible, column, 2));
  int soft = ae_build_unary (b, "Softplus", pull);
  if (!ae_attrs_set_ints (&attrs, "axes", &axis, 1))
    out_of_memory (b);
  soft = ae_build_node (b, "ReduceL1", &attrs, &soft, 1);
  return ae_build_unary (b, "Neg", ae_build_binary (b, "Add", linear, soft));
}

static void
build (AeBuilder *b, const AeRbmShape *s, const float *params)
{
  const AeThumbnailSize *size = &s->size;
  int64_t flat[2] = { -1, (int64_t) ae_thumbnail_bytes (size) };
  int64_t picture[4] = { -1, size->channels, size->height, size->width };
  Part parts[N_PARTS];
  int value[N_PARTS];
  list_parts (parts, s);
  int v = ae_build_input (b, "frame",
      ae_shape (4, -1, size->channels, size->height, size->width));
  v = ae_build_reshape (b, v, flat, 2);
  for (int i = 0; i < N_PARTS; i++) {
    value[i] = ae_build_values (b, parts[i].shape, params, parts[i].name);
    params += ae_shape_count (&parts[i].shape);
  }
  int pull = build_gemm (b, v, value[0], value[2], false);
  int latent = ae_build_unary (b, "Sigmoid", pull);
  int made = ae_build_unary (
      b, "Sigmoid", build_gemm (b, latent, value[0], value[1], true));
  ae_build_output (b, ae_build_reshape (b, made, picture, 4),
      "reconstruction");
  ae_build_output (b, latent, "latent");
  ae_build_output (b, build_energy (b, v, value[1], pull), "free_energy");
}

AeStatus
ae_build_rbm (AeModel **out, const AeRbmShape *s, const float *params,
    const char *const *meta, size_t n_meta, AeError *err)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  build (&b, s, params);
  for (size_t i = 0; i < n_meta && b.error.status == AE_OK; i++)
    if (meta[2 * i + 1])
      ae_model_set_meta (b.model, meta[2 * i], meta[2 * i + 1], &b.error);
  return ae_builder_end (&b, out, err);
}

AeStatus
ae_rbm_read (float *params, const AeRbmShape *s, const AeModel *model,
    AeError *err)
{
  const AeGraph *graph = ae_model_graph (model);
  Part parts[N_PARTS];
  list_parts (parts, s);
  for (int i = 0; i < N_PARTS; i++) {
    int at = ae_graph_find (graph, parts[i].name);
    const AeTensor *found = at < 0 ? NULL : graph->values[at].constant;
    char wanted[128], there[128] = "nothing";
    if (found)
      ae_shape_text (&found->shape, there, sizeof there);
    if (!found || found->type != AE_F32
        || !ae_shape_equal (&found->shape, &parts[i].shape))
      return ae_fail (err, AE_ERROR_SHAPE,
          "base model does not fit the recipe: %s is %s, wanted %s",
          parts[i].name, there,
          ae_shape_text (&parts[i].shape, wanted, sizeof wanted));
    memcpy (params, found->data, ae_tensor_bytes (found));
    params += ae_shape_count (&parts[i].shape);
  }
  return AE_OK;
}
