/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool compare: clips against a reference, frame by frame. */

#include <math.h>
#include <stdio.h>

#include "aetool.h"
#include "inputs.h"
#include "json.h"
#include "method.h"
#include "quality.h"
#include "sheet.h"

static struct {
  char *picture;
  int frame, frames;
  gboolean json, side_by_side;
} option = { .frame = -1 };

static const GOptionEntry entries[] = {
  { "picture", 0, 0, G_OPTION_ARG_FILENAME, &option.picture,
      "write one frame of all of them side by side", "PNG" },
  { "frame", 0, 0, G_OPTION_ARG_INT, &option.frame,
      "which one (default: from the middle)", "N" },
  { "frames", 0, 0, G_OPTION_ARG_INT, &option.frames,
      "compare at most so many (default: all)", "N" },
  { "picture-only", 0, 0, G_OPTION_ARG_NONE, &option.side_by_side,
      "compare nothing", NULL },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option.json, "print JSON", NULL },
  { 0 }
};

typedef struct {
  double psnr, ssim;
  guint frames;
} Likeness;

static gboolean
compare (const Pictures *reference, const Pictures *clip, const char *name,
    Likeness *likeness, GError **error)
{
  double mse = 0, ssim = 0;
  likeness->frames = MIN (reference->len, clip->len);
  for (guint i = 0; i < likeness->frames; i++) {
    const Picture *a = g_ptr_array_index (reference, i);
    const Picture *b = g_ptr_array_index (clip, i);
    if (a->width != b->width || a->height != b->height) {
      g_set_error (error, AETOOL_DOMAIN, AE_ERROR_SHAPE,
          "%s: frames of %dx%d, wanted %dx%d", name, b->width, b->height,
          a->width, a->height);
      return FALSE;
    }
    mse += quality_mse (a, b);
    ssim += quality_ssim (a, b);
  }
  likeness->psnr = quality_psnr (mse / likeness->frames);
  likeness->ssim = ssim / likeness->frames;
  return TRUE;
}

static void
print_one (Json *json, const char *name, const Likeness *l)
{
  if (!json) {
    printf ("%-24s %6.2f dB   SSIM %.4f   %u frames\n", name, l->psnr,
        l->ssim, l->frames);
    return;
  }
  json_open (json, name, '{');
  json_number (json, "psnr", l->psnr);
  json_number (json, "ssim", l->ssim);
  json_number (json, "frames", l->frames);
  json_close (json, '{');
}

static gboolean
save_picture (char **names, GPtrArray *clips, GError **error)
{
  guint shortest = G_MAXUINT;
  for (guint i = 0; i < clips->len; i++)
    shortest = MIN (shortest, ((Pictures *) clips->pdata[i])->len);
  guint frame = option.frame >= 0 ? MIN ((guint) option.frame, shortest - 1)
                                  : shortest / 2;
  Sheet sheet;
  sheet_init (&sheet);
  for (guint i = 0; i < clips->len; i++) {
    Pictures *clip = g_ptr_array_index (clips, i);
    g_autofree char *name = inputs_base_name (names[i]);
    sheet_add (
        &sheet, name, picture_copy (g_ptr_array_index (clip, frame)));
  }
  gboolean ok = sheet_save (&sheet, option.picture, error);
  sheet_clear (&sheet);
  return ok;
}

static gboolean
run (char **names, int n, Json *json, GError **error)
{
  g_autoptr (GPtrArray) clips
      = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  for (int i = 0; i < n; i++) {
    Pictures *clip = picture_load (
        names[i], GST_VIDEO_FORMAT_I420, option.frames, error);
    if (!clip)
      return FALSE;
    g_ptr_array_add (clips, clip);
    Likeness likeness;
    if (i == 0 || option.side_by_side)
      continue;
    if (!compare (clips->pdata[0], clip, names[i], &likeness, error))
      return FALSE;
    g_autofree char *name = inputs_base_name (names[i]);
    print_one (json, name, &likeness);
  }
  return !option.picture || save_picture (names, clips, error);
}

int
aetool_compare (int argc, char **argv)
{
  if (!aetool_parse (&argc, &argv, "REFERENCE CLIP...",
          "Prints Y-PSNR and SSIM of clips against a reference.", NULL,
          entries))
    return AETOOL_USAGE;
  if (argc < 3)
    return aetool_usage ("wanted a reference and at least one clip");
  GError *error = NULL;
  g_autoptr (Json) json = option.json ? json_new () : NULL;
  if (json)
    json_open (json, NULL, '{');
  if (!run (argv + 1, argc - 1, json, &error))
    return aetool_g_error (error);
  if (json) {
    json_close (json, '{');
    json_print (json);
  }
  return AETOOL_OK;
}
