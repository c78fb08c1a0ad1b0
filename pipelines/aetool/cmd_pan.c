/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool pan: photographs -> a moving clip, clean and as a camera in the dark
 * would have taken it. */

#include <math.h>
#include <stdio.h>

#include "aetool.h"
#include "camera.h"
#include "clip_writer.h"
#include "inputs.h"
#include "progress.h"

static struct {
  char *clean, *noisy, *size;
  int frames, fps, reduce;
  double shot, read;
} option = { .frames = 60, .fps = 30, .reduce = 2, .shot = 0.03,
  .read = 0.02 };

static const GOptionEntry entries[] = {
  { "clean", 0, 0, G_OPTION_ARG_FILENAME, &option.clean,
      "clip without noise to write (default: clean.mkv)", "FILE" },
  { "noisy", 0, 0, G_OPTION_ARG_FILENAME, &option.noisy,
      "clip with noise to write (default: noisy.mkv)", "FILE" },
  { "size", 0, 0, G_OPTION_ARG_STRING, &option.size,
      "picture size (default: 640x480)", "WxH" },
  { "frames", 0, 0, G_OPTION_ARG_INT, &option.frames,
      "frames of each photograph (default: 60)", "N" },
  { "fps", 0, 0, G_OPTION_ARG_INT, &option.fps,
      "frames per second (default: 30)", "N" },
  { "reduce", 0, 0, G_OPTION_ARG_INT, &option.reduce,
      "make the photographs so many times smaller first (default: 2)", "N" },
  { "shot", 0, 0, G_OPTION_ARG_DOUBLE, &option.shot,
      "photon noise: variance per intensity in linear light (default: 0.03)",
      "X" },
  { "read", 0, 0, G_OPTION_ARG_DOUBLE, &option.read,
      "read noise: standard deviation in linear light (default: 0.02)",
      "X" },
  { 0 }
};

typedef struct {
  ClipWriter *clean, *noisy;
  int width, height;
  Progress progress;
  guint done, total;
} Pan;

/* A pan from corner to corner that speeds up, slows down and rests for the
 * last third: 0..1 -> 0..1. */
static double
position (double time)
{
  double t = MIN (time * 1.5, 1);
  return t * t * (3 - 2 * t);
}

static gboolean
pan_over (Pan *pan, const Picture *photo, guint seed, GError **error)
{
  double room_x = photo->width - pan->width;
  double room_y = photo->height - pan->height;
  CameraNoise level = { option.shot, option.read };
  for (int i = 0; i < option.frames; i++) {
    double at = position (i / (double) option.frames);
    g_autoptr (Picture) view
        = camera_view (photo, room_x * at, room_y * (seed % 2 ? at : 1 - at),
            pan->width, pan->height);
    g_autoptr (Picture) noisy
        = camera_expose (view, level, seed * 100000 + i);
    if (!clip_writer_add (pan->clean, view, error)
        || !clip_writer_add (pan->noisy, noisy, error))
      return FALSE;
    pan->done++;
    if (progress_due (&pan->progress))
      progress_show (&pan->progress, pan->done / (double) pan->total,
          "panning over photographs");
  }
  return TRUE;
}

static gboolean
pan_file (Pan *pan, const char *uri, guint seed, GError **error)
{
  g_autoptr (GPtrArray) loaded
      = picture_load (uri, GST_VIDEO_FORMAT_RGB, 1, error);
  if (!loaded)
    return FALSE;
  g_autoptr (Picture) photo
      = camera_reduce (g_ptr_array_index (loaded, 0), option.reduce);
  if (photo->width >= pan->width && photo->height >= pan->height)
    return pan_over (pan, photo, seed, error);
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_SHAPE,
      "%s: %dx%d after --reduce %d, wanted at least %dx%d", uri, photo->width,
      photo->height, option.reduce, pan->width, pan->height);
  return FALSE;
}

static gboolean
pan_all (Pan *pan, const GPtrArray *uris, GError **error)
{
  const char *clean = option.clean ? option.clean : "clean.mkv";
  const char *noisy = option.noisy ? option.noisy : "noisy.mkv";
  pan->clean
      = clip_writer_new (clean, pan->width, pan->height, option.fps, error);
  if (!pan->clean)
    return FALSE;
  pan->noisy
      = clip_writer_new (noisy, pan->width, pan->height, option.fps, error);
  gboolean ok = pan->noisy != NULL;
  progress_start (&pan->progress, 10);
  pan->total = uris->len * option.frames;
  for (guint i = 0; ok && i < uris->len; i++)
    ok = pan_file (pan, g_ptr_array_index (uris, i), i, error);
  progress_end (&pan->progress);
  /* Both are ended in any case; the first error is the one to tell. */
  ok = clip_writer_finish (pan->clean, ok ? error : NULL) && ok;
  if (pan->noisy)
    ok = clip_writer_finish (pan->noisy, ok ? error : NULL) && ok;
  return ok;
}

int
aetool_pan (int argc, char **argv)
{
  Pan pan = { .width = 640, .height = 480 };
  if (!aetool_parse (&argc, &argv, "PICTURE...",
          "Makes a moving clip from photographs, clean and with the noise of "
          "a camera.",
          NULL, entries))
    return AETOOL_USAGE;
  if (argc < 2)
    return aetool_usage ("wanted at least one picture");
  if (option.size
      && !aetool_parse_size (option.size, &pan.width, &pan.height))
    return aetool_usage ("--size %s: wanted WxH", option.size);
  if (option.frames < 1 || option.fps < 1 || option.reduce < 1
      || !(option.shot >= 0) || !(option.read >= 0))
    return aetool_usage ("numbers of frames are above 0, noise is not below");
  GError *error = NULL;
  g_autoptr (GPtrArray) uris = inputs_expand (argv + 1, argc - 1, &error);
  if (uris && pan_all (&pan, uris, &error))
    return AETOOL_OK;
  return aetool_g_error (error);
}
