/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "onnx/functions.h"

#include "onnx/attr.h"
#include "onnx/opset.h"

#include <stdlib.h>
#include <string.h>

static AeStatus
no_room (const AeArena *arena, AeError *err)
{
  if (arena->out_of_memory)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for functions");
  return ae_fail (err, AE_ERROR_LIMIT, "its functions take more than %zu bytes",
      arena->limit);
}

static int
by_name (const void *a, const void *b)
{
  return strcmp (((const AeFormal *) a)->name, ((const AeFormal *) b)->name);
}

static AeStatus
sort_formals (AeFormal **list, char *const *names, size_t n,
    const OnnxFunction *proto, AeArena *arena, AeError *err)
{
  AeFormal *formals = *list = ae_arena_alloc (arena, n * sizeof *formals);
  if (!formals)
    return no_room (arena, err);
  for (size_t i = 0; i < n; i++)
    formals[i] = (AeFormal){ names[i], i };
  qsort (formals, n, sizeof *formals, by_name);
  for (size_t i = 1; i < n; i++)
    if (strcmp (formals[i - 1].name, formals[i].name) == 0)
      return ae_fail (err, AE_ERROR_FORMAT,
          "function '%.100s' has two inputs or two outputs '%.100s'",
          proto->name, formals[i].name);
  return AE_OK;
}

static AeStatus
read_function (AeFunction *function, const ProtobufCBinaryData *bytes,
    AeArena *arena, AeError *err)
{
  OnnxFunction *proto;
  AeStatus status = ae_arena_unpack (arena, &proto,
      &onnx_function__descriptor, bytes->data, bytes->len, "a function", err);
  if (status != AE_OK)
    return status;
  if (!proto->name || !proto->name[0])
    return ae_fail (err, AE_ERROR_FORMAT, "a function has no name");
  if (proto->n_attribute_proto > AE_ONNX_MAX_ATTRS)
    return ae_fail (err, AE_ERROR_LIMIT,
        "function '%.100s' has %zu attributes, wanted at most %d", proto->name,
        proto->n_attribute_proto, AE_ONNX_MAX_ATTRS);
  *function = (AeFunction){ .proto = proto };
  status = sort_formals (&function->input, proto->input, proto->n_input,
      proto, arena, err);
  if (status == AE_OK)
    status = sort_formals (&function->output, proto->output, proto->n_output,
        proto, arena, err);
  return status;
}

/* Functions are told apart by domain, name and overload. */
static int
order (const char *domain, const char *name, const char *overload,
    const OnnxFunction *f)
{
  int by_domain = strcmp (ae_onnx_domain (domain), ae_onnx_domain (f->domain));
  if (by_domain)
    return by_domain;
  int by_type = strcmp (name ? name : "", f->name);
  if (by_type)
    return by_type;
  return strcmp (overload ? overload : "", f->overload ? f->overload : "");
}

static int
by_identity (const void *a, const void *b)
{
  const OnnxFunction *x = ((const AeFunction *) a)->proto;
  return order (
      x->domain, x->name, x->overload, ((const AeFunction *) b)->proto);
}

AeStatus
ae_functions_read (AeFunctions *functions, const OnnxModel *header,
    AeArena *arena, AeError *err)
{
  size_t n = header->n_functions;
  AeFunction *list = ae_arena_alloc (arena, n * sizeof *list);
  *functions = (AeFunctions){ list, n };
  AeStatus status = list ? AE_OK : no_room (arena, err);
  for (size_t i = 0; status == AE_OK && i < n; i++)
    status = read_function (&list[i], &header->functions[i], arena, err);
  if (status != AE_OK)
    return status;
  qsort (list, n, sizeof *list, by_identity);
  for (size_t i = 1; i < n; i++)
    if (by_identity (&list[i - 1], &list[i]) == 0)
      return ae_fail (err, AE_ERROR_FORMAT,
          "function '%.100s' is defined twice", list[i].proto->name);
  return AE_OK;
}

static int
call_order (const void *key, const void *element)
{
  const OnnxNode *node = key;
  return order (node->domain, node->op_type, node->overload,
      ((const AeFunction *) element)->proto);
}

AeFunction *
ae_functions_find (const AeFunctions *functions, const OnnxNode *node)
{
  return bsearch (node, functions->list, functions->n,
      sizeof *functions->list, call_order);
}

const AeFormal *
ae_formal_find (const AeFormal *list, size_t n, const char *name)
{
  AeFormal key = { .name = name };
  return bsearch (&key, list, n, sizeof *list, by_name);
}
