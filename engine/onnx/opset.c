/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "onnx/opset.h"

#include <stdio.h>
#include <string.h>

/* The engine's own operators. */
#define OWN_DOMAIN "ae"
#define OWN_VERSION 1
#define MAX_IMPORTS 64

const char *
ae_onnx_domain (const char *domain)
{
  return !domain || strcmp (domain, "ai.onnx") == 0 ? "" : domain;
}

static const char *
shown (const char *domain)
{
  return domain[0] ? domain : "ai.onnx";
}

static AeStatus
check_import (const OnnxOpset *import, AeError *err)
{
  const char *domain = ae_onnx_domain (import->domain);
  long long version = (long long) import->version;
  long long last = domain[0] == '\0' ? AE_ONNX_OPSET_MAX
      : strcmp (domain, OWN_DOMAIN) == 0
      ? OWN_VERSION
      : 0;
  if (last != 0 && (version < 1 || version > last))
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "it imports opset %lld of %s, wanted 1 to %lld", version,
        shown (domain), last);
  return AE_OK;
}

AeStatus
ae_onnx_versions_check (const OnnxModel *model, AeError *err)
{
  long long ir = model->has_ir_version ? (long long) model->ir_version : 0;
  if (ir < 1)
    return ae_fail (err, AE_ERROR_FORMAT,
        "ir_version is %lld, wanted 1 to %d: this is no ONNX model", ir,
        AE_ONNX_IR_MAX);
  if (ir > AE_ONNX_IR_MAX)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "ir_version is %lld, wanted 1 to %d", ir, AE_ONNX_IR_MAX);
  if (model->n_opset_import > MAX_IMPORTS)
    return ae_fail (err, AE_ERROR_LIMIT,
        "it imports %zu operator sets, wanted at most %d",
        model->n_opset_import, MAX_IMPORTS);
  AeStatus status = AE_OK;
  for (size_t i = 0; status == AE_OK && i < model->n_opset_import; i++)
    status = check_import (model->opset_import[i], err);
  return status;
}

int
ae_onnx_import (OnnxOpset *const *imports, size_t n, const char *domain)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp (ae_onnx_domain (imports[i]->domain), domain) == 0)
      return (int) imports[i]->version;
  return 0;
}

int
ae_onnx_opset (const OnnxModel *model, const char *domain)
{
  /* Before format version 3 there was one operator set and no import. */
  if (model->n_opset_import == 0 && model->ir_version < 3 && !domain[0])
    return 1;
  return ae_onnx_import (model->opset_import, model->n_opset_import, domain);
}

const char *
ae_onnx_node_name (const OnnxNode *node)
{
  if (node->name && node->name[0])
    return node->name;
  return node->n_output && node->output[0] && node->output[0][0]
      ? node->output[0]
      : "(unnamed)";
}

/* Opsets in which an operator of this name is there, as ", wanted 8 or
 * later"; "" when there is no such operator at all. */
static const char *
other_versions (
    const char *domain, const char *name, char *text, size_t size)
{
  text[0] = '\0';
  for (const AeOp *const *op = ae_ops; *op; op++) {
    if (strcmp ((*op)->name, name) != 0
        || strcmp ((*op)->domain, domain) != 0)
      continue;
    if ((*op)->until)
      snprintf (text, size, ": it is in opsets %d to %d", (*op)->since,
          (*op)->until);
    else
      snprintf (text, size, ": it is in opset %d and later", (*op)->since);
    break;
  }
  return text;
}

AeStatus
ae_onnx_op_find (const AeOp **op, int *opset, const OnnxModel *model,
    const OnnxNode *node, AeError *err)
{
  const char *domain = ae_onnx_domain (node->domain);
  const char *type = node->op_type ? node->op_type : "";
  *op = NULL;
  *opset = ae_onnx_opset (model, domain);
  if (!type[0])
    return ae_fail (err, AE_ERROR_FORMAT, "node '%.200s' has no operator",
        ae_onnx_node_name (node));
  bool known = domain[0] == '\0' || strcmp (domain, OWN_DOMAIN) == 0;
  if (known && *opset == 0)
    return ae_fail (err, AE_ERROR_FORMAT,
        "node '%.200s' uses operator %.100s of domain %s, whose opset the "
        "file does not name",
        ae_onnx_node_name (node), type, shown (domain));
  *op = known ? ae_op_find (domain, type, *opset) : NULL;
  if (*op)
    return AE_OK;
  char text[80];
  return ae_fail (err, AE_ERROR_UNSUPPORTED,
      "operator %.100s (domain %.100s, opset %d) of node '%.200s' is not "
      "supported%s",
      type, shown (domain), *opset, ae_onnx_node_name (node),
      other_versions (domain, type, text, sizeof text));
}
