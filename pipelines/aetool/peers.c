/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The denoisers that people use today, run as they come: filters of the
 * ffmpeg program and OpenCV's fastNlMeansDenoising through Python. */

#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aetool.h"
#include "colour.h"
#include "method.h"
#include "programs.h"

typedef enum { FFMPEG, OPENCV } Program;

struct Peer {
  const char *name;
  Program program;
  gboolean temporal;
  guint min_frames; /* ffmpeg waits for ever when there are fewer */
  const char *filter; /* ffmpeg's, with both strengths */
  double scale;       /* of sigma: strength[0] = scale a sigma */
  double limit_0, limit_1, least; /* the tool's own range */
  const double *grid_a, *grid_b;
};

static const double grid_hqdn3d_a[] = { 0.7, 1, 1.4, 2, 2.8, 4, 0 };
static const double grid_hqdn3d_b[] = { 1, 0.25, 0.5, 1.5, 2.5, 0 };
static const double grid_ata_a[] = { 1, 1.5, 2, 3, 4, 0 };
static const double grid_ata_b[] = { 2, 1, 4, 7, 0 };
static const double grid_nlmeans[]
    = { 0.3, 0.4, 0.5, 0.65, 0.8, 1, 1.3, 0 };
static const double grid_opencv[] = { 0.55, 0.7, 0.85, 1, 1.15, 0 };
static const double grid_one[] = { 1, 0 };

/* strength[1] = strength[0] b */
static const struct Peer peers[] = {
  { "hqdn3d", FFMPEG, TRUE, 1, "hqdn3d=luma_spatial=%g:luma_tmp=%g", 1, 1e3, 1e3,
      0, grid_hqdn3d_a, grid_hqdn3d_b },
  { "atadenoise", FFMPEG, TRUE, 9,
      "atadenoise=0a=%1$g:1a=%1$g:2a=%1$g:0b=%2$g:1b=%2$g:2b=%2$g:s=9",
      1 / 255.0, 0.3, 5, 0, grid_ata_a, grid_ata_b },
  { "nlmeans", FFMPEG, FALSE, 1, "nlmeans=s=%g:p=7:r=15", 1, 30, 30, 1,
      grid_nlmeans, grid_one },
  { "opencv nlmeans", OPENCV, FALSE, 1, NULL, 1, 1e3, 1e3, 0, grid_opencv,
      grid_one },
};

/* argv: in, out, h, then width and height of each plane */
static const char opencv_script[]
    = "import sys, numpy, cv2\n"
      "src, dst, h = sys.argv[1], sys.argv[2], float(sys.argv[3])\n"
      "dim = list(map(int, sys.argv[4:]))\n"
      "data = numpy.fromfile(src, numpy.uint8)\n"
      "at, out = 0, []\n"
      "while at < data.size:\n"
      "  for w, k in zip(dim[::2], dim[1::2]):\n"
      "    plane = data[at:at + w * k].reshape(k, w)\n"
      "    at += w * k\n"
      "    out.append(cv2.fastNlMeansDenoising(plane, None, h, 7, 21))\n"
      "numpy.concatenate([p.ravel() for p in out]).tofile(dst)\n";

static gboolean
run_ffmpeg (const Picture *format, const char *filter, const char *in,
    const char *out, GError **error)
{
  const char *pixels = program_pixels (format->format);
  g_autofree char *size
      = g_strdup_printf ("%dx%d", format->width, format->height);
  const char *const argv[] = { "ffmpeg", "-nostdin", "-v", "error", "-y", "-f",
    "rawvideo", "-pix_fmt", pixels, "-s", size, "-r", "25", "-i", in, "-vf",
    filter, "-f", "rawvideo", "-pix_fmt", pixels, out, NULL };
  return program_run (argv, error);
}

static gboolean
run_opencv (const Picture *format, double strength, const char *in,
    const char *out, GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (argv, g_strdup (PROGRAMS_PYTHON));
  g_ptr_array_add (argv, g_strdup ("-c"));
  g_ptr_array_add (argv, g_strdup (opencv_script));
  g_ptr_array_add (argv, g_strdup (in));
  g_ptr_array_add (argv, g_strdup (out));
  g_ptr_array_add (argv, g_strdup_printf ("%g", strength));
  for (int i = 0; i < format->n_planes; i++) {
    g_ptr_array_add (argv, g_strdup_printf ("%d", format->plane_width[i]));
    g_ptr_array_add (argv, g_strdup_printf ("%d", format->plane_height[i]));
  }
  g_ptr_array_add (argv, NULL);
  return program_run ((const char *const *) argv->pdata, error);
}

static Pictures *
run_on_planes (const struct Peer *peer, const Pictures *noisy,
    const double strength[2], GError **error)
{
  const Picture *format = g_ptr_array_index (noisy, 0);
  g_autofree char *folder = g_dir_make_tmp ("aetool-XXXXXX", error);
  if (!folder)
    return NULL;
  g_autofree char *in = g_build_filename (folder, "in.raw", NULL);
  g_autofree char *out = g_build_filename (folder, "out.raw", NULL);
  Pictures *result = NULL;
  gboolean ok = raw_write (noisy, in, error);
  if (ok && peer->program == OPENCV) {
    ok = run_opencv (format, strength[0], in, out, error);
  } else if (ok) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    g_autofree char *filter
        = g_strdup_printf (peer->filter, strength[0], strength[1]);
#pragma GCC diagnostic pop
    ok = run_ffmpeg (format, filter, in, out, error);
  }
  if (ok)
    result = raw_read (format, noisy->len, out, error);
  g_unlink (in);
  g_unlink (out);
  g_rmdir (folder);
  return result;
}

/* hqdn3d knows no RGB: it and the others get Y, U, V at full size. */
static Pictures *
run_peer (Method *method, const Pictures *noisy, const double strength[2],
    GError **error)
{
  const Picture *first = g_ptr_array_index (noisy, 0);
  if (first->format != GST_VIDEO_FORMAT_RGB)
    return run_on_planes (method->peer, noisy, strength, error);
  g_autoptr (GPtrArray) planes = pictures_new ();
  for (guint i = 0; i < noisy->len; i++)
    g_ptr_array_add (planes, colour_to_yuv (g_ptr_array_index (noisy, i)));
  g_autoptr (GPtrArray) out
      = run_on_planes (method->peer, planes, strength, error);
  Pictures *result = out ? pictures_new () : NULL;
  for (guint i = 0; out && i < out->len; i++)
    g_ptr_array_add (result, colour_to_rgb (g_ptr_array_index (out, i)));
  return result;
}

static void
peer_strength (
    const Method *method, double sigma, double a, double b, double out[2])
{
  const struct Peer *peer = method->peer;
  double first = sigma * peer->scale * a;
  out[0] = CLAMP (first, peer->least, peer->limit_0);
  out[1] = MIN (first * b, peer->limit_1);
}

static gboolean
is_installed (const struct Peer *peer)
{
  return peer->program == FFMPEG ? program_has_ffmpeg ()
                                 : program_has_opencv ();
}

void
method_add_peers (GPtrArray *methods)
{
  for (gsize i = 0; i < G_N_ELEMENTS (peers); i++) {
    if (!is_installed (&peers[i])) {
      fprintf (stderr, "%s is left out: %s is not installed\n", peers[i].name,
          peers[i].program == FFMPEG ? "ffmpeg" : "python3-opencv");
      continue;
    }
    Method *method = g_new0 (Method, 1);
    method->name = g_strdup (peers[i].name);
    method->temporal = peers[i].temporal;
    method->min_frames = peers[i].min_frames;
    method->run = run_peer;
    method->grid_a = peers[i].grid_a;
    method->grid_b = peers[i].grid_b;
    method->strength_for = peer_strength;
    method->peer = &peers[i];
    g_ptr_array_add (methods, method);
  }
}
