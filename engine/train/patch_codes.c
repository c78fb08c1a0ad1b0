/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/patch_codes.h"

#include "score/coreset.h"
#include "score/principal.h"
#include "train/anomaly_samples.h"
#include "util/mem.h"
#include "util/pool.h"

#include <string.h>

#define SAMPLES 30000  /* patches that the axes are found from, */
#define SAMPLED 100    /* of so many pictures at most */
#define EVERY 3        /* of the places */
#define LEAST_SHARE 0.02 /* of the pictures that have the thing at a place */
#define BESIDE 2       /* places around the thing that are looked at too */

const float *
ae_patch_codes_of (const AePatchCodes *c, size_t i)
{
  return c->codes + i * c->n_places * c->d;
}

size_t
ae_patch_codes_room (const AePatchFacts *f)
{
  size_t one = (size_t) f->columns * (size_t) f->rows * (size_t) f->shape.d
               * sizeof (float);
  return AE_PATCH_CODES_MOST / one;
}

void
ae_patch_codes_clear (AePatchCodes *c)
{
  ae_free (c->codes);
  ae_free (c->found);
  ae_free (c->places);
  *c = (AePatchCodes){ 0 };
}

/* Counts where the thing is seen. */
static void
count_places (
    const AePatchFacts *f, const AePrepare *prepare, uint32_t *counts)
{
  for (int r = 0; r < f->rows; r++)
    for (int c = 0; c < f->columns; c++)
      counts[r * f->columns + c] += ae_prepare_on_thing (
          prepare, (float) (c * AE_PATCH_STEP), (float) (r * AE_PATCH_STEP));
}

static void
sample_patches (const AePatchFacts *f, const AePrepare *prepare,
    const float *plane, AeSampleRows *samples)
{
  float patch[AE_PATCH_MOST_WINDOW * AE_PATCH_MOST_WINDOW];
  for (int r = 0; r < f->rows; r++)
    for (int c = r % EVERY; c < f->columns; c += EVERY) {
      if (!ae_prepare_on_thing (prepare, (float) (c * AE_PATCH_STEP),
              (float) (r * AE_PATCH_STEP)))
        continue;
      ae_patch_cut (f, plane, c, r, patch);
      ae_sample_rows_add (samples, patch);
    }
}

/* Places that enough pictures have the thing at, and those around. */
static void
mark_places (const AePatchFacts *f, const uint32_t *counts, size_t pictures,
    uint8_t *places)
{
  for (int r = 0; r < f->rows; r++)
    for (int c = 0; c < f->columns; c++) {
      if ((double) counts[r * f->columns + c]
          <= LEAST_SHARE * (double) pictures)
        continue;
      for (int y = r - BESIDE; y <= r + BESIDE; y++)
        for (int x = c - BESIDE; x <= c + BESIDE; x++)
          if (x >= 0 && y >= 0 && x < f->columns && y < f->rows)
            places[y * f->columns + x] = 1;
    }
}

static AeStatus
find_axes (AePatchCodes *codes, AePatchFacts *f, const AePatchSource *s,
    uint64_t seed, AeError *err)
{
  size_t values = (size_t) (f->window * f->window), seen = 0;
  size_t every = (s->n + SAMPLED - 1) / SAMPLED;
  AeSampleRows samples;
  AePrepare *prepare = ae_prepare_new (&f->preparation);
  uint32_t *counts = ae_calloc (codes->n_places, sizeof *counts);
  AeStatus status
      = ae_sample_rows_init (&samples, SAMPLES, values, seed, err);
  if (status == AE_OK && (!prepare || !counts))
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory for patches");
  for (size_t i = 0; status == AE_OK && i < s->n; i++) {
    const float *plane = ae_prepare_run (prepare, s->pictures[i]);
    if (!plane)
      continue;
    seen++;
    count_places (f, prepare, counts);
    if (i % every == 0)
      sample_patches (f, prepare, plane, &samples);
  }
  if (status == AE_OK) {
    mark_places (f, counts, seen, codes->places);
    status = ae_principal_fit (f->mean, f->axes, samples.rows, samples.n,
        values, (size_t) f->code, err);
  }
  ae_sample_rows_clear (&samples);
  ae_prepare_free (&prepare);
  ae_free (counts);
  return status;
}

static AeStatus
encode_all (AePatchCodes *codes, const AePatchFacts *f,
    const AePatchSource *s, int n_threads, const atomic_bool *cancel,
    AeError *err)
{
  AePatches *patches;
  AeStatus status = ae_patches_new (&patches, f, n_threads, err);
  size_t one = codes->n_places * codes->d;
  for (size_t i = 0; status == AE_OK && i < s->n; i++) {
    if (atomic_load (cancel)) {
      status = ae_fail (err, AE_ERROR_CANCELLED, "fitting was cancelled");
      break;
    }
    const float *from = ae_patches_encode (patches, s->pictures[i]);
    codes->found[i] = from;
    if (from)
      memcpy (codes->codes + i * one, from, one * sizeof *from);
  }
  ae_patches_free (&patches);
  return status;
}

AeStatus
ae_patch_codes_make (AePatchCodes *codes, AePatchFacts *f,
    const AePatchSource *s, uint64_t seed, int n_threads,
    const atomic_bool *cancel, AeError *err)
{
  size_t places = (size_t) f->columns * (size_t) f->rows, floats = 0;
  *codes = (AePatchCodes){ .n = s->n, .n_places = places,
    .d = (size_t) f->shape.d };
  if (ae_mul_size (s->n, places * codes->d, &floats))
    codes->codes = ae_calloc (floats, sizeof (float));
  codes->found = ae_calloc (s->n, sizeof *codes->found);
  codes->places = ae_calloc (places, 1);
  AeStatus status = AE_OK;
  if (!codes->codes || !codes->found || !codes->places)
    status = ae_fail (err, AE_ERROR_MEMORY,
        "no memory for the patches of %zu pictures", s->n);
  if (status == AE_OK)
    status = find_axes (codes, f, s, seed, err);
  if (status == AE_OK)
    status = encode_all (codes, f, s, n_threads, cancel, err);
  if (status != AE_OK)
    ae_patch_codes_clear (codes);
  return status;
}

/* Choosing. */

typedef struct {
  const AePatchCodes *codes;
  const AePatchFacts *facts;
  size_t wanted;      /* of each block, at most */
  float *chosen;      /* blocks x wanted x d */
  uint16_t *owners;   /* blocks x wanted */
  uint32_t *counts;   /* blocks */
  AeStatus *status;   /* of each block */
} Choice;

/* The block's codes of all pictures, and whose they are; returns how many. */
static size_t
gather_block (
    const Choice *choice, size_t block, float *rows, uint16_t *owners)
{
  const AeLocalBankShape *s = &choice->facts->shape;
  const AePatchCodes *codes = choice->codes;
  int columns = ae_local_bank_block_columns (s);
  int x0 = (int) block % columns * s->block;
  int y0 = (int) block / columns * s->block;
  size_t d = codes->d, n = 0;
  for (size_t i = 0; i < codes->n; i++)
    for (int y = y0; y < y0 + s->block && y < s->rows; y++)
      for (int x = x0; x < x0 + s->block && x < s->columns; x++) {
        size_t at = (size_t) (y * s->columns + x);
        if (!codes->places[at] || !codes->found[i])
          continue;
        memcpy (rows + n * d, ae_patch_codes_of (codes, i) + at * d,
            d * sizeof *rows);
        owners[n++] = (uint16_t) i;
      }
  return n;
}

static void
choose_block (void *arg, size_t block, int thread)
{
  (void) thread;
  Choice *c = arg;
  size_t d = c->codes->d, side = (size_t) c->facts->shape.block;
  size_t room = c->codes->n * side * side, kept = 0;
  float *rows = ae_alloc (room * d * sizeof *rows);
  uint16_t *owners = ae_alloc (room * sizeof *owners);
  size_t *chosen = ae_alloc (room * sizeof *chosen);
  c->status[block] = AE_ERROR_MEMORY;
  if (rows && owners && chosen) {
    size_t n = gather_block (c, block, rows, owners);
    c->status[block] = n ? ae_coreset_choose (chosen, &kept, rows, n, d,
        c->wanted < n ? c->wanted : n, NULL) : AE_OK;
  }
  for (size_t i = 0; c->status[block] == AE_OK && i < kept; i++) {
    size_t to = block * c->wanted + i;
    memcpy (c->chosen + to * d, rows + chosen[i] * d, d * sizeof *rows);
    c->owners[to] = owners[chosen[i]];
  }
  c->counts[block] = (uint32_t) kept;
  ae_free (rows);
  ae_free (owners);
  ae_free (chosen);
}

static size_t
blocks_in_use (const AePatchCodes *codes, const AeLocalBankShape *s)
{
  int columns = ae_local_bank_block_columns (s);
  int rows = ae_local_bank_block_rows (s);
  size_t used = 0;
  for (int b = 0; b < columns * rows; b++) {
    bool any = false;
    int x0 = b % columns * s->block, y0 = b / columns * s->block;
    for (int y = y0; y < y0 + s->block && y < s->rows; y++)
      for (int x = x0; x < x0 + s->block && x < s->columns; x++)
        any = any || codes->places[y * s->columns + x];
    used += any;
  }
  return used;
}

/* Moves the blocks' codes together and hands them over. */
static AeStatus
keep_chosen (Choice *c, AePatchFacts *f, size_t blocks, AeError *err)
{
  size_t n = 0, d = c->codes->d;
  for (size_t b = 0; b < blocks; b++) {
    if (c->status[b] != AE_OK)
      return ae_fail (err, c->status[b],
          "choosing patches to keep: no memory, or a code is not finite");
    memmove (c->chosen + n * d, c->chosen + b * c->wanted * d,
        c->counts[b] * d * sizeof *c->chosen);
    memmove (c->owners + n, c->owners + b * c->wanted,
        c->counts[b] * sizeof *c->owners);
    n += c->counts[b];
  }
  return ae_patch_facts_set_codes (f, c->counts, c->chosen, c->owners, err);
}

AeStatus
ae_patch_codes_choose (const AePatchCodes *codes, AePatchFacts *f,
    double bytes, int n_threads, AeError *err)
{
  const AeLocalBankShape *s = &f->shape;
  size_t blocks = (size_t) ae_local_bank_block_columns (s)
                  * (size_t) ae_local_bank_block_rows (s);
  size_t used = blocks_in_use (codes, s), most = 0;
  if (used == 0)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "no place that enough of the %zu pictures have a thing at", codes->n);
  most = codes->n * (size_t) (s->block * s->block);
  size_t wanted = (size_t) (bytes / (double) (used * codes->d));
  wanted = wanted < 1 ? 1 : wanted < most ? wanted : most;
  Choice c = { .codes = codes, .facts = f, .wanted = wanted };
  size_t room = 0;
  if (ae_mul_size (blocks * wanted, codes->d, &room))
    c.chosen = ae_calloc (room, sizeof *c.chosen);
  c.owners = ae_calloc (blocks * wanted, sizeof *c.owners);
  c.counts = ae_calloc (blocks, sizeof *c.counts);
  c.status = ae_calloc (blocks, sizeof *c.status);
  AeStatus status = AE_ERROR_MEMORY;
  if (c.chosen && c.owners && c.counts && c.status) {
    ae_pool_run (ae_pool_shared (), ae_pool_threads (n_threads), blocks,
        choose_block, &c);
    status = keep_chosen (&c, f, blocks, err);
  } else {
    ae_fail (err, status, "no memory for a bank of %g bytes", bytes);
  }
  ae_free (c.chosen);
  ae_free (c.owners);
  ae_free (c.counts);
  ae_free (c.status);
  return status;
}
