/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/footage.h"

#include "detect/grey.h"
#include "util/mem.h"
#include "util/rng.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define FIFTH 5
#define LEAST_BLOCKS 8 /* that the memory has room for: they are shorter then */
#define LEAST_FRAMES 2 /* of a block */
#define MOST_FRAMES 4096
#define SOONER 0.8 /* of the time between frames: earlier ones are left out */
#define OTHER_PROPORTIONS 0.05
#define TOGETHER 12 /* first blocks of a run that are held out, or none */

struct AeFootageBlock {
  atomic_int n_refs;
  size_t n; /* grows under the store's lock; what is there stays */
  size_t room;
  double length; /* seconds */
  bool held_out;
  uint64_t number, run;
  uint8_t **frames;
  double *seconds;
};

struct AeFootage {
  AeFootageOptions o;
  pthread_mutex_t adding; /* what pictures are made with */
  AeGrey *grey;
  AeImage format;      /* of the picture before */
  AeImage first;       /* decided about the size */
  double since;        /* seconds since the last kept frame */

  pthread_mutex_t lock;
  int width, height;   /* 0: no picture yet */
  AeFootageBlock **blocks;
  size_t n_blocks, room;
  size_t n_frames[2]; /* of training, held out */
  uint64_t n_made, run;
  uint64_t of_run; /* blocks of the run before the last block */
  AeRng rng;
};

static void
block_unref (AeFootageBlock **block)
{
  AeFootageBlock *b = *block;
  *block = NULL;
  if (!b || atomic_fetch_sub (&b->n_refs, 1) > 1)
    return;
  for (size_t i = 0; i < b->n; i++)
    ae_free (b->frames[i]);
  ae_free (b->frames);
  ae_free (b->seconds);
  ae_free (b);
}

static AeFootageBlock *
block_new (size_t room)
{
  AeFootageBlock *b = ae_calloc (1, sizeof *b);
  if (!b)
    return NULL;
  atomic_init (&b->n_refs, 1);
  b->room = room;
  b->frames = ae_calloc (room, sizeof *b->frames);
  b->seconds = ae_calloc (room, sizeof *b->seconds);
  if (!b->frames || !b->seconds)
    block_unref (&b);
  return b;
}

AeStatus
ae_footage_new (
    AeFootage **out, const AeFootageOptions *options, AeError *err)
{
  AeFootage *f = *out = NULL;
  if (!(options->frame_rate > 0) || !isfinite (options->frame_rate))
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%g frames per second, wanted more than 0", options->frame_rate);
  f = *out = ae_calloc (1, sizeof *f);
  if (!f)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for footage");
  f->o = *options;
  pthread_mutex_init (&f->adding, NULL);
  pthread_mutex_init (&f->lock, NULL);
  ae_rng_seed (&f->rng, options->seed);
  return AE_OK;
}

void
ae_footage_free (AeFootage **footage)
{
  AeFootage *f = *footage;
  *footage = NULL;
  if (!f)
    return;
  for (size_t i = 0; i < f->n_blocks; i++)
    block_unref (&f->blocks[i]);
  ae_free (f->blocks);
  ae_grey_free (&f->grey);
  pthread_mutex_destroy (&f->adding);
  pthread_mutex_destroy (&f->lock);
  ae_free (f);
}

/* Size. */

static int
scaled_edge (int edge, double scale)
{
  int unit = AE_FOOTAGE_EDGE_UNIT;
  int most = edge / unit * unit;
  int scaled = (int) lround (edge * scale / unit) * unit;
  scaled = scaled < AE_FOOTAGE_LEAST_EDGE ? AE_FOOTAGE_LEAST_EDGE : scaled;
  return scaled < most ? scaled : most;
}

static void
choose_size (AeFootage *f, const AeImage *image)
{
  double pixels = (double) image->width * image->height;
  double scale = fmin (1, sqrt ((double) f->o.area / pixels));
  int width = scaled_edge (image->width, scale);
  int height = scaled_edge (image->height, scale);
  pthread_mutex_lock (&f->lock);
  f->width = width;
  f->height = height;
  pthread_mutex_unlock (&f->lock);
  f->first = *image;
}

static AeStatus
check_picture (
    const AeFootage *f, const AeImage *image, double seconds, AeError *err)
{
  if (!(seconds >= 0) || !isfinite (seconds))
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a picture %g seconds after the one before, wanted 0 or more",
        seconds);
  if (image->width < AE_FOOTAGE_LEAST_EDGE
      || image->height < AE_FOOTAGE_LEAST_EDGE)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a picture of %dx%d, wanted at least %dx%d", image->width,
        image->height, AE_FOOTAGE_LEAST_EDGE, AE_FOOTAGE_LEAST_EDGE);
  if (f->width == 0)
    return AE_OK;
  double found = (double) image->width / image->height;
  double wanted = (double) f->first.width / f->first.height;
  if (fabs (found / wanted - 1) <= OTHER_PROPORTIONS)
    return AE_OK;
  return ae_fail (err, AE_ERROR_ARGUMENT,
      "a picture of %dx%d, wanted the proportions of the first one, %dx%d",
      image->width, image->height, f->first.width, f->first.height);
}

static AeStatus
check_memory (const AeFootage *f, AeError *err)
{
  size_t one = (size_t) f->width * (size_t) f->height;
  size_t least = LEAST_BLOCKS * LEAST_FRAMES * one;
  return f->o.max_bytes >= least
      ? AE_OK
      : ae_fail (err, AE_ERROR_LIMIT,
            "%zu bytes for frames of %dx%d, wanted at least %zu: the recipe's "
            "training.memory may be more",
            f->o.max_bytes, f->width, f->height, least);
}

/* One picture. */

static bool
same_kind (const AeImage *a, const AeImage *b)
{
  return a->pixels == b->pixels && a->width == b->width
      && a->height == b->height && a->matrix == b->matrix
      && a->pixel_stride == b->pixel_stride && a->r == b->r && a->g == b->g
      && a->b == b->b;
}

static uint8_t *
load (AeFootage *f, const AeImage *image, double seconds)
{
  if (!f->grey || !same_kind (&f->format, image)) {
    ae_grey_free (&f->grey);
    f->grey = ae_grey_new (image, f->width, f->height, f->o.n_threads);
    f->format = *image;
    if (f->grey && f->o.by_median)
      ae_grey_set_by_median (f->grey);
  }
  uint8_t *frame = ae_alloc ((size_t) f->width * (size_t) f->height);
  if (!f->grey || !frame) {
    ae_free (frame);
    return NULL;
  }
  if (seconds == 0)
    ae_grey_reset (f->grey);
  ae_grey_load (f->grey, image, seconds, frame);
  return frame;
}

/* Making room, under the lock. */

static void
drop (AeFootage *f, size_t index)
{
  AeFootageBlock *b = f->blocks[index];
  f->n_frames[b->held_out] -= b->n;
  f->n_blocks--;
  memmove (f->blocks + index, f->blocks + index + 1,
      (f->n_blocks - index) * sizeof *f->blocks);
  block_unref (&b);
}

/* The newest block grows: it stays. */
static void
drop_some (AeFootage *f)
{
  size_t older = f->n_blocks - 1, of_kind[2] = { 0 };
  assert (older > 0); /* a block is an eighth of the memory at most */
  for (size_t i = 0; i < older; i++)
    of_kind[f->blocks[i]->held_out]++;
  bool held_out = (FIFTH - 1) * f->n_frames[1] > f->n_frames[0];
  if (of_kind[held_out] == 0)
    held_out = !held_out;
  size_t left = ae_rng_below (&f->rng, (uint32_t) of_kind[held_out]);
  for (size_t i = 0; i < older; i++)
    if (f->blocks[i]->held_out == held_out && left-- == 0) {
      drop (f, i);
      return;
    }
}

/* Frames of a block at most. */
static size_t
block_room (const AeFootage *f)
{
  size_t one = (size_t) f->width * (size_t) f->height;
  double by_time = ceil (AE_FOOTAGE_BLOCK * f->o.frame_rate / SOONER) + 1;
  size_t by_memory = f->o.max_bytes / LEAST_BLOCKS / one;
  size_t room = by_time < MOST_FRAMES ? (size_t) by_time : MOST_FRAMES;
  return room < by_memory ? room : by_memory;
}

/* Runs of their own where there are several: what is seen a few seconds after
 * what was learned is more like it than what a detector will see. */
static bool
holds_out (const AeFootage *f, uint64_t number)
{
  bool together = f->run > 1 && f->of_run < TOGETHER;
  return together ? f->run % FIFTH == 2 : number % FIFTH == 1;
}

static bool
start_block (AeFootage *f, bool new_run)
{
  if (f->n_blocks == f->room) {
    size_t room = 2 * f->room + 16;
    AeFootageBlock **grown
        = ae_realloc (f->blocks, f->room, room, sizeof *grown);
    if (!grown)
      return false;
    f->blocks = grown;
    f->room = room;
  }
  AeFootageBlock *b = block_new (block_room (f));
  if (!b)
    return false;
  f->run += new_run;
  f->of_run = new_run ? 0 : f->of_run + 1;
  b->run = f->run;
  b->number = f->n_made++;
  b->held_out = holds_out (f, b->number);
  f->blocks[f->n_blocks++] = b;
  return true;
}

static bool
is_full (const AeFootageBlock *b)
{
  return b->n == b->room || b->length >= AE_FOOTAGE_BLOCK;
}

/* Takes the frame when it succeeds. */
static bool
append (AeFootage *f, uint8_t *frame, double seconds)
{
  size_t one = (size_t) f->width * (size_t) f->height;
  bool new_run = seconds == 0 || f->n_blocks == 0;
  if ((new_run || is_full (f->blocks[f->n_blocks - 1]))
      && !start_block (f, new_run))
    return false;
  while ((f->n_frames[0] + f->n_frames[1] + 1) * one > f->o.max_bytes)
    drop_some (f);
  AeFootageBlock *b = f->blocks[f->n_blocks - 1];
  b->frames[b->n] = frame;
  b->seconds[b->n++] = new_run ? 0 : seconds;
  b->length += b->n > 1 ? seconds : 0;
  f->n_frames[b->held_out]++;
  return true;
}

/* Adding. */

static AeStatus
keep (AeFootage *f, const AeImage *image, double seconds, AeError *err)
{
  AeStatus status = check_memory (f, err);
  if (status != AE_OK)
    return status;
  uint8_t *frame = load (f, image, seconds);
  pthread_mutex_lock (&f->lock);
  bool ok = frame && append (f, frame, seconds);
  pthread_mutex_unlock (&f->lock);
  if (ok)
    return AE_OK;
  ae_free (frame);
  return ae_fail (err, AE_ERROR_MEMORY, "no memory for another picture");
}

static AeStatus
add (AeFootage *f, const AeImage *image, double seconds, AeError *err)
{
  AeStatus status = check_picture (f, image, seconds, err);
  if (status != AE_OK)
    return status;
  if (f->width == 0)
    choose_size (f, image);
  f->since += seconds;
  if (seconds > 0 && f->since < SOONER / f->o.frame_rate)
    return AE_OK;
  status = keep (f, image, seconds > 0 ? f->since : 0, err);
  f->since = 0;
  return status;
}

AeStatus
ae_footage_add (
    AeFootage *footage, const AeImage *image, double seconds, AeError *err)
{
  pthread_mutex_lock (&footage->adding);
  AeStatus status = add (footage, image, seconds, err);
  pthread_mutex_unlock (&footage->adding);
  return status;
}

/* Reading. */

bool
ae_footage_size (AeFootage *f, int *width, int *height)
{
  pthread_mutex_lock (&f->lock);
  *width = f->width;
  *height = f->height;
  pthread_mutex_unlock (&f->lock);
  return *width > 0;
}

size_t
ae_footage_n_frames (AeFootage *f)
{
  pthread_mutex_lock (&f->lock);
  size_t n = f->n_frames[0] + f->n_frames[1];
  pthread_mutex_unlock (&f->lock);
  return n;
}

size_t
ae_footage_n_blocks (AeFootage *f)
{
  pthread_mutex_lock (&f->lock);
  size_t n = f->n_blocks;
  pthread_mutex_unlock (&f->lock);
  return n;
}

/* Under the lock. */
static AeFootageView
view_of (AeFootageBlock *b, size_t first, size_t n)
{
  atomic_fetch_add (&b->n_refs, 1);
  return (AeFootageView){ .frames = (const uint8_t *const *) b->frames + first,
    .seconds = b->seconds + first,
    .n = n,
    .held_out = b->held_out,
    .number = b->number,
    .run = b->run,
    .block = b };
}

bool
ae_footage_block (AeFootage *f, size_t index, AeFootageView *view)
{
  *view = (AeFootageView){ 0 };
  pthread_mutex_lock (&f->lock);
  if (index < f->n_blocks)
    *view = view_of (f->blocks[index], 0, f->blocks[index]->n);
  pthread_mutex_unlock (&f->lock);
  return view->n > 0;
}

static size_t
windows_of (const AeFootageBlock *b, bool held_out, size_t length)
{
  return b->held_out == held_out && b->n >= length ? b->n - length + 1 : 0;
}

size_t
ae_footage_n_windows (AeFootage *f, bool held_out, size_t length)
{
  size_t n = 0;
  pthread_mutex_lock (&f->lock);
  for (size_t i = 0; i < f->n_blocks; i++)
    n += windows_of (f->blocks[i], held_out, length);
  pthread_mutex_unlock (&f->lock);
  return n;
}

bool
ae_footage_window (AeFootage *f, bool held_out, size_t length, size_t index,
    AeFootageView *view)
{
  *view = (AeFootageView){ 0 };
  pthread_mutex_lock (&f->lock);
  for (size_t i = 0; i < f->n_blocks; i++) {
    size_t n = windows_of (f->blocks[i], held_out, length);
    if (index < n) {
      *view = view_of (f->blocks[i], index, length);
      break;
    }
    index -= n;
  }
  pthread_mutex_unlock (&f->lock);
  return view->n > 0;
}

void
ae_footage_view_clear (AeFootageView *view)
{
  block_unref (&view->block);
  *view = (AeFootageView){ 0 };
}
