/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Merging nodes. Every rewrite keeps the graph valid: a merged node takes the
 * place of its last part. */
#include "graph/passes.h"

#include "util/mem.h"

#include <math.h>
#include <string.h>

static bool
is_op (const AeNode *node, const char *name)
{
  return node && strcmp (node->op->name, name) == 0
      && node->op->domain[0] == '\0';
}

static bool
is_fused_conv (const AeNode *node)
{
  return (strcmp (node->op->name, "Conv") == 0
             || strcmp (node->op->name, "ConvTranspose") == 0)
      && strcmp (node->op->domain, "ae") == 0;
}

/* Identity, and Dropout without a mask, of a value that is no output. */
static bool
is_copy (const AeNode *node, const AeUse *uses)
{
  return (is_op (node, "Identity")
             || (is_op (node, "Dropout")
                 && (node->n_out < 2 || node->out[1] < 0)))
      && node->out[0] >= 0 && !uses[node->out[0]].is_output;
}

/* The readers of copies take the input. Nodes stand in topological order, so
 * what a copy reads is settled when it is reached. */
static bool
remove_copies (AeGraph *graph)
{
  AeUse *uses = ae_graph_uses (graph);
  int *source = ae_alloc ((size_t) graph->n_values * sizeof *source);
  bool ok = uses && source;
  for (int v = 0; ok && v < graph->n_values; v++)
    source[v] = v;
  for (int n = 0; ok && n < graph->n_nodes; n++) {
    AeNode *node = &graph->nodes[n];
    for (int i = 0; i < node->n_in; i++)
      if (node->in[i] >= 0)
        node->in[i] = source[node->in[i]];
    if (!is_copy (node, uses))
      continue;
    source[node->out[0]] = node->in[0];
    node->out[0] = -1;
  }
  ae_free (uses);
  ae_free (source);
  return ok;
}

/* The single reader of v when it is a node; NULL otherwise. */
static AeNode *
only_reader (const AeGraph *graph, const AeUse *uses, int v)
{
  return uses[v].count == 1 && !uses[v].is_output
      ? &graph->nodes[uses[v].last]
      : NULL;
}

static const float *
constant_f32 (const AeGraph *graph, int v, size_t count)
{
  const AeTensor *c = v >= 0 ? graph->values[v].constant : NULL;
  return c && c->type == AE_F32 && ae_shape_count (&c->shape) == count
      ? c->data
      : NULL;
}

/* w' = w s, b' = (b - mean) s + shift with s = scale / sqrt (var + eps),
 * Ioffe and Szegedy 2015. False when memory runs out. */
static bool
fold_norm (AeGraph *graph, AeNode *conv, const AeNode *norm, bool *done)
{
  const AeTensor *w = conv->in[1] >= 0
      ? graph->values[conv->in[1]].constant
      : NULL;
  *done = false;
  if (!w || w->type != AE_F32 || norm->n_in != 5)
    return true;
  size_t oc = (size_t) w->shape.dim[0];
  const float *p[4];
  for (int i = 0; i < 4; i++)
    if (!(p[i] = constant_f32 (graph, norm->in[i + 1], oc)))
      return true;
  const float *bias
      = conv->n_in > 2 ? constant_f32 (graph, conv->in[2], oc) : NULL;
  if (conv->n_in > 2 && conv->in[2] >= 0 && !bias)
    return true;
  float eps = ae_attrs_float (&norm->attrs, "epsilon", 1e-5f);
  AeShape bias_shape = ae_shape (1, (int) oc);
  AeTensor *nw = ae_tensor_copy (w);
  AeTensor *nb = ae_tensor_new (AE_F32, &bias_shape);
  int *in = ae_calloc (3, sizeof *in);
  if (!nw || !nb || !in) {
    ae_tensor_free (&nw);
    ae_tensor_free (&nb);
    ae_free (in);
    return false;
  }
  size_t per = oc ? ae_shape_count (&w->shape) / oc : 0;
  for (size_t o = 0; o < oc; o++) {
    float s = p[0][o] / sqrtf (p[3][o] + eps);
    for (size_t i = 0; i < per; i++)
      ((float *) nw->data)[o * per + i] *= s;
    ((float *) nb->data)[o]
        = ((bias ? bias[o] : 0) - p[2][o]) * s + p[1][o];
  }
  in[0] = conv->in[0];
  in[1] = ae_graph_add_constant (graph, "folded.weight", nw);
  in[2] = ae_graph_add_constant (graph, "folded.bias", nb);
  ae_free (conv->in);
  conv->in = in;
  conv->n_in = 3;
  *done = true;
  return in[1] >= 0 && in[2] >= 0;
}

static AeStatus
fold_norms (AeGraph *graph, AeUse *uses, AeError *err)
{
  for (int n = 0; n < graph->n_nodes; n++) {
    AeNode *conv = &graph->nodes[n];
    if (!is_op (conv, "Conv"))
      continue;
    AeNode *norm = only_reader (graph, uses, conv->out[0]);
    bool done;
    if (!is_op (norm, "BatchNormalization")
        || ae_attrs_int (&norm->attrs, "training_mode", 0) != 0)
      continue;
    if (!fold_norm (graph, conv, norm, &done))
      return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
    if (!done)
      continue;
    /* the convolution moves to the norm's place */
    int out = norm->out[0];
    norm->out[0] = -1;
    conv->out[0] = out;
  }
  return AE_OK;
}

static bool
can_merge (const AeGraph *graph, const AeNode *node)
{
  return (is_op (node, "Conv") || is_op (node, "ConvTranspose"))
      && graph->values[node->out[0]].type == AE_F32;
}

/* Turns a Conv into the internal operator, which has four inputs. */
static bool
make_fused (AeNode *node)
{
  if (is_fused_conv (node))
    return true;
  int *in = ae_calloc (4, sizeof *in);
  if (!in)
    return false;
  for (int i = 0; i < 4; i++)
    in[i] = i < node->n_in ? node->in[i] : -1;
  ae_free (node->in);
  node->in = in;
  node->n_in = 4;
  node->op = ae_op_find ("ae", node->op->name, 1);
  return node->op != NULL;
}

static const struct {
  const char *op, *activation;
  float alpha;
} activations[] = {
  { "Relu", "relu", 0 },
  { "LeakyRelu", "leaky_relu", 0.01f },
};

static bool
merge_activation (AeNode *conv, const AeNode *act, bool *merged)
{
  *merged = false;
  for (size_t i = 0; i < sizeof activations / sizeof activations[0]; i++) {
    if (!is_op (act, activations[i].op))
      continue;
    float alpha
        = ae_attrs_float (&act->attrs, "alpha", activations[i].alpha);
    if (!(alpha >= 0))
      return true;
    *merged = true;
    return make_fused (conv)
        && ae_attrs_set_string (
            &conv->attrs, "activation", activations[i].activation)
        && ae_attrs_set_float (&conv->attrs, "alpha", alpha);
  }
  return true;
}

/* Moves node n to the place of the node after it that alone reads what it
 * makes, and gives it that node's output. What is left of the other stands at
 * n, without outputs. */
static void
move_behind (AeGraph *graph, AeUse *uses, int n)
{
  AeNode node = graph->nodes[n];
  int to = uses[node.out[0]].last;
  AeNode dead = graph->nodes[to];
  node.out[0] = dead.out[0];
  dead.out[0] = -1;
  graph->nodes[to] = node;
  graph->nodes[n] = dead;
  for (int i = 0; i < node.n_in; i++)
    if (node.in[i] >= 0 && uses[node.in[i]].last == n)
      uses[node.in[i]].last = to;
}

/* The other input of an Add when shapes are equal; -1 otherwise. */
static int
residual_of (const AeGraph *graph, const AeNode *add, int v)
{
  if (!is_op (add, "Add") || add->in[0] == add->in[1])
    return -1;
  int other = add->in[0] == v ? add->in[1] : add->in[0];
  const AeValue *a = &graph->values[v], *b = &graph->values[other];
  return ae_shape_equal (&a->shape, &b->shape) && b->type == AE_F32
          && !b->constant
      ? other
      : -1;
}

static AeStatus
merge_epilogues (AeGraph *graph, AeUse *uses, AeError *err)
{
  for (int n = 0; n < graph->n_nodes; n++) {
    AeNode *conv = &graph->nodes[n];
    bool fused = is_fused_conv (conv);
    if (!fused && !can_merge (graph, conv))
      continue;
    if (fused && ae_attrs_find (&conv->attrs, "activation"))
      continue;
    AeNode *next = only_reader (graph, uses, conv->out[0]);
    if (!next)
      continue;
    int residual = fused ? -1 : residual_of (graph, next, conv->out[0]);
    bool ok = true, merged = residual >= 0;
    if (merged) {
      ok = make_fused (conv);
      if (ok)
        conv->in[3] = residual;
    } else {
      ok = merge_activation (conv, next, &merged);
    }
    if (!ok)
      return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
    if (merged)
      move_behind (graph, uses, n); /* it is met again there */
  }
  return AE_OK;
}

static AeStatus
run_pass (AeGraph *graph, AeStatus (*pass) (AeGraph *, AeUse *, AeError *),
    AeError *err)
{
  AeUse *uses = ae_graph_uses (graph);
  AeStatus status = uses
      ? pass (graph, uses, err)
      : ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
  ae_free (uses);
  return status == AE_OK ? ae_graph_prune (graph, err) : status;
}

AeStatus
ae_graph_fuse (AeGraph *graph, bool training, AeError *err)
{
  if (training)
    return run_pass (graph, merge_epilogues, err);
  if (!remove_copies (graph))
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
  AeStatus status = ae_graph_prune (graph, err);
  if (status == AE_OK)
    status = run_pass (graph, fold_norms, err);
  if (status == AE_OK)
    status = run_pass (graph, merge_epilogues, err);
  return status;
}
