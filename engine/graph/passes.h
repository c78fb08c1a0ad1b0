/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_GRAPH_PASSES_H
#define AE_GRAPH_PASSES_H

/* What happens to a private copy of a model's graph between the file and the
 * plan, in this order: cut, infer, dense, fuse, split, layouts, pixels. */

#include "graph/graph.h"

/* Views of a node's inputs and outputs, and the call that points to them. */
typedef struct {
  AeOpCall call;
  AeTensor *in_view, *out_view;
  const AeTensor **in;
  AeTensor **out;
} AeNodeCall;

/* With room for any node of the graph, in one block (ae_free); NULL when
 * memory runs out. */
AeNodeCall *ae_node_call_new (const AeGraph *graph);

/* Fills *c from the graph: types, shapes and layouts; data only of constants
 * (of all of them, or only of those that are not trained). */
void ae_node_call (AeNodeCall *c, const AeGraph *graph, const AeNode *node,
    bool training);

/* Gives input `index` the type and shape of *given after checking them against
 * what the model declares. Data of *given is not looked at. Errors: SHAPE. */
AeStatus ae_graph_set_input (
    AeGraph *graph, size_t index, const AeTensor *given, AeError *err);

/* Makes the named values the graph's inputs / outputs (n = 0: as they are)
 * and drops every node that no output needs. A value that becomes an input
 * loses its producer. Errors: NOT_FOUND with the names there are. */
AeStatus ae_graph_cut (AeGraph *graph, const char *const *inputs,
    size_t n_inputs, const char *const *outputs, size_t n_outputs,
    AeError *err);

/* Puts an Identity between an input and an output that are the same value, so
 * that the two have storage of their own. */
AeStatus ae_graph_detach_outputs (AeGraph *graph, AeError *err);

/* Drops nodes whose outputs nobody needs. */
AeStatus ae_graph_prune (AeGraph *graph, AeError *err);

/* Sets type and shape of every value; input values must have theirs. Nodes
 * whose inputs are all known are evaluated and become constants (in training:
 * not those that depend on trainable values). */
AeStatus ae_graph_infer (AeGraph *graph, bool training, AeError *err);

/* After ae_graph_infer: convolutions of a kernel as large as the picture, and
 * transposed ones of a single pixel, as Gemm nodes. */
AeStatus ae_graph_make_dense (AeGraph *graph, bool training, AeError *err);

/* After ae_graph_infer: merges (transposed) convolution + residual add +
 * activation into one "ae" Conv or ConvTranspose node. Not in training:
 * removes Identity and Dropout, and folds batch normalisation into
 * convolutions. */
AeStatus ae_graph_fuse (AeGraph *graph, bool training, AeError *err);

/* After ae_graph_fuse, not in training: transposed convolutions with few
 * outputs as convolutions and DepthToSpace. */
AeStatus ae_graph_split_transposed (AeGraph *graph, AeError *err);

/* Chooses a layout for every value and inserts Reorder nodes where producer
 * and consumer differ. Inputs and outputs of the graph stay plain. bf16: for
 * products of that. */
AeStatus ae_graph_assign_layouts (AeGraph *graph, bool bf16, AeError *err);

/* After ae_graph_assign_layouts, for sessions whose products are made of bf16:
 * AE_LAYOUT_PIXELS for what only such products make and read. */
AeStatus ae_graph_assign_pixels (AeGraph *graph, AeError *err);

/* Who reads a value. */
typedef struct {
  int count;      /* inputs of nodes and outputs of the graph */
  int last;       /* the last node that reads it, when a node does */
  bool is_output; /* of the graph */
} AeUse;

/* The uses of every value, by index, freed with ae_free; NULL when memory runs
 * out. A pass that changes nodes keeps them right itself. */
AeUse *ae_graph_uses (const AeGraph *graph);

#endif
