/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/codec_store.h"

#include "util/mem.h"
#include "util/rng.h"

#include <pthread.h>
#include <string.h>

#define MOST_HELD_OUT 64
#define MOST_PIECE 12 /* pictures, as many as tables are fitted to at once */

struct AeCodecStore {
  pthread_mutex_t lock;
  AeStoredPicture **pictures;
  int n, room, n_held_out;
  size_t bytes, max_bytes;
  unsigned hold_out_every;
  uint64_t n_added, piece;
  int piece_length; /* pictures of the newest piece, the last ones */
  AeRng rng;
};

AeStatus
ae_codec_store_new (AeCodecStore **out, size_t max_bytes,
    unsigned hold_out_every, uint64_t seed, AeError *err)
{
  AeCodecStore *s = *out = ae_calloc (1, sizeof *s);
  if (!s)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a store");
  pthread_mutex_init (&s->lock, NULL);
  s->max_bytes = max_bytes;
  s->hold_out_every = hold_out_every;
  ae_rng_seed (&s->rng, seed);
  return AE_OK;
}

void
ae_stored_picture_unref (AeStoredPicture **picture)
{
  AeStoredPicture *p = *picture;
  *picture = NULL;
  if (!p || atomic_fetch_sub (&p->n_refs, 1) > 1)
    return;
  ae_free (p->picture.bytes);
  ae_free (p);
}

void
ae_codec_store_free (AeCodecStore **store)
{
  AeCodecStore *s = *store;
  *store = NULL;
  if (!s)
    return;
  for (int i = 0; i < s->n; i++)
    ae_stored_picture_unref (&s->pictures[i]);
  ae_free (s->pictures);
  pthread_mutex_destroy (&s->lock);
  ae_free (s);
}

static size_t
size_of (const AeCodecPicture *p)
{
  return (size_t) 6 * p->h * p->w;
}

/* Takes pictures from the list. */
static void
drop (AeCodecStore *s, int first, int n)
{
  for (int i = first; i < first + n; i++) {
    s->bytes -= size_of (&s->pictures[i]->picture);
    s->n_held_out -= s->pictures[i]->held_out;
    ae_stored_picture_unref (&s->pictures[i]);
  }
  s->n -= n;
  memmove (s->pictures + first, s->pictures + first + n,
      (size_t) (s->n - first) * sizeof *s->pictures);
}

/* A random piece goes; of the newest one, when it is alone, its first picture. */
static void
drop_some (AeCodecStore *s)
{
  int older = s->n - s->piece_length;
  if (older == 0) {
    s->piece_length--;
    drop (s, 0, 1);
    return;
  }
  int first = (int) ae_rng_below (&s->rng, (uint32_t) older), n = 1;
  uint64_t piece = s->pictures[first]->piece;
  while (first > 0 && s->pictures[first - 1]->piece == piece) {
    first--;
    n++;
  }
  while (first + n < s->n && s->pictures[first + n]->piece == piece)
    n++;
  drop (s, first, n);
}

static bool
make_room (AeCodecStore *s)
{
  if (s->n < s->room)
    return true;
  int room = 2 * s->room + 16;
  AeStoredPicture **grown = ae_realloc (
      s->pictures, (size_t) s->room, (size_t) room, sizeof *grown);
  if (!grown)
    return false;
  s->pictures = grown;
  s->room = room;
  return true;
}

/* Whether the picture belongs to the newest piece. */
static bool
goes_on (const AeCodecStore *s, const AeCodecPicture *p, bool continues)
{
  if (!continues || s->piece_length == 0 || s->piece_length == MOST_PIECE)
    return false;
  const AeCodecPicture *last = &s->pictures[s->n - 1]->picture;
  return last->h == p->h && last->w == p->w;
}

static bool
add_locked (AeCodecStore *s, AeStoredPicture *p, bool continues)
{
  if (!goes_on (s, &p->picture, continues)) {
    s->piece++;
    s->piece_length = 0;
  }
  size_t bytes = size_of (&p->picture);
  while (s->max_bytes && s->n > 0 && s->bytes + bytes > s->max_bytes)
    drop_some (s);
  if (!make_room (s))
    return false;
  p->piece = s->piece;
  s->n_added++;
  p->held_out = s->hold_out_every > 0 && s->n_added % s->hold_out_every == 0
      && s->n_held_out < MOST_HELD_OUT;
  s->n_held_out += p->held_out;
  s->pictures[s->n++] = p;
  s->piece_length++;
  s->bytes += bytes;
  return true;
}

AeStatus
ae_codec_store_add (AeCodecStore *s, AeCodecPicture picture, bool continues,
    AeError *err)
{
  size_t bytes = size_of (&picture);
  AeStoredPicture *p = ae_calloc (1, sizeof *p);
  if (!p || (s->max_bytes && bytes > s->max_bytes)) {
    ae_free (picture.bytes);
    if (!p)
      return ae_fail (err, AE_ERROR_MEMORY, "no memory for another picture");
    ae_free (p);
    return ae_fail (err, AE_ERROR_LIMIT,
        "a picture of %zu bytes is larger than the %zu bytes for all: the "
        "recipe's training.memory may be more",
        bytes, s->max_bytes);
  }
  p->picture = picture;
  atomic_init (&p->n_refs, 1);
  pthread_mutex_lock (&s->lock);
  bool ok = add_locked (s, p, continues);
  pthread_mutex_unlock (&s->lock);
  if (ok)
    return AE_OK;
  ae_stored_picture_unref (&p);
  return ae_fail (err, AE_ERROR_MEMORY, "no memory for another picture");
}

int
ae_codec_store_count (AeCodecStore *s, bool held_out)
{
  pthread_mutex_lock (&s->lock);
  int n = held_out ? s->n_held_out : s->n - s->n_held_out;
  pthread_mutex_unlock (&s->lock);
  return n;
}

static AeStoredPicture *
ref (AeStoredPicture *p)
{
  atomic_fetch_add (&p->n_refs, 1);
  return p;
}

AeStoredPicture *
ae_codec_store_get (AeCodecStore *s, bool held_out, int index)
{
  AeStoredPicture *found = NULL;
  pthread_mutex_lock (&s->lock);
  for (int i = 0; i < s->n && !found; i++)
    if (s->pictures[i]->held_out == held_out && index-- == 0)
      found = ref (s->pictures[i]);
  pthread_mutex_unlock (&s->lock);
  return found;
}

AeStatus
ae_codec_store_all (AeCodecStore *s, AeCodecPictures *to, AeError *err)
{
  pthread_mutex_lock (&s->lock);
  int n = s->n;
  *to = (AeCodecPictures){
    .stored = ae_calloc ((size_t) n + 1, sizeof *to->stored),
    .pictures = ae_calloc ((size_t) n + 1, sizeof *to->pictures),
  };
  bool ok = to->stored && to->pictures;
  for (int i = 0; ok && i < n; i++) {
    to->stored[i] = ref (s->pictures[i]);
    to->pictures[i] = s->pictures[i]->picture;
    to->n++;
  }
  pthread_mutex_unlock (&s->lock);
  if (ok)
    return AE_OK;
  ae_codec_pictures_clear (to);
  return ae_fail (err, AE_ERROR_MEMORY, "no memory for %d pictures", n);
}

void
ae_codec_pictures_clear (AeCodecPictures *pictures)
{
  for (int i = 0; i < pictures->n; i++)
    ae_stored_picture_unref (&pictures->stored[i]);
  ae_free (pictures->stored);
  ae_free (pictures->pictures);
  *pictures = (AeCodecPictures){ 0 };
}
