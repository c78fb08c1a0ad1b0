/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/local_bank.h"

#include "kernels/sgemm.h"
#include "util/mem.h"
#include "util/pool.h"

#include <math.h>
#include <string.h>

/* Squared distances to codes c are |x|^2 + |c|^2 - 2 x c. The codes of one
 * block are multiplied with the places of all blocks around it at once, (-2 c,
 * |c|^2) by (x, 1), so that the bank is read once for a picture; places lie in
 * the lanes of vectors. */
#define LANES AE_SGEMM_BLOCK

struct AeLocalBank {
  AeLocalBankShape shape;
  int block_columns, block_rows;
  size_t *start;    /* of each block's codes, and where the last ones end */
  size_t most;      /* codes of a block */
  float *factor;    /* codes x (d + 1) */
  uint16_t *owner;  /* codes */
};

int
ae_local_bank_block_columns (const AeLocalBankShape *s)
{
  return (s->columns + s->block - 1) / s->block;
}

int
ae_local_bank_block_rows (const AeLocalBankShape *s)
{
  return (s->rows + s->block - 1) / s->block;
}

static size_t
places_of (const AeLocalBank *b)
{
  return (size_t) b->shape.columns * (size_t) b->shape.rows;
}

/* Places that are compared with one block, rounded up to whole vectors. */
static size_t
places_around (const AeLocalBankShape *s)
{
  size_t wide = (size_t) ((2 * s->reach_x + 1) * s->block);
  size_t high = (size_t) ((2 * s->reach_y + 1) * s->block);
  return (wide * high + LANES - 1) / LANES * LANES;
}

static AeStatus
make_factor (AeLocalBank *b, const float *codes, AeError *err)
{
  size_t d = (size_t) b->shape.d;
  size_t n = b->start[b->block_columns * b->block_rows];
  float *to = b->factor;
  for (size_t i = 0; i < n; i++, codes += d) {
    double square = 0;
    for (size_t k = 0; k < d; k++) {
      if (!isfinite (codes[k]))
        return ae_fail (err, AE_ERROR_NUMERIC,
            "value %zu of code %zu is %g, wanted a finite one", k, i,
            (double) codes[k]);
      *to++ = -2 * codes[k];
      square += (double) codes[k] * codes[k];
    }
    *to++ = (float) square;
  }
  return AE_OK;
}

static void
count_codes (AeLocalBank *b, const uint32_t *counts)
{
  size_t blocks = (size_t) b->block_columns * (size_t) b->block_rows;
  for (size_t i = 0; i < blocks; i++) {
    b->start[i + 1] = b->start[i] + counts[i];
    b->most = counts[i] > b->most ? counts[i] : b->most;
  }
}

AeStatus
ae_local_bank_new (AeLocalBank **out, const AeLocalBankShape *shape,
    const uint32_t *counts, const float *codes, const uint16_t *owners,
    AeError *err)
{
  AeStatus status = AE_ERROR_MEMORY;
  AeLocalBank *b = *out = ae_calloc (1, sizeof *b);
  if (!b)
    return ae_fail (err, status, "no memory for a bank of codes");
  b->shape = *shape;
  b->block_columns = ae_local_bank_block_columns (shape);
  b->block_rows = ae_local_bank_block_rows (shape);
  size_t blocks = (size_t) b->block_columns * (size_t) b->block_rows, n = 0;
  b->start = ae_calloc (blocks + 1, sizeof *b->start);
  if (b->start) {
    count_codes (b, counts);
    n = b->start[blocks];
    b->factor = ae_calloc (n, ((size_t) shape->d + 1) * sizeof (float));
    b->owner = ae_calloc (n, sizeof *b->owner);
  }
  if (!b->factor || !b->owner)
    ae_fail (err, status, "no memory for a bank of %zu codes", n);
  else if (n == 0)
    status = ae_fail (err, AE_ERROR_ARGUMENT, "a bank without codes");
  else
    status = make_factor (b, codes, err);
  if (status == AE_OK && owners)
    memcpy (b->owner, owners, n * sizeof *owners);
  if (status != AE_OK)
    ae_local_bank_free (out);
  return status;
}

void
ae_local_bank_free (AeLocalBank **bank)
{
  AeLocalBank *b = *bank;
  *bank = NULL;
  if (!b)
    return;
  ae_free (b->start);
  ae_free (b->factor);
  ae_free (b->owner);
  ae_free (b);
}

/* Of one block's codes and the places around. */
static AeGemm
product (const AeLocalBank *b, size_t codes)
{
  return (AeGemm){ .tb = true, .m = codes, .n = places_around (&b->shape),
    .k = (size_t) b->shape.d + 1, .alpha = 1 };
}

/* Parts of one thread's scratch. */
typedef struct {
  float *rows;     /* places around x (d + 1) */
  float *packed;
  float *products; /* most x places around */
  float *least;    /* rows x columns: squared, without |x|^2 */
  float *owner;    /* rows x columns */
} Part;

static size_t
part_of (const AeLocalBank *b, float *scratch, Part *part)
{
  AeGemm g = product (b, b->most);
  size_t size[] = { g.n * g.k, ae_sgemm_b_floats (&g), g.m * g.n,
    places_of (b), places_of (b) };
  float **to[] = { &part->rows, &part->packed, &part->products,
    &part->least, &part->owner };
  size_t at = 0;
  for (int i = 0; i < 5; i++) {
    if (scratch)
      *to[i] = scratch + at;
    at += (size[i] + 15) / 16 * 16;
  }
  return at;
}

size_t
ae_local_bank_scratch (const AeLocalBank *b, int n_threads)
{
  Part unused;
  return part_of (b, NULL, &unused) * (size_t) ae_pool_threads (n_threads);
}

typedef struct {
  const AeLocalBank *bank;
  const AeLocalQuery *query;
  float *scratch;
  bool with_owners;
} Search;

/* Writes the codes of the places around a block, with a 1 behind each, and
 * which places they are; returns how many. */
static size_t
gather (const Search *s, int column, int row, float *to, size_t *which)
{
  const AeLocalBankShape *shape = &s->bank->shape;
  size_t d = (size_t) shape->d, n = 0;
  int x0 = (column - shape->reach_x) * shape->block;
  int x1 = (column + shape->reach_x + 1) * shape->block;
  int y0 = (row - shape->reach_y) * shape->block;
  int y1 = (row + shape->reach_y + 1) * shape->block;
  for (int y = y0 < 0 ? 0 : y0; y < y1 && y < shape->rows; y++)
    for (int x = x0 < 0 ? 0 : x0; x < x1 && x < shape->columns; x++) {
      size_t at = (size_t) y * (size_t) shape->columns + (size_t) x;
      if (s->query->places && !s->query->places[at])
        continue;
      memcpy (to + n * (d + 1), s->query->codes + at * d, d * sizeof *to);
      to[n * (d + 1) + d] = 1;
      which[n++] = at;
    }
  return n;
}

/* The least product of each place with any of the codes. */
static void
find_least (const Search *s, const float *products, size_t first, size_t codes,
    size_t wide, float *restrict least)
{
  const uint8_t *skip = s->query->skip;
  for (size_t k = 0; k < wide; k++)
    least[k] = HUGE_VALF;
  for (size_t i = 0; i < codes; i++) {
    const float *restrict p = products + i * wide;
    if (skip && skip[s->bank->owner[first + i]])
      continue;
    for (size_t k = 0; k < wide; k++)
      least[k] = p[k] < least[k] ? p[k] : least[k];
  }
}

/* Whose it is: the first of those with that product. */
static uint16_t
owner_of (const Search *s, const float *products, size_t first, size_t codes,
    size_t wide, float least)
{
  const uint8_t *skip = s->query->skip;
  for (size_t i = 0; i < codes; i++) {
    uint16_t owner = s->bank->owner[first + i];
    if (products[i * wide] <= least && !(skip && skip[owner]))
      return owner;
  }
  return 0;
}

#define MOST_AROUND 1024

static void
keep_nearer (const Search *s, Part *part, size_t first, size_t codes,
    const size_t *which, size_t n)
{
  float least[MOST_AROUND];
  size_t wide = places_around (&s->bank->shape);
  find_least (s, part->products, first, codes, wide, least);
  for (size_t k = 0; k < n; k++) {
    size_t at = which[k];
    if (!(least[k] <= part->least[at]) || least[k] == HUGE_VALF)
      continue;
    float owner = 0;
    if (s->with_owners)
      owner = owner_of (s, part->products + k, first, codes, wide, least[k]);
    if (least[k] < part->least[at] || owner < part->owner[at])
      part->owner[at] = owner;
    part->least[at] = least[k];
  }
}

static void
search_block (void *arg, size_t block, int thread)
{
  const Search *s = arg;
  const AeLocalBank *b = s->bank;
  size_t first = b->start[block], codes = b->start[block + 1] - first;
  size_t which[MOST_AROUND];
  Part part;
  if (codes == 0)
    return;
  AeGemm g = product (b, codes);
  part_of (b, s->scratch + (size_t) thread * part_of (b, NULL, &part), &part);
  size_t n = gather (s, (int) block % b->block_columns,
      (int) block / b->block_columns, part.rows, which);
  if (n == 0)
    return;
  memset (part.rows + n * g.k, 0, (g.n - n) * g.k * sizeof (float));
  size_t blocks = ae_sgemm_b_blocks (&g);
  ae_sgemm_pack_b (ae_kernels (), &g, part.rows, 0, blocks, part.packed);
  ae_sgemm_part (ae_kernels (), &g, b->factor + first * g.k, part.packed,
      part.products, 0, codes, 0, blocks);
  keep_nearer (s, &part, first, codes, which, n);
}

static float
square_of (const float *code, size_t d)
{
  double sum = 0;
  for (size_t k = 0; k < d; k++)
    sum += (double) code[k] * code[k];
  return (float) sum;
}

/* The least of all threads'. */
static void
join (const Search *s, int n_threads, float *distances, uint16_t *owners)
{
  size_t places = places_of (s->bank), d = (size_t) s->bank->shape.d;
  Part part;
  size_t step = part_of (s->bank, NULL, &part);
  for (size_t i = 0; i < places; i++) {
    float least = HUGE_VALF, owner = 0;
    for (int t = 0; t < n_threads; t++) {
      part_of (s->bank, s->scratch + (size_t) t * step, &part);
      if (part.least[i] < least
          || (part.least[i] == least && part.owner[i] < owner)) {
        least = part.least[i];
        owner = part.owner[i];
      }
    }
    if (least < HUGE_VALF)
      least = sqrtf (
          fmaxf (least + square_of (s->query->codes + i * d, d), 0));
    distances[i] = least;
    if (owners)
      owners[i] = (uint16_t) owner;
  }
}

void
ae_local_bank_distances (const AeLocalBank *b, const AeLocalQuery *query,
    float *distances, uint16_t *owners, float *scratch)
{
  Search s = { b, query, scratch, owners != NULL };
  int threads = ae_pool_threads (query->n_threads);
  Part part;
  size_t step = part_of (b, NULL, &part);
  for (int t = 0; t < threads; t++) {
    part_of (b, scratch + (size_t) t * step, &part);
    for (size_t i = 0; i < places_of (b); i++) {
      part.least[i] = HUGE_VALF;
      part.owner[i] = 0;
    }
  }
  ae_pool_run (ae_pool_shared (), threads,
      (size_t) b->block_columns * (size_t) b->block_rows, search_block, &s);
  join (&s, threads, distances, owners);
}
