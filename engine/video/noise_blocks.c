/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/noise_blocks.h"

#include "util/mem.h"
#include "util/pool.h"

#include <stdbool.h>
#include <string.h>

#define SIDE 8 /* of a block in the half-size planes */
#define NORM 36.0f

/* Rows of floats per thread: the signal of one block row in all channels, the
 * luma mean, the quarter-size chroma, and one row of sums. */
enum {
  SIGNAL_ROWS = 6 * SIDE,
  HALF_ROWS = SIDE,
  COARSE_ROWS = 2 * SIDE / 2,
  WORK_ROWS = 14,
  N_ROWS = SIGNAL_ROWS + HALF_ROWS + COARSE_ROWS + WORK_ROWS
};

typedef struct {
  const float *frame6, *warped6, *count;
  int h, w, columns, rows;
  float *scratch;
  size_t row_floats;
  AeNoiseBlock *blocks;
} Measure;

static inline int
min_int (int a, int b)
{
  return a < b ? a : b;
}

size_t
ae_noise_n_blocks (int h, int w)
{
  return (size_t) ((h + SIDE - 1) / SIDE) * ((w + SIDE - 1) / SIDE);
}

/* One spare column at each side, and whole blocks. */
static size_t
floats_per_row (int w)
{
  return ae_align_size ((size_t) w + SIDE + 16);
}

size_t
ae_noise_blocks_scratch_size (int h, int w, int n_threads)
{
  (void) h;
  return (size_t) n_threads * N_ROWS * floats_per_row (w) * sizeof (float);
}

static void
signal_row (const float *restrict frame, const float *restrict warped, int w,
    float *restrict out)
{
  if (!warped) {
    memcpy (out, frame, (size_t) w * sizeof *out);
    return;
  }
  for (int x = 0; x < w; x++)
    out[x] = (frame[x] - warped[x]) * 0.70710678f;
}

/* sums[x] += detail^2 at columns 1 .. n-2 of the middle one of three rows. */
static void
add_detail (const float *restrict a, const float *restrict b,
    const float *restrict c, int n, float *restrict sums)
{
  for (int x = 1; x < n - 1; x++) {
    float left = a[x - 1] - 2 * b[x - 1] + c[x - 1];
    float mid = a[x] - 2 * b[x] + c[x];
    float right = a[x + 1] - 2 * b[x + 1] + c[x + 1];
    float d = left - 2 * mid + right;
    sums[x] += d * d;
  }
}

/* The same on interleaved columns: even ones in a0, b0, c0, odd in a1.. */
static void
add_phase_detail (const float *const row[3][2], int n, float *restrict work0,
    float *restrict work1, float *restrict sums0, float *restrict sums1)
{
  for (int x = 0; x < n; x++) {
    work0[x] = row[0][0][x] - 2 * row[1][0][x] + row[2][0][x];
    work1[x] = row[0][1][x] - 2 * row[1][1][x] + row[2][1][x];
  }
  for (int x = 1; x < n; x++) {
    float d = work1[x - 1] - 2 * work0[x] + work1[x];
    sums0[x] += d * d;
  }
  for (int x = 0; x < n - 1; x++) {
    float d = work0[x] - 2 * work1[x] + work0[x + 1];
    sums1[x] += d * d;
  }
}

static float
sum_of (const float *row, int from, int to)
{
  float sum = 0;
  for (int x = from; x < to; x++)
    sum += row[x];
  return sum;
}

/* Views of one thread's scratch. */
typedef struct {
  float *signal[6][SIDE];
  float *half[SIDE];
  float *coarse[2][SIDE / 2];
  float *work[WORK_ROWS];
} Rows;

static Rows
rows_of (const Measure *m, int thread)
{
  Rows r;
  float *next = m->scratch + (size_t) thread * N_ROWS * m->row_floats;
  for (int c = 0; c < 6; c++)
    for (int y = 0; y < SIDE; y++, next += m->row_floats)
      r.signal[c][y] = next;
  for (int y = 0; y < SIDE; y++, next += m->row_floats)
    r.half[y] = next;
  for (int c = 0; c < 2; c++)
    for (int y = 0; y < SIDE / 2; y++, next += m->row_floats)
      r.coarse[c][y] = next;
  for (int i = 0; i < WORK_ROWS; i++, next += m->row_floats)
    r.work[i] = next;
  return r;
}

static void
load_rows (const Measure *m, Rows *r, int y0, int n)
{
  size_t plane = (size_t) m->h * m->w;
  for (int c = 0; c < 6; c++)
    for (int y = 0; y < n; y++) {
      size_t at = c * plane + (size_t) (y0 + y) * m->w;
      signal_row (m->frame6 + at, m->warped6 ? m->warped6 + at : NULL, m->w,
          r->signal[c][y]);
    }
  for (int y = 0; y < n; y++)
    for (int x = 0; x < m->w; x++)
      r->half[y][x] = 0.25f
                      * (r->signal[0][y][x] + r->signal[1][y][x]
                          + r->signal[2][y][x] + r->signal[3][y][x]);
  for (int c = 0; c < 2; c++)
    for (int y = 0; y < n / 2; y++)
      for (int x = 0; x < m->w / 2; x++) {
        const float *top = r->signal[4 + c][2 * y] + 2 * x;
        const float *bottom = r->signal[4 + c][2 * y + 1] + 2 * x;
        r->coarse[c][y][x] = 0.25f * (top[0] + top[1] + bottom[0] + bottom[1]);
      }
}

/* Luma row Y (0 .. 2n-1) of the block row, its two phases. */
static void
luma_rows (const Rows *r, int first, const float *row[3][2])
{
  for (int i = 0; i < 3; i++)
    for (int px = 0; px < 2; px++)
      row[i][px] = r->signal[((first + i) & 1) * 2 + px][(first + i) >> 1];
}

static void
clear_work (const Measure *m, Rows *r)
{
  for (int i = 0; i < WORK_ROWS; i++)
    memset (r->work[i], 0, m->row_floats * sizeof (float));
}

/* sums[x] += v, squares[x] += v^2, slopes[x] += y v. */
static void
add_moments (const float *restrict v, int n, float y, float *restrict sums,
    float *restrict squares, float *restrict slopes)
{
  for (int x = 0; x < n; x++) {
    sums[x] += v[x];
    squares[x] += v[x] * v[x];
    slopes[x] += y * v[x];
  }
}

/* Moments by column, in work rows: 8, 9, 10 sum, squares and slope of luma;
 * 11, 12 sums of U and V; 13 their squares. */
static void
sum_moments (const Measure *m, Rows *r, int n)
{
  for (int y = 0; y < n; y++) {
    float place = (float) y - 0.5f * (float) (n - 1);
    for (int c = 0; c < 4; c++)
      add_moments (
          r->signal[c][y], m->w, place, r->work[8], r->work[9], r->work[10]);
    for (int c = 0; c < 2; c++)
      add_moments (r->signal[4 + c][y], m->w, place, r->work[11 + c],
          r->work[13], r->work[5]);
  }
}

/* Sums of squares by column, in work rows: 0, 1 luma phases; 2 half-size
 * luma; 3 chroma; 4 coarse chroma. */
static void
sum_columns (const Measure *m, Rows *r, int n)
{
  clear_work (m, r);
  for (int y = 0; y + 2 < 2 * n; y++) {
    const float *row[3][2];
    luma_rows (r, y, row);
    add_phase_detail (
        row, m->w, r->work[6], r->work[7], r->work[0], r->work[1]);
  }
  for (int y = 0; y + 2 < n; y++) {
    add_detail (r->half[y], r->half[y + 1], r->half[y + 2], m->w, r->work[2]);
    for (int c = 4; c < 6; c++)
      add_detail (r->signal[c][y], r->signal[c][y + 1], r->signal[c][y + 2],
          m->w, r->work[3]);
  }
  for (int c = 0; c < 2; c++)
    for (int y = 0; y + 2 < n / 2; y++)
      add_detail (r->coarse[c][y], r->coarse[c][y + 1], r->coarse[c][y + 2],
          m->w / 2, r->work[4]);
}

/* Variance of n x width positions of luma around the best plane: what is left
 * of the squares without mean and slopes, whose functions are orthogonal. */
static float
full_variance (const Rows *r, int x0, int n, int width)
{
  float sum = 0, square = 0, down = 0, right = 0;
  for (int x = 0; x < width; x++) {
    sum += r->work[8][x0 + x];
    square += r->work[9][x0 + x];
    down += r->work[10][x0 + x];
    right += r->work[8][x0 + x]
             * ((float) x - 0.5f * (float) (width - 1));
  }
  float count = 4.0f * (float) (n * width);
  float down_norm = count * (float) (n * n - 1) / 12;
  float right_norm = count * (float) (width * width - 1) / 12;
  float rest = square - sum * sum / count - down * down / down_norm
               - right * right / right_norm;
  return rest > 0 ? rest / (count - 3) : 0;
}

static void
measure_chroma_moments (
    const Rows *r, int x0, int n, int width, AeNoiseBlock *b)
{
  float count = (float) (n * width);
  b->full_chroma = 0.5f * sum_of (r->work[13], x0, x0 + width) / count;
  for (int c = 0; c < 2; c++) {
    b->chroma_mean[c] = sum_of (r->work[11 + c], x0, x0 + width) / count;
    b->full_chroma -= 0.5f * b->chroma_mean[c] * b->chroma_mean[c];
  }
}

static float
block_mean (const Measure *m, int y0, int y1, int x0, int x1)
{
  size_t plane = (size_t) m->h * m->w;
  float sum = 0;
  for (int c = 0; c < 4; c++)
    for (int y = y0; y < y1; y++)
      sum += sum_of (m->frame6 + c * plane + (size_t) y * m->w, x0, x1);
  return sum / (4.0f * (float) ((y1 - y0) * (x1 - x0)));
}

static bool
inside_reference (const Measure *m, int y0, int y1, int x0, int x1)
{
  if (!m->warped6)
    return true;
  for (int y = y0; y < y1; y++)
    for (int x = x0; x < x1; x++)
      if (m->count[(size_t) y * m->w + x] <= 0)
        return false;
  return true;
}

/* A row of blocks. The sums keep a column free at both sides of each block; a
 * last block may be 4 wide or high, too few for coarse chroma. */
static void
measure_job (void *arg, size_t index, int thread)
{
  const Measure *m = arg;
  Rows r = rows_of (m, thread);
  int y0 = (int) index * SIDE, y1 = min_int (y0 + SIDE, m->h), n = y1 - y0;
  load_rows (m, &r, y0, n);
  sum_columns (m, &r, n);
  sum_moments (m, &r, n);
  for (int column = 0; column < m->columns; column++) {
    int x0 = column * SIDE, x1 = min_int (x0 + SIDE, m->w), width = x1 - x0;
    float inner = (float) ((n - 2) * (width - 2));
    float luma = sum_of (r.work[0], x0 + 1, x1)
                 + sum_of (r.work[1], x0, x1 - 1);
    float coarse = sum_of (r.work[4], x0 / 2 + 1, x1 / 2 - 1);
    int coarse_n = 2 * (n / 2 - 2) * (width / 2 - 2);
    AeNoiseBlock *block = &m->blocks[index * m->columns + column];
    *block = (AeNoiseBlock) {
      .luma = luma / (NORM * (float) ((2 * n - 2) * (2 * width - 2))),
      .half = sum_of (r.work[2], x0 + 1, x1 - 1) / (NORM * inner),
      .full = full_variance (&r, x0, n, width),
      .chroma = sum_of (r.work[3], x0 + 1, x1 - 1) / (2 * NORM * inner),
      .coarse_chroma = coarse_n > 0 ? coarse / (NORM * (float) coarse_n) : 0,
      .mean = block_mean (m, y0, y1, x0, x1),
      .used = inside_reference (m, y0, y1, x0, x1) && luma > 0,
    };
    measure_chroma_moments (&r, x0, n, width, block);
  }
}

/* Blocks that are not whole are not used beside whole ones. */
static void
drop_narrow_blocks (const Measure *m)
{
  int whole_columns = m->w < SIDE ? 1 : m->w / SIDE;
  int whole_rows = m->h < SIDE ? 1 : m->h / SIDE;
  for (int row = 0; row < m->rows; row++)
    for (int column = 0; column < m->columns; column++)
      if (row >= whole_rows || column >= whole_columns)
        m->blocks[row * m->columns + column].used = 0;
}

/* Averages half and chroma values, which come from few samples, with those of
 * the neighbours to the right and below that can be used; the variance of
 * chroma becomes that of all together. In place is right: those come
 * later. */
static void
join_neighbours (const Measure *m, int row, int column)
{
  AeNoiseBlock *b = &m->blocks[row * m->columns + column];
  float luma = 0, half = 0, chroma = 0, coarse_chroma = 0, n = 0;
  float full = 0, mean[2] = { 0 }, square[2] = { 0 };
  for (int y = 0; y < 2 && row + y < m->rows; y++)
    for (int x = 0; x < 2 && column + x < m->columns; x++) {
      const AeNoiseBlock *other = b + y * m->columns + x;
      luma += other->used * other->luma;
      half += other->used * other->half;
      chroma += other->used * other->chroma;
      coarse_chroma += other->used * other->coarse_chroma;
      full += other->used * other->full_chroma;
      for (int c = 0; c < 2; c++) {
        float shift = other->chroma_mean[c] - b->chroma_mean[c];
        mean[c] += other->used * shift;
        square[c] += other->used * shift * shift;
      }
      n += other->used;
    }
  b->joined_luma = luma / n;
  b->half = half / n;
  b->chroma = chroma / n;
  b->coarse_chroma = coarse_chroma / n;
  b->full_chroma = full / n;
  for (int c = 0; c < 2; c++)
    b->full_chroma
        += 0.5f * (square[c] - mean[c] * mean[c] / n) / n;
}

void
ae_noise_measure (const float *frame6, const float *warped6,
    const float *warped_count, int h, int w, int n_threads, void *scratch,
    AeNoiseBlock *blocks)
{
  Measure m = { frame6, warped6, warped_count, h, w, (w + SIDE - 1) / SIDE,
    (h + SIDE - 1) / SIDE, scratch, floats_per_row (w), blocks };
  ae_pool_run (ae_pool_shared (), n_threads, m.rows, measure_job, &m);
  drop_narrow_blocks (&m);
  for (int row = 0; row < m.rows; row++)
    for (int column = 0; column < m.columns; column++)
      if (blocks[row * m.columns + column].used > 0)
        join_neighbours (&m, row, column);
}
