/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/checkpoint.h"

#include "util/file.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define VERSION 1

/* Four times the largest model's worth of parameters. */
#define MAX_FILE ((size_t) 16 << 30)

static const char magic[8] = { 'A', 'E', 'C', 'K', 'P', 'T', '\r', '\n' };

/* The header as it lies in the file. */
typedef struct {
  char magic[8];
  uint32_t version, n_blocks;
  uint64_t structure, n_elements, n_extra;
  int64_t step;
  uint64_t seed, file_size, reserved;
} Header;

_Static_assert (sizeof (Header) == 72, "the header has no padding");
_Static_assert (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
    "checkpoints are written as they lie in memory");

static size_t
elements_of (const AeCheckpoint *c, int block)
{
  return c->block_elements[block] ? c->block_elements[block] : c->n_elements;
}

static bool
file_size (const AeCheckpoint *c, size_t *size)
{
  *size = c->n_extra;
  for (int i = 0; i < c->n_blocks; i++) {
    size_t block;
    if (!ae_mul_size (elements_of (c, i), sizeof (float), &block)
        || !ae_add_size (*size, block, size))
      return false;
  }
  return ae_add_size (*size, sizeof (Header) + sizeof (uint64_t), size);
}

static void
fill (const AeCheckpoint *c, uint8_t *bytes, size_t size)
{
  Header header = { .version = VERSION,
    .n_blocks = (uint32_t) c->n_blocks,
    .structure = c->structure,
    .n_elements = c->n_elements,
    .n_extra = c->n_extra,
    .step = c->step,
    .seed = c->seed,
    .file_size = size };
  memcpy (header.magic, magic, sizeof magic);
  uint8_t *to = bytes;
  memcpy (to, &header, sizeof header);
  to += sizeof header;
  for (int i = 0; i < c->n_blocks; i++) {
    size_t block = elements_of (c, i) * sizeof (float);
    memcpy (to, c->block[i], block);
    to += block;
  }
  if (c->n_extra)
    memcpy (to, c->extra, c->n_extra);
  to += c->n_extra;
  uint64_t sum = XXH3_64bits (bytes, (size_t) (to - bytes));
  memcpy (to, &sum, sizeof sum);
}

static AeStatus
check_finite (const AeCheckpoint *c, const char *path, AeError *err)
{
  for (int b = 0; b < c->n_blocks; b++)
    for (size_t i = 0; i < elements_of (c, b); i++)
      if (!isfinite (c->block[b][i]))
        return ae_fail (err, AE_ERROR_NUMERIC,
            "%s: not saved, element %zu of block %d is %g, wanted finite "
            "numbers",
            path, i, b, c->block[b][i]);
  return AE_OK;
}

AeStatus
ae_checkpoint_save (
    const AeCheckpoint *checkpoint, const char *path, AeError *err)
{
  AeStatus status = check_finite (checkpoint, path, err);
  if (status != AE_OK)
    return status;
  size_t size;
  uint8_t *bytes = file_size (checkpoint, &size) ? ae_alloc (size) : NULL;
  if (!bytes)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for checkpoint %s", path);
  fill (checkpoint, bytes, size);
  status = ae_file_replace (path, bytes, size, err);
  ae_free (bytes);
  return status;
}

/* Whether the file is a whole, undamaged checkpoint of this version. */
static AeStatus
check_file (
    const uint8_t *bytes, size_t size, const char *path, AeError *err)
{
  Header header;
  if (size < sizeof header + sizeof (uint64_t))
    return ae_fail (err, AE_ERROR_FORMAT,
        "%s: %zu bytes are too few for a checkpoint", path, size);
  memcpy (&header, bytes, sizeof header);
  if (memcmp (header.magic, magic, sizeof magic) != 0)
    return ae_fail (err, AE_ERROR_FORMAT, "%s: not a checkpoint", path);
  if (header.version != VERSION)
    return ae_fail (err, AE_ERROR_FORMAT,
        "%s: checkpoint of version %u, wanted %u", path, header.version,
        VERSION);
  if (header.file_size != size)
    return ae_fail (err, AE_ERROR_FORMAT,
        "%s: file has %zu bytes, its header says %llu", path, size,
        (unsigned long long) header.file_size);
  uint64_t sum;
  memcpy (&sum, bytes + size - sizeof sum, sizeof sum);
  if (sum != XXH3_64bits (bytes, size - sizeof sum))
    return ae_fail (err, AE_ERROR_FORMAT,
        "%s: checksum does not fit, the file is damaged", path);
  return AE_OK;
}

static AeStatus
check_fit (const AeCheckpoint *wanted, const Header *header, size_t size,
    const char *path, AeError *err)
{
  size_t wanted_size;
  if (!file_size (wanted, &wanted_size))
    return ae_fail (err, AE_ERROR_MEMORY, "%s: sizes overflow", path);
  if (header->structure != wanted->structure
      || header->n_elements != wanted->n_elements)
    return ae_fail (err, AE_ERROR_SHAPE,
        "%s: checkpoint of another model (%llu parameters, wanted %zu)", path,
        (unsigned long long) header->n_elements, wanted->n_elements);
  if (header->n_blocks != (uint32_t) wanted->n_blocks)
    return ae_fail (err, AE_ERROR_SHAPE,
        "%s: checkpoint holds %u blocks, wanted %d (another optimiser, or "
        "with and without average)",
        path, header->n_blocks, wanted->n_blocks);
  if (header->n_extra == wanted->n_extra && size != wanted_size)
    return ae_fail (err, AE_ERROR_SHAPE,
        "%s: checkpoint of %zu bytes, wanted %zu", path, size, wanted_size);
  if (header->n_extra != wanted->n_extra)
    return ae_fail (err, AE_ERROR_SHAPE,
        "%s: checkpoint has %llu bytes of the caller's state, wanted %zu",
        path, (unsigned long long) header->n_extra, wanted->n_extra);
  return AE_OK;
}

static void
take (AeCheckpoint *c, const Header *header, const uint8_t *from)
{
  from += sizeof *header;
  for (int i = 0; i < c->n_blocks; i++) {
    size_t block = elements_of (c, i) * sizeof (float);
    memcpy (c->block[i], from, block);
    from += block;
  }
  if (c->n_extra)
    memcpy (c->extra, from, c->n_extra);
  c->step = header->step;
  c->seed = header->seed;
}

AeStatus
ae_checkpoint_restore (AeCheckpoint *wanted, const char *path, AeError *err)
{
  void *bytes;
  size_t size;
  AeStatus status = ae_file_read (path, MAX_FILE, &bytes, &size, err);
  if (status != AE_OK)
    return status;
  status = check_file (bytes, size, path, err);
  Header header;
  if (status == AE_OK) {
    memcpy (&header, bytes, sizeof header);
    status = check_fit (wanted, &header, size, path, err);
  }
  if (status == AE_OK)
    take (wanted, &header, bytes);
  ae_free (bytes);
  return status;
}
