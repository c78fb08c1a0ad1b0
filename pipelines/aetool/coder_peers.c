/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Coders that people use today: JPEG and WebP by OpenCV, MJPEG and H.264 by the
 * ffmpeg program. */

#include <glib/gstdio.h>
#include <stdio.h>

#include "aetool.h"
#include "coder.h"
#include "paths.h"
#include "programs.h"

#define MAX_WORDS 16

struct CoderPeer {
  const char *name;
  gboolean stills;
  const double *qualities;
  const char *pixels;           /* ffmpeg's name of what goes in and out */
  const char *stream;           /* ffmpeg's format, or OpenCV's file type */
  const char *words[MAX_WORDS]; /* ffmpeg's options, then the quality's */
};

static const double jpeg[] = { 10, 20, 30, 40, 50, 60, 70, 80, 88, 94, -1 };
static const double webp[] = { 2, 15, 30, 45, 60, 75, 85, 92, 97, -1 };
static const double mjpeg[] = { 2, 3, 4, 6, 8, 12, 18, 26, 31, -1 };
static const double crf[] = { 17, 22, 27, 32, 37, 42, -1 };

/* The first of each kind is what the others are measured against. */
static const struct CoderPeer peers[] = {
  { "JPEG 4:2:0", TRUE, jpeg, NULL, "jpg", { NULL } },
  { "WebP", TRUE, webp, NULL, "webp", { NULL } },
  { "MJPEG", FALSE, mjpeg, "yuvj420p", "mjpeg",
      { "-c:v", "mjpeg", "-huffman", "optimal", "-q:v" } },
  { "x264 intra, ultrafast", FALSE, crf, "yuv420p", "h264",
      { "-c:v", "libx264", "-preset", "ultrafast", "-g", "1", "-crf" } },
  { "x264 intra, medium", FALSE, crf, "yuv420p", "h264",
      { "-c:v", "libx264", "-preset", "medium", "-g", "1", "-crf" } },
  { "x264 ultrafast, zerolatency", FALSE, crf, "yuv420p", "h264",
      { "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
          "-crf" } },
  { "x264 veryfast, zerolatency", FALSE, crf, "yuv420p", "h264",
      { "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency",
          "-crf" } },
};

/* argv: in, coded, out, width, height, type, quality */
static const char opencv_script[]
    = "import sys, numpy, cv2\n"
      "src, coded, dst = sys.argv[1:4]\n"
      "w, h, q = int(sys.argv[4]), int(sys.argv[5]), int(sys.argv[7])\n"
      "rgb = numpy.fromfile(src, numpy.uint8).reshape(h, w, 3)\n"
      "jpg = [cv2.IMWRITE_JPEG_QUALITY, q, cv2.IMWRITE_JPEG_OPTIMIZE, 1]\n"
      "how = jpg if sys.argv[6] == 'jpg' else [cv2.IMWRITE_WEBP_QUALITY, q]\n"
      "ok, bits = cv2.imencode('.' + sys.argv[6], rgb[:, :, ::-1], how)\n"
      "bits.tofile(coded)\n"
      "cv2.imdecode(bits, 1)[:, :, ::-1].tofile(dst)\n";

/* Files of one run. */
typedef struct {
  char *folder, *in, *coded, *out;
} Files;

static gboolean
files_open (Files *f, GError **error)
{
  *f = (Files){ .folder = g_dir_make_tmp ("aetool-XXXXXX", error) };
  if (!f->folder)
    return FALSE;
  f->in = g_build_filename (f->folder, "in.raw", NULL);
  f->coded = g_build_filename (f->folder, "coded", NULL);
  f->out = g_build_filename (f->folder, "out.raw", NULL);
  return TRUE;
}

static void
files_close (Files *f)
{
  if (f->folder)
    paths_remove_folder (f->folder);
  g_free (f->folder);
  g_free (f->in);
  g_free (f->coded);
  g_free (f->out);
}

static gboolean
run_opencv (const struct CoderPeer *peer, const Picture *format,
    double quality, const Files *f, GError **error)
{
  g_autofree char *width = g_strdup_printf ("%d", format->width);
  g_autofree char *height = g_strdup_printf ("%d", format->height);
  g_autofree char *number = g_strdup_printf ("%d", (int) quality);
  const char *const argv[] = { PROGRAMS_PYTHON, "-c", opencv_script, f->in,
    f->coded, f->out, width, height, peer->stream, number, NULL };
  return program_run (argv, error);
}

static void
add_words (GPtrArray *argv, const char *const *words)
{
  for (; *words; words++)
    g_ptr_array_add (argv, (gpointer) *words);
}

/* Stamps that x264 writes into its stream are not counted. */
static gboolean
run_ffmpeg (const struct CoderPeer *peer, const Picture *format,
    double quality, const Files *f, GError **error)
{
  g_autofree char *size
      = g_strdup_printf ("%dx%d", format->width, format->height);
  g_autofree char *number = g_strdup_printf ("%d", (int) quality);
  const char *const start[] = { "ffmpeg", "-nostdin", "-v", "error", "-y",
    "-f", "rawvideo", "-pix_fmt", peer->pixels, "-s", size, "-r", "25", "-i",
    f->in, NULL };
  const char *const unstamped[]
      = { "-bsf:v", "filter_units=remove_types=6", NULL };
  const char *const end[] = { number, "-f", peer->stream, f->coded, NULL };
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  add_words (argv, start);
  if (g_str_equal (peer->stream, "h264"))
    add_words (argv, unstamped);
  add_words (argv, peer->words);
  add_words (argv, end);
  g_ptr_array_add (argv, NULL);
  const char *const decode[] = { "ffmpeg", "-nostdin", "-v", "error", "-y",
    "-f", peer->stream, "-i", f->coded, "-vsync", "passthrough", "-f",
    "rawvideo", "-pix_fmt", peer->pixels, f->out, NULL };
  return program_run ((const char *const *) argv->pdata, error)
      && program_run (decode, error);
}

static gboolean
run_peer (Coder *coder, const Pictures *pictures, double quality,
    Coded *coded, GError **error)
{
  const Picture *format = g_ptr_array_index (pictures, 0);
  GStatBuf info;
  Files f;
  *coded = (Coded){ 0 };
  gboolean ok = files_open (&f, error) && raw_write (pictures, f.in, error);
  if (ok)
    ok = (coder->peer->stills ? run_opencv : run_ffmpeg) (
        coder->peer, format, quality, &f, error);
  if (ok && g_stat (f.coded, &info) == 0) {
    coded->bytes = (gsize) info.st_size;
    coded->decoded = raw_read (format, pictures->len, f.out, error);
  }
  files_close (&f);
  return coded->decoded != NULL;
}

GPtrArray *
coder_peers (gboolean stills)
{
  GPtrArray *coders
      = g_ptr_array_new_with_free_func ((GDestroyNotify) coder_free);
  if (stills ? !program_has_opencv () : !program_has_ffmpeg ()) {
    fprintf (stderr, "no coders to compare with: %s is not installed\n",
        stills ? "python3-opencv" : "ffmpeg");
    return coders;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (peers); i++) {
    if (peers[i].stills != stills)
      continue;
    Coder *coder = g_new0 (Coder, 1);
    coder->name = g_strdup (peers[i].name);
    coder->qualities = peers[i].qualities;
    coder->run = run_peer;
    coder->peer = &peers[i];
    g_ptr_array_add (coders, coder);
  }
  return coders;
}
