/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "onnx/inline.h"

#include "onnx/attr.h"
#include "onnx/functions.h"
#include "onnx/opset.h"

#include <stdio.h>
#include <string.h>

#define MAX_DEPTH 32
#define MAX_VISITS (1 << 15) /* nodes of bodies, counted at every call */

/* New names are <prefix><number of the call>/<name in the body>. */
#define PREFIX "inlined"

typedef struct {
  const OnnxModel *header;
  AeArena *arena;
  AeFunctions functions;
  OnnxNode **node; /* what the graph becomes */
  size_t n_nodes, room;
  int visits, calls;
  size_t n_lines; /* '_' behind the prefix, which no name of the graph has */
} Inliner;

/* A call being unfolded. */
typedef struct {
  const AeFunction *function;
  const OnnxNode *node; /* with the names and attributes of the graph */
  int number;
  int depth;
} Call;

static AeStatus
no_room (const Inliner *in, AeError *err)
{
  if (in->arena->out_of_memory)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for functions");
  return ae_fail (err, AE_ERROR_LIMIT,
      "its functions unfold to more than %zu bytes", in->arena->limit);
}

static AeStatus
append (Inliner *in, OnnxNode *node, AeError *err)
{
  if (in->n_nodes == in->room) {
    size_t room = in->room + in->room / 2 + 64;
    OnnxNode **grown = ae_arena_alloc (in->arena, room * sizeof *grown);
    if (!grown)
      return no_room (in, err);
    if (in->n_nodes > 0)
      memcpy (grown, in->node, in->n_nodes * sizeof *grown);
    ae_arena_release (in->arena, in->node);
    in->node = grown;
    in->room = room;
  }
  in->node[in->n_nodes++] = node;
  return AE_OK;
}

/* A name of the body that is no other call's; NULL when there is no room. */
static char *
new_name (const Inliner *in, const Call *call, const char *name)
{
  size_t size = sizeof PREFIX + in->n_lines + 12 + strlen (name) + 1;
  char *text = ae_arena_alloc (in->arena, size);
  if (!text)
    return NULL;
  memcpy (text, PREFIX, sizeof PREFIX - 1);
  memset (text + sizeof PREFIX - 1, '_', in->n_lines);
  snprintf (text + sizeof PREFIX - 1 + in->n_lines, 13 + strlen (name) + 1,
      "%d/%s", call->number, name);
  return text;
}

/* The graph's name of a value of the body; NULL when there is no room. */
static char *
value_name (const Inliner *in, const Call *call, char *name)
{
  const OnnxFunction *proto = call->function->proto;
  const OnnxNode *node = call->node;
  if (!name[0])
    return name;
  const AeFormal *formal
      = ae_formal_find (call->function->input, proto->n_input, name);
  if (formal)
    return formal->index < node->n_input ? node->input[formal->index]
                                         : (char *) "";
  formal = ae_formal_find (call->function->output, proto->n_output, name);
  if (formal && formal->index < node->n_output
      && node->output[formal->index][0])
    return node->output[formal->index];
  return new_name (in, call, name);
}

static AeStatus
rename_values (const Inliner *in, const Call *call, char ***names, size_t n,
    AeError *err)
{
  char **list = ae_arena_alloc (in->arena, n * sizeof *list);
  for (size_t i = 0; list && i < n; i++)
    if (!(list[i] = value_name (in, call, (*names)[i])))
      return no_room (in, err);
  *names = list;
  return list ? AE_OK : no_room (in, err);
}

static const OnnxAttribute *
find_attribute (OnnxAttribute *const *list, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (list[i]->name && strcmp (list[i]->name, name) == 0)
      return list[i];
  return NULL;
}

/* What an attribute of the body stands for: itself, the call's attribute or
 * the function's default under its own name, or NULL when neither is given. */
static AeStatus
resolve_attribute (const Inliner *in, const Call *call,
    OnnxAttribute *attribute, OnnxAttribute **out, AeError *err)
{
  const OnnxFunction *proto = call->function->proto;
  const char *wanted = attribute->ref_attr_name;
  *out = attribute;
  if (!wanted || !wanted[0])
    return AE_OK;
  const OnnxAttribute *found = find_attribute (
      call->node->attribute, call->node->n_attribute, wanted);
  if (!found)
    found = find_attribute (
        proto->attribute_proto, proto->n_attribute_proto, wanted);
  *out = NULL;
  if (!found)
    return AE_OK;
  if (attribute->type && found->type && attribute->type != found->type)
    return ae_fail (err, AE_ERROR_FORMAT,
        "function '%.100s' is given attribute '%.100s' of kind %d, wanted %d",
        proto->name, wanted, found->type, attribute->type);
  if (!(*out = ae_arena_alloc (in->arena, sizeof **out)))
    return no_room (in, err);
  **out = *found;
  (*out)->name = attribute->name;
  return AE_OK;
}

static AeStatus
resolve_attributes (
    const Inliner *in, const Call *call, OnnxNode *node, AeError *err)
{
  size_t n = node->n_attribute;
  OnnxAttribute **list = ae_arena_alloc (in->arena, n * sizeof *list);
  if (!list)
    return no_room (in, err);
  AeStatus status = AE_OK;
  node->n_attribute = 0;
  for (size_t i = 0; status == AE_OK && i < n; i++) {
    OnnxAttribute **out = &list[node->n_attribute];
    status = resolve_attribute (in, call, node->attribute[i], out, err);
    node->n_attribute += status == AE_OK && *out;
  }
  node->attribute = list;
  return status;
}

/* The function's nodes are read with the model's opsets. */
static AeStatus
check_opset (const Inliner *in, const Call *call, const OnnxNode *node,
    AeError *err)
{
  const OnnxFunction *proto = call->function->proto;
  const char *domain = ae_onnx_domain (node->domain);
  int own
      = ae_onnx_import (proto->opset_import, proto->n_opset_import, domain);
  int model = ae_onnx_opset (in->header, domain);
  if (own == 0 || model == 0 || own == model)
    return AE_OK;
  return ae_fail (err, AE_ERROR_UNSUPPORTED,
      "function '%.100s' imports opset %d of %.100s, wanted %d like the model",
      proto->name, own, domain[0] ? domain : "ai.onnx", model);
}

static AeStatus
check_attributes (const OnnxNode *node, AeError *err)
{
  if (node->n_attribute <= AE_ONNX_MAX_ATTRS)
    return AE_OK;
  return ae_fail (err, AE_ERROR_LIMIT,
      "node '%.200s' has %zu attributes, wanted at most %d",
      ae_onnx_node_name (node), node->n_attribute, AE_ONNX_MAX_ATTRS);
}

/* A node of the body as one of the graph. */
static AeStatus
copy_node (Inliner *in, const Call *call, const OnnxNode *from, OnnxNode **out,
    AeError *err)
{
  AeStatus status = check_attributes (from, err);
  if (status != AE_OK)
    return status;
  OnnxNode *node = *out = ae_arena_alloc (in->arena, sizeof *node);
  if (!node)
    return no_room (in, err);
  *node = *from;
  if (from->name && from->name[0]
      && !(node->name = new_name (in, call, from->name)))
    return no_room (in, err);
  status = rename_values (in, call, &node->input, node->n_input, err);
  if (status == AE_OK)
    status = rename_values (in, call, &node->output, node->n_output, err);
  if (status == AE_OK)
    status = resolve_attributes (in, call, node, err);
  return status;
}

static AeStatus unfold (Inliner *in, AeFunction *function,
    const OnnxNode *node, int depth, AeError *err);

static AeStatus
add_node (Inliner *in, const Call *call, const OnnxNode *from, AeError *err)
{
  const char *name = call->function->proto->name;
  OnnxNode *node;
  if (++in->visits > MAX_VISITS)
    return ae_fail (err, AE_ERROR_LIMIT,
        "calls of function '%.100s' and others unfold to more than %d nodes",
        name, MAX_VISITS);
  AeStatus status = copy_node (in, call, from, &node, err);
  if (status != AE_OK)
    return status;
  AeFunction *callee = ae_functions_find (&in->functions, node);
  if (callee)
    return unfold (in, callee, node, call->depth + 1, err);
  status = check_opset (in, call, from, err);
  return status == AE_OK ? append (in, node, err) : status;
}

/* An output that is an input too has no node in the body that makes it. */
static AeStatus
pass_through (Inliner *in, const Call *call, AeError *err)
{
  const OnnxFunction *proto = call->function->proto;
  const OnnxNode *node = call->node;
  AeStatus status = AE_OK;
  for (size_t i = 0; status == AE_OK && i < node->n_output; i++) {
    const AeFormal *formal = ae_formal_find (
        call->function->input, proto->n_input, proto->output[i]);
    if (!formal || !node->output[i][0])
      continue;
    OnnxNode copy = ONNX_NODE__INIT;
    copy.op_type = (char *) "Identity";
    copy.n_input = copy.n_output = 1;
    OnnxNode *kept = ae_arena_alloc (in->arena, sizeof *kept);
    char **names = ae_arena_alloc (in->arena, 2 * sizeof *names);
    if (!kept || !names)
      return no_room (in, err);
    names[0] = formal->index < node->n_input ? node->input[formal->index]
                                             : (char *) "";
    names[1] = node->output[i];
    copy.input = &names[0];
    copy.output = &names[1];
    *kept = copy;
    status = append (in, kept, err);
  }
  return status;
}

static AeStatus
check_call (const Inliner *in, const Call *call, AeError *err)
{
  const OnnxFunction *proto = call->function->proto;
  const OnnxNode *node = call->node;
  if (call->function->active)
    return ae_fail (err, AE_ERROR_FORMAT,
        "function '%.100s' (domain '%.100s') calls itself, directly or "
        "through others",
        proto->name, ae_onnx_domain (proto->domain));
  if (call->depth > MAX_DEPTH)
    return ae_fail (err, AE_ERROR_LIMIT,
        "function '%.100s' is called at depth %d, wanted at most %d",
        proto->name, call->depth, MAX_DEPTH);
  if (node->n_input > proto->n_input || node->n_output > proto->n_output)
    return ae_fail (err, AE_ERROR_FORMAT,
        "function '%.100s' is called with %zu inputs and %zu outputs, wanted "
        "at most %zu and %zu",
        proto->name, node->n_input, node->n_output, proto->n_input,
        proto->n_output);
  return check_attributes (node, err);
}

static AeStatus
unfold (Inliner *in, AeFunction *function, const OnnxNode *node, int depth,
    AeError *err)
{
  const OnnxFunction *proto = function->proto;
  Call call = { function, node, in->calls++, depth };
  AeStatus status = check_call (in, &call, err);
  function->active = status == AE_OK;
  for (size_t i = 0; status == AE_OK && i < proto->n_node; i++)
    status = add_node (in, &call, proto->node[i], err);
  if (status == AE_OK)
    status = pass_through (in, &call, err);
  function->active = false;
  return status;
}

static void
count_lines (Inliner *in, const char *name)
{
  if (!name || strncmp (name, PREFIX, sizeof PREFIX - 1) != 0)
    return;
  size_t n = strspn (name + sizeof PREFIX - 1, "_") + 1;
  in->n_lines = n > in->n_lines ? n : in->n_lines;
}

static void
choose_prefix (Inliner *in, const OnnxGraph *graph)
{
  for (size_t i = 0; i < graph->n_initializer; i++)
    count_lines (in, graph->initializer[i]->name);
  for (size_t i = 0; i < graph->n_input; i++)
    count_lines (in, graph->input[i]->name);
  for (size_t i = 0; i < graph->n_node; i++)
    for (size_t k = 0; k < graph->node[i]->n_output; k++)
      count_lines (in, graph->node[i]->output[k]);
}

AeStatus
ae_onnx_inline (OnnxGraph *graph, const OnnxModel *header, AeArena *arena,
    AeError *err)
{
  Inliner in = { .header = header, .arena = arena };
  if (header->n_functions == 0)
    return AE_OK;
  AeStatus status = ae_functions_read (&in.functions, header, arena, err);
  choose_prefix (&in, graph);
  for (size_t i = 0; status == AE_OK && i < graph->n_node; i++) {
    OnnxNode *node = graph->node[i];
    AeFunction *function = ae_functions_find (&in.functions, node);
    status = function ? unfold (&in, function, node, 1, err)
                      : append (&in, node, err);
  }
  graph->node = in.node;
  graph->n_node = in.n_nodes;
  return status;
}
