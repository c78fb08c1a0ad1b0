/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutions whose kernel is as large as the picture, and transposed ones of
 * a single pixel, are dense layers: they become matrix products between
 * Reshapes, which cost nothing. */
#include "graph/passes.h"

#include "util/mem.h"

#include <string.h>

/* A pass that has failed does nothing more. */
typedef struct {
  AeGraph *graph;
  bool training, failed;
} Pass;

static bool
all_equal (const AeAttrs *attrs, const char *name, int64_t wanted)
{
  size_t n;
  const int64_t *list = ae_attrs_ints (attrs, name, &n);
  for (size_t i = 0; list && i < n; i++)
    if (list[i] != wanted)
      return false;
  return true;
}

/* Do the last two axes have the size of the kernel w, which is not 1x1? Those
 * are as good as they are. */
static bool
is_kernel (const AeShape *picture, const AeShape *w)
{
  return picture->dim[2] == w->dim[2] && picture->dim[3] == w->dim[3]
      && w->dim[2] * w->dim[3] > 1;
}

static bool
is_pixel (const AeShape *picture)
{
  return picture->dim[2] == 1 && picture->dim[3] == 1;
}

static bool
is_dense (const AeGraph *graph, const AeNode *node, bool *transposed)
{
  *transposed = strcmp (node->op->name, "ConvTranspose") == 0;
  if ((!*transposed && strcmp (node->op->name, "Conv") != 0)
      || node->op->domain[0] != '\0')
    return false;
  const AeValue *x = &graph->values[node->in[0]];
  const AeValue *y = &graph->values[node->out[0]];
  const AeShape *w = &graph->values[node->in[1]].shape;
  if (x->type != AE_F32 || x->shape.rank != 4 || w->rank != 4
      || ae_attrs_int (&node->attrs, "group", 1) != 1
      || !all_equal (&node->attrs, "pads", 0)
      || !all_equal (&node->attrs, "dilations", 1)
      || ae_shape_count (&y->shape) == 0)
    return false;
  return *transposed ? is_pixel (&x->shape) && is_kernel (&y->shape, w)
                     : is_pixel (&y->shape) && is_kernel (&x->shape, w);
}

static int
new_value (Pass *p, const AeShape *shape)
{
  int v = p->failed ? -1 : ae_graph_add_value (p->graph, "dense");
  if (v < 0) {
    p->failed = true;
    return -1;
  }
  p->graph->values[v].type = AE_F32;
  p->graph->values[v].shape = *shape;
  return v;
}

static void
add_node (Pass *p, const char *op, int a, int b, int out)
{
  AeAttrs none = { 0 };
  if (!p->failed)
    p->failed = ae_graph_add_node (p->graph, ae_op_find ("", op, 17), 17, "",
                    &none, (int[]){ a, b }, 2, &out, 1)
        < 0;
}

/* Makes `to` from value v by a Reshape to the shape that `to` has. */
static void
reshape_to (Pass *p, int v, int to)
{
  if (p->failed)
    return;
  AeShape shape = p->graph->values[to].shape, list = ae_shape (1, shape.rank);
  AeTensor *dims = ae_tensor_new (AE_I64, &list);
  for (int i = 0; dims && i < shape.rank; i++)
    ((int64_t *) dims->data)[i] = shape.dim[i];
  int c = dims ? ae_graph_add_constant (p->graph, "shape", dims) : -1;
  p->failed = c < 0;
  add_node (p, "Reshape", v, c, to);
}

/* Value v in another shape: a constant at once, a Reshape otherwise. */
static int
reshaped (Pass *p, int v, AeShape shape)
{
  const AeValue *value = p->failed ? NULL : &p->graph->values[v];
  if (value && value->constant && !(p->training && value->trainable)) {
    AeTensor *copy = ae_tensor_copy (value->constant);
    if (copy)
      copy->shape = shape;
    int c = copy ? ae_graph_add_constant (p->graph, "dense.weight", copy) : -1;
    p->failed = c < 0;
    return c;
  }
  int to = new_value (p, &shape);
  reshape_to (p, v, to);
  return to;
}

/* Node n becomes the product of x and w. */
static void
make_product (Pass *p, int n, int x, int w, bool w_transposed, int bias, int y)
{
  int *in = p->failed ? NULL : ae_calloc (3, sizeof *in);
  AeNode *node = &p->graph->nodes[n];
  AeAttrs attrs = { 0 };
  if (!in || !ae_attrs_set_int (&attrs, "transB", w_transposed)) {
    p->failed = true;
    ae_free (in);
    return;
  }
  memcpy (in, (int[]){ x, w, bias }, 3 * sizeof *in);
  ae_free (node->in);
  ae_attrs_clear (&node->attrs);
  node->in = in;
  node->n_in = bias < 0 ? 2 : 3;
  node->out[0] = y;
  node->attrs = attrs;
  node->op = ae_op_find ("", "Gemm", 17);
  node->opset = 17;
}

/* y = v + bias, one for each channel. */
static void
add_bias (Pass *p, int v, int bias, int y)
{
  AeShape shape = p->graph->values[y].shape;
  int shaped
      = reshaped (p, bias, ae_shape (4, 1, (int) shape.dim[1], 1, 1));
  add_node (p, "Add", v, shaped, y);
}

static void
make_dense (Pass *p, int n, bool transposed)
{
  const AeGraph *graph = p->graph;
  AeNode old = graph->nodes[n]; /* the list grows */
  int y = old.out[0], bias = old.n_in > 2 ? old.in[2] : -1;
  AeShape xs = graph->values[old.in[0]].shape;
  AeShape ws = graph->values[old.in[1]].shape;
  AeShape ys = graph->values[y].shape;
  int64_t area = ws.dim[2] * ws.dim[3];
  ws = ae_shape (2, (int) ws.dim[0], (int) (ws.dim[1] * area));
  AeShape in = ae_shape (2, (int) xs.dim[0],
      (int) (xs.dim[1] * (transposed ? 1 : area)));
  AeShape out = ae_shape (2, (int) ys.dim[0],
      (int) (ys.dim[1] * (transposed ? area : 1)));
  int x2 = reshaped (p, old.in[0], in);
  int w2 = reshaped (p, old.in[1], ws), y2 = new_value (p, &out);
  make_product (p, n, x2, w2, !transposed, transposed ? -1 : bias, y2);
  int sum = transposed && bias >= 0 ? new_value (p, &ys) : y;
  reshape_to (p, y2, sum);
  if (sum != y)
    add_bias (p, sum, bias, y);
}

AeStatus
ae_graph_make_dense (AeGraph *graph, bool training, AeError *err)
{
  Pass p = { .graph = graph, .training = training };
  int n_nodes = graph->n_nodes;
  bool any = false;
  for (int n = 0; n < n_nodes && !p.failed; n++) {
    bool transposed;
    if (!is_dense (graph, &graph->nodes[n], &transposed))
      continue;
    make_dense (&p, n, transposed);
    any = true;
  }
  if (p.failed)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
  return any ? ae_graph_sort (graph, err) : AE_OK;
}
