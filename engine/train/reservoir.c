/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/reservoir.h"

#include "util/mem.h"
#include "util/rng.h"

#include <pthread.h>

#define MAX_HELD_OUT 64

struct AeReservoir {
  pthread_mutex_t lock;
  AePicture **pictures;
  size_t n, capacity;
  AePicture *held_out[MAX_HELD_OUT];
  size_t n_held_out;
  size_t bytes, max_bytes;
  unsigned hold_out_every;
  uint64_t n_added;
  bool broken; /* the next picture does not follow the last stored one */
  AeRng rng;
};

AeStatus
ae_reservoir_new (AeReservoir **out, size_t max_bytes, unsigned hold_out_every,
    uint64_t seed, AeError *err)
{
  AeReservoir *r = *out = ae_calloc (1, sizeof *r);
  if (!r)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a reservoir");
  pthread_mutex_init (&r->lock, NULL);
  r->max_bytes = max_bytes;
  r->hold_out_every = hold_out_every;
  r->broken = true;
  ae_rng_seed (&r->rng, seed);
  return AE_OK;
}

void
ae_reservoir_free (AeReservoir **reservoir)
{
  AeReservoir *r = *reservoir;
  *reservoir = NULL;
  if (!r)
    return;
  for (size_t i = 0; i < r->n; i++)
    ae_picture_unref (&r->pictures[i]);
  for (size_t i = 0; i < r->n_held_out; i++)
    ae_picture_unref (&r->held_out[i]);
  ae_free (r->pictures);
  pthread_mutex_destroy (&r->lock);
  ae_free (r);
}

/* Room for one more entry in the list. */
static bool
grow (AeReservoir *r)
{
  if (r->n < r->capacity)
    return true;
  size_t capacity = r->capacity ? 2 * r->capacity : 64;
  AePicture **pictures
      = ae_realloc (r->pictures, r->capacity, capacity, sizeof *pictures);
  if (!pictures)
    return false;
  r->pictures = pictures;
  r->capacity = capacity;
  return true;
}

/* A random entry is replaced. Its neighbours no longer follow each other, and
 * the new picture's predecessor in time is not the one before it. */
static void
replace (AeReservoir *r, AePicture *picture)
{
  size_t index = ae_rng_below (&r->rng, (uint32_t) r->n);
  r->bytes += picture->bytes;
  r->bytes -= r->pictures[index]->bytes;
  ae_picture_unref (&r->pictures[index]);
  picture->continues = false;
  r->pictures[index] = picture;
  if (index + 1 < r->n)
    r->pictures[index + 1]->continues = false;
  r->broken = true;
}

/* Drops last entries until the size fits: pictures of mixed sizes. */
static void
shrink (AeReservoir *r)
{
  while (r->bytes > r->max_bytes && r->n > 1) {
    AePicture *last = r->pictures[--r->n];
    r->bytes -= last->bytes;
    ae_picture_unref (&last);
    r->broken = true;
  }
}

static bool
add_locked (AeReservoir *r, AePicture *picture)
{
  uint64_t number = ++r->n_added;
  bool full = r->bytes + picture->bytes > r->max_bytes && r->n > 0;
  bool due = r->hold_out_every > 0 && number % r->hold_out_every == 0;
  if (due && r->n_held_out < MAX_HELD_OUT && !full) {
    r->held_out[r->n_held_out++] = picture;
    r->bytes += picture->bytes;
    r->broken = true;
    return true;
  }
  if (full) {
    replace (r, picture);
    shrink (r);
    return true;
  }
  if (!grow (r))
    return false;
  picture->continues = picture->continues && !r->broken;
  r->pictures[r->n++] = picture;
  r->bytes += picture->bytes;
  r->broken = false;
  return true;
}

AeStatus
ae_reservoir_add (AeReservoir *reservoir, AePicture *picture, AeError *err)
{
  AeReservoir *r = reservoir;
  if (picture->bytes > r->max_bytes) {
    size_t bytes = picture->bytes;
    ae_picture_unref (&picture);
    return ae_fail (err, AE_ERROR_LIMIT,
        "a picture of %zu bytes is larger than the %zu bytes for all", bytes,
        r->max_bytes);
  }
  pthread_mutex_lock (&r->lock);
  bool ok = add_locked (r, picture);
  pthread_mutex_unlock (&r->lock);
  if (!ok) {
    ae_picture_unref (&picture);
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for another picture");
  }
  return AE_OK;
}

size_t
ae_reservoir_n_training (AeReservoir *reservoir)
{
  pthread_mutex_lock (&reservoir->lock);
  size_t n = reservoir->n;
  pthread_mutex_unlock (&reservoir->lock);
  return n;
}

size_t
ae_reservoir_n_held_out (AeReservoir *reservoir)
{
  pthread_mutex_lock (&reservoir->lock);
  size_t n = reservoir->n_held_out;
  pthread_mutex_unlock (&reservoir->lock);
  return n;
}

AePicture *
ae_reservoir_get (AeReservoir *reservoir, size_t index)
{
  pthread_mutex_lock (&reservoir->lock);
  AePicture *picture = index < reservoir->n
      ? ae_picture_ref (reservoir->pictures[index])
      : NULL;
  pthread_mutex_unlock (&reservoir->lock);
  return picture;
}

AePicture *
ae_reservoir_get_held_out (AeReservoir *reservoir, size_t index)
{
  pthread_mutex_lock (&reservoir->lock);
  AePicture *picture = index < reservoir->n_held_out
      ? ae_picture_ref (reservoir->held_out[index])
      : NULL;
  pthread_mutex_unlock (&reservoir->lock);
  return picture;
}

AePicture *
ae_reservoir_next (
    AeReservoir *reservoir, size_t index, const AePicture *picture)
{
  AeReservoir *r = reservoir;
  AePicture *next = NULL;
  pthread_mutex_lock (&r->lock);
  if (index + 1 < r->n && r->pictures[index] == picture
      && r->pictures[index + 1]->continues
      && r->pictures[index + 1]->width == picture->width
      && r->pictures[index + 1]->height == picture->height)
    next = ae_picture_ref (r->pictures[index + 1]);
  pthread_mutex_unlock (&r->lock);
  return next;
}

#define DRAWS 64 /* before a picture of the other kind is taken */

static bool
in_clip (const AeReservoir *r, size_t index)
{
  return r->pictures[index]->continues
      || (index + 1 < r->n && r->pictures[index + 1]->continues);
}

AePicture *
ae_reservoir_draw (
    AeReservoir *reservoir, AeDrawKind kind, AeRng *rng, size_t *index)
{
  AeReservoir *r = reservoir;
  AePicture *picture = NULL;
  pthread_mutex_lock (&r->lock);
  for (int i = 0; i < DRAWS && r->n > 0; i++) {
    *index = ae_rng_below (rng, (uint32_t) r->n);
    picture = r->pictures[*index];
    if (in_clip (r, *index) == (kind == AE_DRAW_CLIP))
      break;
  }
  if (picture)
    ae_picture_ref (picture);
  pthread_mutex_unlock (&r->lock);
  return picture;
}
