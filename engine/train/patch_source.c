/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/patch_source.h"

#include "util/mem.h"

static AeStatus
take_views (AePatchSource *s, AeFootage *footage, AeError *err)
{
  size_t room = ae_footage_n_blocks (footage);
  s->views = ae_calloc (room, sizeof *s->views);
  if (!s->views)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu blocks", room);
  while (s->n_views < room
         && ae_footage_block (footage, s->n_views, &s->views[s->n_views]))
    s->n_views++;
  return AE_OK;
}

static AeStatus
list_pictures (AePatchSource *s, AeError *err)
{
  size_t all = 0, index = 0;
  for (size_t i = 0; i < s->n_views; i++)
    all += s->views[i].n;
  if (all < 2)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "%zu pictures to learn from, wanted at least 2", all);
  size_t most = all < AE_PATCH_MOST_PICTURES ? all : AE_PATCH_MOST_PICTURES;
  s->pictures = ae_calloc (most, sizeof *s->pictures);
  s->held_out = ae_calloc (most, sizeof *s->held_out);
  if (!s->pictures || !s->held_out)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu pictures", most);
  for (size_t i = 0; i < s->n_views; i++)
    for (size_t k = 0; k < s->views[i].n; k++, index++)
      if (s->n < most && index * most >= s->n * all) {
        s->held_out[s->n] = s->views[i].held_out;
        s->pictures[s->n++] = s->views[i].frames[k];
      }
  return AE_OK;
}

AeStatus
ae_patch_source_open (AePatchSource *s, AeFootage *footage, AeError *err)
{
  *s = (AePatchSource){ 0 };
  AeStatus status = take_views (s, footage, err);
  if (status == AE_OK)
    status = list_pictures (s, err);
  if (status != AE_OK)
    ae_patch_source_close (s);
  return status;
}

void
ae_patch_source_close (AePatchSource *s)
{
  for (size_t i = 0; i < s->n_views; i++)
    ae_footage_view_clear (&s->views[i]);
  ae_free (s->views);
  ae_free (s->pictures);
  ae_free (s->held_out);
  *s = (AePatchSource){ 0 };
}

void
ae_patch_source_thin (AePatchSource *s, size_t most)
{
  size_t kept = 0, all = s->n;
  most = most < 2 ? 2 : most;
  if (all <= most)
    return;
  for (size_t i = 0; i < all && kept < most; i++)
    if (i * most >= kept * all) {
      s->held_out[kept] = s->held_out[i];
      s->pictures[kept++] = s->pictures[i];
    }
  s->n = kept;
}
