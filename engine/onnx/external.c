/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "onnx/external.h"

#include "util/file.h"
#include "util/mem.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Tensors that share data may take this much more than the files hold. */
#define SHARED_BYTES ((size_t) 32 << 20)

void
ae_external_init (AeExternal *external, int folder)
{
  *external = (AeExternal){ .folder = folder, .fd = -1 };
}

static void
close_file (AeExternal *external)
{
  if (external->fd >= 0)
    close (external->fd);
  external->fd = -1;
}

void
ae_external_clear (AeExternal *external)
{
  close_file (external);
  ae_free (external->inodes);
  external->inodes = NULL;
}

static bool
is_plain_name (const char *name)
{
  return name && name[0] && !strchr (name, '/') && strcmp (name, ".") != 0
      && strcmp (name, "..") != 0;
}

/* Counts the bytes of a file once, however often it is opened. */
static AeStatus
count_file (AeExternal *external, AeError *err)
{
  struct stat info;
  if (fstat (external->fd, &info) != 0)
    return ae_fail (err, AE_ERROR_IO, "cannot examine '%s'", external->name);
  for (size_t i = 0; i < external->n_inodes; i++)
    if (external->inodes[i] == info.st_ino)
      return AE_OK;
  uint64_t *grown = ae_realloc (external->inodes, external->n_inodes,
      external->n_inodes + 1, sizeof *grown);
  if (!grown)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a file list");
  external->inodes = grown;
  grown[external->n_inodes++] = info.st_ino;
  external->bytes_present += external->size;
  return AE_OK;
}

static AeStatus
open_file (AeExternal *external, const char *name, AeError *err)
{
  if (external->folder < 0)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "its data is in the file '%.200s', which a model in memory cannot have",
        name ? name : "");
  if (!is_plain_name (name) || strlen (name) >= sizeof external->name)
    return ae_fail (err, AE_ERROR_FORMAT,
        "its data is in '%.200s', wanted a plain file name in the model's "
        "folder",
        name ? name : "(no location)");
  if (external->fd >= 0 && strcmp (external->name, name) == 0)
    return AE_OK;
  close_file (external);
  AeStatus status = ae_file_open (external->folder, name, false, &external->fd,
      &external->size, err);
  if (status != AE_OK)
    return status;
  strcpy (external->name, name);
  status = count_file (external, err);
  if (status != AE_OK)
    close_file (external);
  return status;
}

/* Decimal digits only; false when `text` is anything else or too large. */
static bool
parse_size (const char *text, size_t *out)
{
  *out = 0;
  for (; text && *text; text++)
    if (*text < '0' || *text > '9' || !ae_mul_size (*out, 10, out)
        || !ae_add_size (*out, (size_t) (*text - '0'), out))
      return false;
  return text != NULL;
}

AeStatus
ae_external_find (AeExternal *external, OnnxPair *const *entries,
    size_t n_entries, size_t size, size_t *offset, AeError *err)
{
  const char *location = NULL;
  size_t length = size, end;
  *offset = 0;
  bool ok = true;
  for (size_t i = 0; i < n_entries; i++) {
    const char *key = entries[i]->key ? entries[i]->key : "";
    if (strcmp (key, "location") == 0)
      location = entries[i]->value;
    else if (strcmp (key, "offset") == 0)
      ok = ok && parse_size (entries[i]->value, offset);
    else if (strcmp (key, "length") == 0)
      ok = ok && parse_size (entries[i]->value, &length);
  }
  AeStatus status = open_file (external, location, err);
  if (status != AE_OK)
    return status;
  if (!ok || length != size)
    return ae_fail (err, AE_ERROR_FORMAT,
        "offset or length in '%s' is not a number or not the %zu bytes that "
        "its shape wants",
        external->name, size);
  if (!ae_add_size (*offset, size, &end) || end > external->size)
    return ae_fail (err, AE_ERROR_FORMAT,
        "it wants %zu bytes at offset %zu of '%s', which has %zu", size,
        *offset, external->name, external->size);
  external->bytes_taken += size;
  if (external->bytes_taken > external->bytes_present + SHARED_BYTES)
    return ae_fail (err, AE_ERROR_LIMIT,
        "tensors overlap in '%s': they want more bytes than the files hold",
        external->name);
  return AE_OK;
}
