/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/picture_store.h"

#include "util/mem.h"

#include <pthread.h>
#include <string.h>

#define MOST_PICTURES (UINT32_MAX / 2) /* numbers that are drawn have 32 bits */

/* Pictures of one part, for training or held out. */
typedef struct {
  uint8_t *bytes;
  int *labels;
  size_t n, room, most;
} Part;

struct AePictureStore {
  pthread_mutex_t lock;
  AeThumbnailSize size;
  size_t bytes; /* of a picture */
  Part part[2]; /* for training, held out */
  unsigned hold_out_every, group;
  bool holding_out; /* the group that is being added */
  uint64_t n_added;
  AeRng rng;
};

AeStatus
ae_picture_store_new (AePictureStore **out, const AeThumbnailSize *size,
    size_t max_bytes, unsigned hold_out_every, size_t most_held_out,
    uint64_t seed, AeError *err)
{
  size_t one = ae_thumbnail_bytes (size) + sizeof (int);
  size_t most = max_bytes / one;
  most = most < MOST_PICTURES ? most : MOST_PICTURES;
  *out = NULL;
  if (most < 2)
    return ae_fail (err, AE_ERROR_LIMIT,
        "training.memory holds %zu pictures of %zu bytes, wanted at least 2",
        most, one);
  AePictureStore *s = ae_calloc (1, sizeof *s);
  if (!s)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a store");
  pthread_mutex_init (&s->lock, NULL);
  s->size = *size;
  s->bytes = ae_thumbnail_bytes (size);
  s->group = 1;
  s->hold_out_every = most_held_out > 0 ? hold_out_every : 0;
  if (s->hold_out_every)
    s->part[1].most = most_held_out < most / 2 ? most_held_out : most / 2;
  s->part[0].most = most - s->part[1].most;
  ae_rng_seed (&s->rng, seed);
  *out = s;
  return AE_OK;
}

void
ae_picture_store_free (AePictureStore **store)
{
  AePictureStore *s = *store;
  *store = NULL;
  if (!s)
    return;
  for (int i = 0; i < 2; i++) {
    ae_free (s->part[i].bytes);
    ae_free (s->part[i].labels);
  }
  pthread_mutex_destroy (&s->lock);
  ae_free (s);
}

static bool
make_room (Part *p, size_t bytes)
{
  if (p->n < p->room || p->room == p->most)
    return true;
  size_t room = 2 * p->room + 16 < p->most ? 2 * p->room + 16 : p->most;
  uint8_t *grown
      = ae_realloc (p->bytes, p->room * bytes, room * bytes, 1);
  if (grown)
    p->bytes = grown;
  int *labels
      = ae_realloc (p->labels, p->room, room, sizeof *labels);
  if (labels)
    p->labels = labels;
  if (grown && labels)
    p->room = room;
  return grown && labels;
}

static bool
add_locked (AePictureStore *s, const uint8_t *picture, int label)
{
  uint64_t group = s->n_added / s->group + 1;
  if (s->n_added % s->group == 0)
    s->holding_out = s->hold_out_every > 0 && group % s->hold_out_every == 0
        && s->part[1].n < s->part[1].most;
  Part *p = &s->part[s->holding_out];
  if (!make_room (p, s->bytes))
    return false;
  size_t at = p->n < p->room ? p->n++
                             : ae_rng_below (&s->rng, (uint32_t) p->n);
  memcpy (p->bytes + at * s->bytes, picture, s->bytes);
  p->labels[at] = label;
  s->n_added++;
  return true;
}

AeStatus
ae_picture_store_add (
    AePictureStore *s, const AeImage *image, int label, AeError *err)
{
  uint8_t *picture = ae_alloc (s->bytes);
  if (!picture)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for another picture");
  AeStatus status = ae_thumbnail_make (&s->size, image, picture, err);
  if (status == AE_OK)
    status = ae_picture_store_put (s, picture, label, err);
  ae_free (picture);
  return status;
}

AeStatus
ae_picture_store_put (
    AePictureStore *s, const uint8_t *picture, int label, AeError *err)
{
  pthread_mutex_lock (&s->lock);
  bool added = add_locked (s, picture, label);
  pthread_mutex_unlock (&s->lock);
  return added ? AE_OK
               : ae_fail (
                   err, AE_ERROR_MEMORY, "no memory for another picture");
}

void
ae_picture_store_group (AePictureStore *s, unsigned n)
{
  pthread_mutex_lock (&s->lock);
  s->group = n;
  pthread_mutex_unlock (&s->lock);
}

size_t
ae_picture_store_count (AePictureStore *s, bool held_out)
{
  pthread_mutex_lock (&s->lock);
  size_t n = s->part[held_out].n;
  pthread_mutex_unlock (&s->lock);
  return n;
}

int
ae_picture_store_label (AePictureStore *s, size_t index)
{
  pthread_mutex_lock (&s->lock);
  int label = s->part[0].labels[index];
  pthread_mutex_unlock (&s->lock);
  return label;
}

static void
copy (const AePictureStore *s, const Part *p, size_t from, size_t to,
    float *values, int *labels)
{
  const uint8_t *bytes = p->bytes + from * s->bytes;
  values += to * s->bytes;
  for (size_t i = 0; i < s->bytes; i++)
    values[i] = (float) bytes[i] / 255;
  if (labels)
    labels[to] = p->labels[from];
}

bool
ae_picture_store_draw (
    AePictureStore *s, AeRng *rng, size_t n, float *to, int *labels)
{
  pthread_mutex_lock (&s->lock);
  const Part *p = &s->part[0];
  bool some = p->n > 0;
  for (size_t i = 0; some && i < n; i++)
    copy (s, p, ae_rng_below (rng, (uint32_t) p->n), i, to, labels);
  pthread_mutex_unlock (&s->lock);
  return some;
}

bool
ae_picture_store_take (AePictureStore *s, bool held_out, size_t first,
    size_t n, float *to, int *labels)
{
  pthread_mutex_lock (&s->lock);
  const Part *p = &s->part[held_out];
  bool some = p->n > 0;
  for (size_t i = 0; some && i < n; i++)
    copy (s, p, (first + i) % p->n, i, to, labels);
  pthread_mutex_unlock (&s->lock);
  return some;
}
