/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_ONNX_EXTERNAL_H
#define AE_ONNX_EXTERNAL_H

/* Tensor data kept in files beside the model. Only plain names in the model's
 * own folder are opened, never through a symbolic link. */

#include "onnx.pb-c.h"
#include "util/error.h"

typedef struct {
  int folder; /* open; -1: external data is refused */
  int fd;     /* the file used last; -1: none */
  char name[256];
  size_t size;
  uint64_t *inodes; /* files met so far */
  size_t n_inodes;
  size_t bytes_present, bytes_taken; /* of all files met so far */
} AeExternal;

/* The folder stays the caller's. */
void ae_external_init (AeExternal *external, int folder);
void ae_external_clear (AeExternal *external);

/* Where a tensor of `size` bytes with these `external_data` entries lies:
 * *offset in the open file external->fd, which is long enough. */
AeStatus ae_external_find (AeExternal *external, OnnxPair *const *entries,
    size_t n_entries, size_t size, size_t *offset, AeError *err);

#endif
