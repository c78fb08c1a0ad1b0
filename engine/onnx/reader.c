/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ONNX file to model. What a hostile file can make us allocate is bounded by
 * 64 MiB + 4 times its size: header and graph are unpacked into arenas with
 * limits, and the graph's own cost is checked before it is built. */
#include "graph/model.h"
#include "onnx/frozen.h"
#include "onnx/inline.h"
#include "onnx/opset.h"
#include "onnx/read_graph.h"

#include "util/file.h"
#include "util/mem.h"

#include <string.h>
#include <unistd.h>

#define MAX_FILE ((size_t) 1 << 30)
#define HEADER_SLACK ((size_t) 8 << 20)
#define GRAPH_SLACK ((size_t) 16 << 20)
#define MAX_META 4096

/* File bytes on their way to a model; freed as early as possible. */
typedef struct {
  const void *bytes;
  void *owned; /* `bytes` when we read them */
  size_t size;
  int folder; /* for external data, -1: refused */
} Source;

static AeStatus
read_meta (AeModel *model, const OnnxModel *header, const char **frozen,
    AeError *err)
{
  if (header->n_metadata_props > MAX_META)
    return ae_fail (err, AE_ERROR_LIMIT,
        "it has %zu metadata entries, wanted at most %d",
        header->n_metadata_props, MAX_META);
  AeStatus status = AE_OK;
  for (size_t i = 0; status == AE_OK && i < header->n_metadata_props; i++) {
    const OnnxPair *pair = header->metadata_props[i];
    const char *key = pair->key ? pair->key : "";
    const char *value = pair->value ? pair->value : "";
    if (strcmp (key, AE_ONNX_FROZEN) == 0)
      *frozen = value;
    else
      status = ae_model_set_meta (model, key, value, err);
  }
  return status;
}

static AeStatus
check_header (const OnnxModel *header, AeError *err)
{
  AeStatus status = ae_onnx_versions_check (header, err);
  if (status == AE_OK && header->n_graph != 1)
    status = ae_fail (err, AE_ERROR_FORMAT,
        "it has %zu graphs, wanted one", header->n_graph);
  return status;
}

/* Header checked, file bytes gone, graph still packed. */
static AeStatus
read_graph (AeModel *model, OnnxModel *header, AeArena *arena,
    const Source *source, AeError *err)
{
  AeArena graph_arena;
  AeExternal external;
  OnnxGraph *graph;
  const char *frozen = NULL;
  ae_arena_init (&graph_arena, GRAPH_SLACK + 2 * source->size);
  ae_external_init (&external, source->folder);
  AeOnnxSource from = { header, &graph_arena, &external, source->size };
  AeStatus status = read_meta (model, header, &frozen, err);
  if (status == AE_OK)
    status = ae_arena_unpack (&graph_arena, &graph, &onnx_graph__descriptor,
        header->graph[0].data, header->graph[0].len, "the graph", err);
  if (status == AE_OK) {
    ae_arena_release (arena, header->graph[0].data);
    header->graph[0].data = NULL;
    status = ae_onnx_inline (graph, header, &graph_arena, err);
  }
  if (status == AE_OK)
    status = ae_onnx_graph_read (model, &from, graph, err);
  if (status == AE_OK && frozen)
    status = ae_frozen_apply (ae_model_edit (model), frozen, err);
  ae_external_clear (&external);
  ae_arena_clear (&graph_arena);
  return status;
}

static AeStatus
read_source (AeModel **out, Source *source, AeError *err)
{
  AeArena arena;
  OnnxModel *header;
  AeModel *model = NULL;
  ae_arena_init (&arena, HEADER_SLACK + 2 * source->size);
  AeStatus status = ae_arena_unpack (&arena, &header,
      &onnx_model__descriptor, source->bytes, source->size, "an ONNX model",
      err);
  ae_free (source->owned);
  source->owned = NULL;
  if (status == AE_OK)
    status = check_header (header, err);
  if (status == AE_OK)
    status = ae_model_new (&model, err);
  if (status == AE_OK)
    status = read_graph (model, header, &arena, source, err);
  ae_arena_clear (&arena);
  if (status == AE_OK)
    status = ae_model_seal (model, err);
  if (status != AE_OK)
    ae_model_unref (&model);
  *out = model;
  return status;
}

AeStatus
ae_model_parse (AeModel **out, const void *bytes, size_t size, AeError *err)
{
  AeError local = { 0 };
  Source source = { .bytes = bytes, .size = size, .folder = -1 };
  *out = NULL;
  AeStatus status = size == 0
      ? ae_fail (&local, AE_ERROR_FORMAT, "it has 0 bytes")
      : size > MAX_FILE
      ? ae_fail (&local, AE_ERROR_LIMIT, "it has %zu bytes, wanted at most %zu",
          size, MAX_FILE)
      : read_source (out, &source, &local);
  if (status != AE_OK)
    ae_fail (err, status, "model: %s", local.text);
  return status;
}

AeStatus
ae_model_load (AeModel **out, const char *path, AeError *err)
{
  AeError local = { 0 };
  Source source = { .folder = -1 };
  *out = NULL;
  AeStatus status = ae_file_read (
      path, MAX_FILE, &source.owned, &source.size, &local);
  source.bytes = source.owned;
  if (status == AE_OK)
    status = ae_file_open_folder (path, &source.folder, &local);
  if (status == AE_OK)
    status = read_source (out, &source, &local);
  ae_free (source.owned);
  if (source.folder >= 0)
    close (source.folder);
  if (status != AE_OK)
    ae_fail (err, status, "model '%.300s': %s", path, local.text);
  return status;
}
