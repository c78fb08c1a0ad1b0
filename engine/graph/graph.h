/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_GRAPH_GRAPH_H
#define AE_GRAPH_GRAPH_H

/* Values and nodes. A graph holds no storage but constants; what runs is
 * planned by runtime/. Values and nodes are referred to by index; nodes are
 * in topological order after ae_graph_sort. */

#include "ops/op.h"

typedef struct {
  char *name;         /* unique, never NULL or "" */
  AeTensor *constant; /* initializer or folded value, owned; NULL otherwise */
  bool trainable;     /* an initializer the trainer may change */
  AeType type;        /* AE_TYPE_NONE when not known */
  AeShape shape;      /* rank -1 when not known, dim -1 when open */
  AeLayout layout;    /* chosen by ae_graph_assign_layouts */
  char *dim_names;    /* see ae_value_dim_name; NULL when it has none */
} AeValue;

typedef struct {
  const AeOp *op;
  int opset;
  char *name; /* may be "" */
  AeAttrs attrs;
  int n_in, n_out;
  int *in;  /* value indices, -1 = absent optional */
  int *out;
} AeNode;

typedef struct {
  AeValue *values;
  int n_values;
  AeNode *nodes;
  int n_nodes;
  int *inputs; /* value indices, in file order, without initializers */
  int n_inputs;
  int *outputs;
  int n_outputs;
  int opset; /* of ai.onnx, for the writer */
  int values_cap, nodes_cap;
} AeGraph;

void ae_graph_clear (AeGraph *graph);

/* Frees what a node owns, for those that take it out of the list. */
void ae_node_clear (AeNode *node);

/* Deep copy into an empty *to; tensors' data is copied too. */
AeStatus ae_graph_copy (AeGraph *to, const AeGraph *from, AeError *err);

/* Index of the value with this name; -1 when there is none. Linear. */
int ae_graph_find (const AeGraph *graph, const char *name);

/* Adds a value (name copied); its index, or -1 when memory runs out. */
int ae_graph_add_value (AeGraph *graph, const char *name);

/* Adds a constant value; takes ownership of `tensor`, also on failure. */
int ae_graph_add_constant (AeGraph *graph, const char *name, AeTensor *tensor);

/* Adds a node at the end; arrays are copied, `attrs` is moved (emptied), also
 * on failure. Its index, or -1 when memory runs out. */
int ae_graph_add_node (AeGraph *graph, const AeOp *op, int opset,
    const char *name, AeAttrs *attrs, const int *in, int n_in, const int *out,
    int n_out);

/* What an input or output calls dimension `dim`, 0 .. AE_MAX_RANK - 1; "" when
 * it has no name. The names are for people and files: nothing depends on
 * them. */
const char *ae_value_dim_name (const AeValue *value, int dim);

/* Names all dimensions anew, NULL or "" for none; copied. False when memory
 * runs out. */
bool ae_value_set_dim_names (
    AeValue *value, const char *const names[AE_MAX_RANK]);

AeStatus ae_graph_add_input (AeGraph *graph, int value, AeError *err);
AeStatus ae_graph_add_output (AeGraph *graph, int value, AeError *err);

/* Checks that every value has one source, counts of inputs and outputs fit
 * the operators, and no node depends on itself; puts nodes in topological
 * order (stable: file order is kept where it is valid). */
AeStatus ae_graph_sort (AeGraph *graph, AeError *err);

#endif
