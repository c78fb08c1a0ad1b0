/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Transposed convolutions whose outputs of all phases are few become a
 * convolution that makes these as channels, and a DepthToSpace: the same
 * products, but full blocks of channels instead of mostly empty ones. */
#include "graph/passes.h"

#include "util/mem.h"

#include <string.h>

/* Along one axis: y = step * q + phase sums x[q + tap - before] times
 * w[phase + pad + step * (before - tap)] where that exists. */
typedef struct {
  int64_t kernel, step, pad, before, taps;
} Axis;

typedef struct {
  Axis y, x;
  int64_t in, out; /* channels */
} Form;

static int64_t
value_at (const AeAttrs *attrs, const char *name, size_t n_wanted, size_t i,
    int64_t fallback)
{
  size_t n;
  const int64_t *list = ae_attrs_ints (attrs, name, &n);
  return list && n == n_wanted ? list[i] : fallback;
}

/* False when the output is not `step` times as large as the input. */
static bool
read_axis (const AeNode *node, const AeShape *w, const AeShape *x,
    const AeShape *y, int i, Axis *a)
{
  a->kernel = w->dim[i + 2];
  a->step = value_at (&node->attrs, "strides", 2, (size_t) i, 1);
  a->pad = value_at (&node->attrs, "pads", 4, (size_t) i, 0);
  if (y->dim[i + 2] != a->step * x->dim[i + 2] || a->pad >= a->kernel)
    return false;
  a->before = (a->kernel - 1 - a->pad) / a->step;
  a->taps = a->before + (a->step - 1 + a->pad) / a->step + 1;
  return true;
}

/* Does the rewrite apply, and how? */
static bool
read_form (const AeGraph *graph, const AeNode *node, Form *f)
{
  if (strcmp (node->op->name, "ConvTranspose") != 0
      || (node->n_in > 3 && node->in[3] >= 0)
      || ae_attrs_int (&node->attrs, "group", 1) != 1
      || strcmp (ae_attrs_string (&node->attrs, "auto_pad", "NOTSET"), "NOTSET")
      || ae_attrs_find (&node->attrs, "output_shape")
      || value_at (&node->attrs, "dilations", 2, 0, 1) != 1
      || value_at (&node->attrs, "dilations", 2, 1, 1) != 1)
    return false;
  const AeValue *x = &graph->values[node->in[0]];
  const AeValue *y = &graph->values[node->out[0]];
  const AeTensor *w = graph->values[node->in[1]].constant;
  if (x->type != AE_F32 || x->shape.rank != 4 || !w)
    return false;
  if (node->n_in > 2 && node->in[2] >= 0
      && !graph->values[node->in[2]].constant)
    return false;
  f->in = w->shape.dim[0];
  f->out = w->shape.dim[1];
  return read_axis (node, &w->shape, &x->shape, &y->shape, 0, &f->y)
      && read_axis (node, &w->shape, &x->shape, &y->shape, 1, &f->x)
      && f->y.step == f->x.step && f->y.step > 1
      && f->out * f->y.step * f->x.step <= AE_BLOCK;
}

/* Place in the real kernel of a phase's tap; -1 where it has none. */
static int64_t
real_tap (const Axis *a, int64_t phase, int64_t tap)
{
  int64_t k = phase + a->pad + a->step * (a->before - tap);
  return k < a->kernel ? k : -1;
}

static void
fill_phase (const Form *f, const float *from, int64_t phase_y,
    int64_t phase_x, float *to)
{
  for (int64_t i = 0; i < f->y.taps; i++)
    for (int64_t j = 0; j < f->x.taps; j++) {
      int64_t ky = real_tap (&f->y, phase_y, i);
      int64_t kx = real_tap (&f->x, phase_x, j);
      bool there = ky >= 0 && kx >= 0;
      to[i * f->x.taps + j] = there ? from[ky * f->x.kernel + kx] : 0;
    }
}

/* Weights [in][out][kernel] as [phase][out][in][taps], phases in rows; bias
 * once per phase. */
static AeTensor *
phase_weights (const Form *f, const AeTensor *w)
{
  int64_t step = f->y.step, taps = f->y.taps * f->x.taps;
  AeShape shape = ae_shape (4, (int) (f->out * step * step), (int) f->in,
      (int) f->y.taps, (int) f->x.taps);
  AeTensor *made = ae_tensor_new (AE_F32, &shape);
  const float *from = w->data;
  float *to = made ? made->data : NULL;
  for (int64_t p = 0; made && p < step * step; p++)
    for (int64_t o = 0; o < f->out; o++)
      for (int64_t i = 0; i < f->in; i++, to += taps)
        fill_phase (f, from + (i * f->out + o) * f->y.kernel * f->x.kernel,
            p / step, p % step, to);
  return made;
}

static AeTensor *
phase_bias (const Form *f, const AeTensor *bias)
{
  int64_t phases = f->y.step * f->x.step;
  AeShape shape = ae_shape (1, (int) (f->out * phases));
  AeTensor *made = ae_tensor_new (AE_F32, &shape);
  for (int64_t i = 0; made && bias && i < f->out * phases; i++)
    ((float *) made->data)[i] = ((const float *) bias->data)[i % f->out];
  return made;
}

/* The attributes of the convolution: those of an activation stay. */
static bool
set_attrs (AeAttrs *attrs, const Form *f)
{
  int64_t pads[4] = { f->y.before, f->x.before,
    f->y.taps - 1 - f->y.before, f->x.taps - 1 - f->x.before };
  int64_t kernel[2] = { f->y.taps, f->x.taps }, ones[2] = { 1, 1 };
  int64_t none[2] = { 0, 0 };
  return ae_attrs_set_ints (attrs, "pads", pads, 4)
      && ae_attrs_set_ints (attrs, "kernel_shape", kernel, 2)
      && ae_attrs_set_ints (attrs, "strides", ones, 2)
      && ae_attrs_set_ints (attrs, "output_padding", none, 2);
}

/* The value between the two, made by node n from now on. */
static int
add_deep (AeGraph *graph, int n, const Form *f)
{
  int v = ae_graph_add_value (graph, "phases");
  if (v < 0)
    return -1;
  const AeShape *x = &graph->values[graph->nodes[n].in[0]].shape;
  graph->values[v].type = AE_F32;
  graph->values[v].shape = *x;
  graph->values[v].shape.dim[1] = f->out * f->y.step * f->x.step;
  return v;
}

/* Appends the DepthToSpace; the caller sorts. */
static bool
rewrite (AeGraph *graph, int n, const Form *f)
{
  const AeNode *old = &graph->nodes[n];
  bool fused = old->op->domain[0] != '\0';
  const AeTensor *bias
      = old->n_in > 2 && old->in[2] >= 0 ? graph->values[old->in[2]].constant
                                         : NULL;
  AeTensor *weights = phase_weights (f, graph->values[old->in[1]].constant);
  AeTensor *biases = phase_bias (f, bias);
  if (!weights || !biases) {
    ae_tensor_free (&weights);
    ae_tensor_free (&biases);
    return false;
  }
  int w = ae_graph_add_constant (graph, "phases.weight", weights);
  int b = ae_graph_add_constant (graph, "phases.bias", biases);
  int deep = add_deep (graph, n, f), wide = graph->nodes[n].out[0];
  AeAttrs attrs = { 0 };
  bool ok = w >= 0 && b >= 0 && deep >= 0
      && set_attrs (&graph->nodes[n].attrs, f)
      && ae_attrs_set_int (&attrs, "blocksize", f->y.step)
      && ae_graph_add_node (graph, ae_op_find ("", "DepthToSpace", 13), 13,
             old->name, &attrs, &deep, 1, &wide, 1)
          >= 0;
  ae_attrs_clear (&attrs);
  AeNode *node = &graph->nodes[n];
  int *in = ok ? ae_calloc (4, sizeof *in) : NULL;
  if (!in)
    return false;
  memcpy (in, (int[]){ node->in[0], w, b, -1 }, 4 * sizeof *in);
  ae_free (node->in);
  node->in = in;
  node->n_in = fused ? 4 : 3;
  node->out[0] = deep;
  node->op = ae_op_find (fused ? "ae" : "", "Conv", fused ? 1 : 11);
  node->opset = fused ? 1 : 11;
  return true;
}

AeStatus
ae_graph_split_transposed (AeGraph *graph, AeError *err)
{
  int n_nodes = graph->n_nodes;
  bool any = false;
  for (int n = 0; n < n_nodes; n++) {
    Form f;
    if (!read_form (graph, &graph->nodes[n], &f))
      continue;
    if (!rewrite (graph, n, &f))
      return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
    any = true;
  }
  return any ? ae_graph_sort (graph, err) : AE_OK;
}
