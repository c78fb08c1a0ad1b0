/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "blend.h"

#include <stdlib.h>

#include "aetool.h"
#include "frames.h"
#include "inputs.h"

struct Blend {
  GPtrArray *photographs; /* of Picture, RGB */
  int width, height;
  GRand *random;
};

static gboolean
load (Blend *b, const char *uri, GError **error)
{
  g_autoptr (GPtrArray) loaded
      = picture_load (uri, GST_VIDEO_FORMAT_RGB, 1, error);
  if (!loaded)
    return FALSE;
  const Picture *photo = g_ptr_array_index (loaded, 0);
  if (photo->width < b->width || photo->height < b->height) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_SHAPE,
        "%s: %dx%d, wanted at least %dx%d", uri, photo->width, photo->height,
        b->width, b->height);
    return FALSE;
  }
  g_ptr_array_add (b->photographs, picture_copy (photo));
  return TRUE;
}

Blend *
blend_new (char **photographs, int width, int height, guint32 seed,
    GError **error)
{
  g_autoptr (GPtrArray) uris = inputs_expand (
      photographs, (int) g_strv_length (photographs), error);
  if (!uris)
    return NULL;
  g_autoptr (Blend) b = g_new0 (Blend, 1);
  b->photographs
      = g_ptr_array_new_with_free_func ((GDestroyNotify) picture_free);
  b->width = width;
  b->height = height;
  b->random = g_rand_new_with_seed (seed);
  for (guint i = 0; i < uris->len; i++)
    if (!load (b, g_ptr_array_index (uris, i), error))
      return NULL;
  return g_steal_pointer (&b);
}

void
blend_free (Blend *b)
{
  if (!b)
    return;
  g_ptr_array_unref (b->photographs);
  g_rand_free (b->random);
  g_free (b);
}

guint
blend_n_photographs (const Blend *b)
{
  return b->photographs->len;
}

void
blend_next (Blend *b, const guint8 *picture, int channels, guint8 *to)
{
  int last = (int) b->photographs->len - 1;
  const Picture *photo = g_ptr_array_index (
      b->photographs, g_rand_int_range (b->random, 0, last + 1));
  int left = g_rand_int_range (b->random, 0, photo->width - b->width + 1);
  int top = g_rand_int_range (b->random, 0, photo->height - b->height + 1);
  gsize plane = channels == 3 ? (gsize) b->width * b->height : 0;
  for (int y = 0; y < b->height; y++) {
    const guint8 *piece
        = photo->data + ((gsize) (top + y) * photo->width + left) * 3;
    for (int x = 0; x < b->width; x++, picture++)
      for (int c = 0; c < 3; c++)
        *to++ = (guint8) abs (*piece++ - picture[c * plane]);
  }
}
