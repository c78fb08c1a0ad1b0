/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/sparse_code.h"

static void
out_of_memory (AeBuilder *b)
{
  ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a graph");
}

/* The k-th largest along axis 1, (N,1,...). */
static int
kth_largest (AeBuilder *b, int x, int k)
{
  AeAttrs attrs = { 0 };
  if (!ae_attrs_set_int (&attrs, "axis", 1))
    out_of_memory (b);
  int args[2] = { x, ae_build_int64s (b, ae_shape (1, 1), &(int64_t){ k }) };
  int largest = ae_build_node (b, "TopK", &attrs, args, 2);
  return ae_build_slice (b, largest, 1, k - 1, k);
}

int
ae_build_largest (AeBuilder *b, int code, int k)
{
  int args[3] = { ae_build_binary (
                      b, "GreaterOrEqual", code, kth_largest (b, code, k)),
    code, ae_build_scalar (b, 0) };
  return ae_build_node (b, "Where", NULL, args, 3);
}

/* Of each column: (1,n) or (1,n,1,1). */
static int
lengths (AeBuilder *b, int weights, int rank)
{
  static const int64_t axes[] = { 0, 2, 3 };
  AeAttrs attrs = { 0 };
  if (!ae_attrs_set_ints (&attrs, "axes", axes, (size_t) rank - 1))
    out_of_memory (b);
  return ae_build_node (b, "ReduceL2", &attrs, &weights, 1);
}

int
ae_build_code_price (AeBuilder *b, int code, const char *weights, int n)
{
  if (b->error.status != AE_OK)
    return -1;
  AeGraph *graph = ae_model_edit (b->model);
  int v = ae_graph_find (graph, weights);
  int rank = graph->values[v].shape.rank;
  int length = lengths (b, v, rank == 4 ? 4 : 2);
  return ae_build_binary (b, "Mul", ae_build_unary (b, "Abs", code),
      ae_build_slice (b, length, 1, 0, n));
}
