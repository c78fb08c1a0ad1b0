/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "plugin_test.h"

#include <ae/denoise_trainer.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static gchar *folder;

static const gchar recipe_text[]
    = "[network]\nwidths = 16,16\ndepths = 1,1\ngate_width = 4\n"
      "[training]\nsteps = 4\nbatch = 2\npatch = 16\nwarmup_steps = 0\n"
      "[motion]\nlength_max = 2\n";
static const gchar digits_recipe_text[]
    = "[model]\ntask = gan\n[gan]\nnet = dense\nwidths = 4\nlatent = 2\n"
      "size = 4x4\n[training]\nsteps = 3\nbatch = 2\n";

static const gchar codec_recipe_text[]
    = "[model]\ntask = codec\n"
      "[codec]\nlatents = 64\ncore = 16\nwidths = 8,8\ncontext_steps = 2\n"
      "[training]\nsteps = 4\nbatch = 1\npatch = 32\nvalidation = 0.2\n";

gchar *
plugin_test_path (const gchar *name)
{
  return g_build_filename (folder, name, NULL);
}

/* Not libcheck's assertions: they only work inside a test. */
static void
must (gboolean good, const AeError *error)
{
  if (!good)
    g_error ("cannot make a model to test with: %s", error->text);
}

static void
add_picture (AeDenoiseTrainer *trainer)
{
  AeError error = { 0 };
  guint8 pixels[48 * 48];
  AeImage image = { .pixels = AE_PIXELS_GRAY8,
    .width = 48,
    .height = 48,
    .plane = { pixels },
    .stride = { 48 } };

  for (int i = 0; i < 48 * 48; i++)
    pixels[i] = i % 48 * 4 + i / 480 * 7;
  must (ae_denoise_trainer_add (trainer, &image, false, &error) == AE_OK,
      &error);
}

void
plugin_test_write_model (const gchar *path, const gchar *seed)
{
  AeError error = { 0 };
  AeRecipe *recipe = NULL;
  AeDenoiseTrainer *trainer = NULL;
  AeModel *model = NULL;

  must (ae_recipe_parse (&recipe, recipe_text, &error) == AE_OK, &error);
  must (ae_recipe_set (recipe, "training", "seed", seed, &error) == AE_OK,
      &error);
  must (ae_denoise_trainer_new (&trainer, recipe, NULL, &error) == AE_OK,
      &error);
  for (int i = 0; i < 4; i++)
    add_picture (trainer);
  for (int i = 0; i < 2; i++)
    must (ae_denoise_trainer_step (trainer, NULL, &error) == AE_OK, &error);
  must (ae_denoise_trainer_model (trainer, &model, &error) == AE_OK, &error);
  must (ae_model_save (model, path, &error) == AE_OK, &error);
  ae_model_unref (&model);
  ae_denoise_trainer_free (&trainer);
  ae_recipe_free (&recipe);
}

/* The task is plain text in the file: another word of the same length makes
 * a valid model of another task. */
void
plugin_test_write_other_model (const gchar *path)
{
  gchar *source = plugin_test_path ("denoise-fast.onnx");
  gchar *bytes = NULL;
  gsize size = 0;
  guint changed = 0;

  if (!g_file_get_contents (source, &bytes, &size, NULL))
    g_error ("cannot read %s", source);
  for (gsize i = 0; i + 7 <= size; i++) {
    if (memcmp (bytes + i, "denoise", 7) == 0) {
      memcpy (bytes + i, "deblur!", 7);
      changed++;
    }
  }
  if (changed == 0 || !g_file_set_contents (path, bytes, size, NULL))
    g_error ("cannot write %s", path);
  g_free (bytes);
  g_free (source);
}

static void
copy_file (const gchar *from, const gchar *to)
{
  gchar *bytes = NULL;
  gsize size = 0;

  if (from == NULL || !g_file_get_contents (from, &bytes, &size, NULL)
      || !g_file_set_contents (to, bytes, (gssize) size, NULL))
    g_error ("cannot copy %s to %s", from ? from : "what is not set", to);
  g_free (bytes);
}

void
plugin_test_write_anomaly_model (const gchar *path)
{
  copy_file (g_getenv ("AE_TEST_ANOMALY"), path);
}

/* The models that vaesample and vaeaugment run when none is named. */
static void
write_recipe (const gchar *name, const gchar *text)
{
  gchar *path = g_build_filename (folder, name, NULL);

  if (!g_file_set_contents (path, text, -1, NULL))
    g_error ("cannot write %s", path);
  g_free (path);
}

static void
write_samplers (void)
{
  static const gchar *const names[][2]
      = { { "sampler_digits.onnx", "digits.onnx" },
          { "sampler_vae.onnx", "vae-digits.onnx" } };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    gchar *from = g_build_filename (
        g_getenv ("AE_TEST_SAMPLERS"), names[i][0], NULL);
    gchar *to = plugin_test_path (names[i][1]);
    copy_file (from, to);
    g_free (from);
    g_free (to);
  }
}

static void
write_files (void)
{
  static const gchar *const names[] = { "fast", "balanced", "quality" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    gchar *model = g_strdup_printf ("%s/denoise-%s.onnx", folder, names[i]);
    gchar *recipe = g_strdup_printf ("denoise-%s.ini", names[i]);
    gchar seed[2] = { '1' + i, '\0' };
    plugin_test_write_model (model, seed);
    write_recipe (recipe, recipe_text);
    g_free (model);
    g_free (recipe);
  }
  write_samplers ();
  gchar *detector = g_build_filename (folder, "anomaly.onnx", NULL);
  plugin_test_write_anomaly_model (detector);
  g_free (detector);
  write_recipe ("codec.ini", codec_recipe_text);
  write_recipe ("digits.ini", digits_recipe_text);
  gchar *codec = g_build_filename (folder, "codec.onnx", NULL);
  copy_file (g_getenv ("AE_TEST_CODEC"), codec);
  g_free (codec);
}

/* Each test forks from this process, which must therefore not have started
 * the engine's threads: another process writes the models. */
static gboolean
make_folder (void)
{
  int status = -1;

  folder = g_dir_make_tmp ("ae-plugin-test-XXXXXX", NULL);
  if (folder == NULL)
    return FALSE;
  g_setenv ("AE_MODEL_PATH", folder, TRUE);
  pid_t child = fork ();
  if (child == 0) {
    write_files ();
    _exit (0);
  }
  return waitpid (child, &status, 0) == child && status == 0;
}

static void
remove_folder (void)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    gchar *path = plugin_test_path (name);
    g_remove (path);
    g_free (path);
  }
  g_clear_pointer (&dir, g_dir_close);
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
}

int
plugin_test_run (int argc, char **argv, Suite *(*suite) (void))
{
  gst_check_init (&argc, &argv);
  int failed = 1;
  if (make_folder ())
    failed = gst_check_run_suite (suite (), g_get_prgname (), "tests");
  else
    g_printerr ("cannot make the models to test with\n");
  remove_folder ();
  return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Pictures: a bright disc on a ramp, with noise of about 10 grey levels. */
static guint
sample (guint x, guint y, guint component, guint *state)
{
  gint value = 60 + (gint) ((x + 2 * y + 30 * component) % 100);

  if ((x % 16) * (x % 16) + (y % 16) * (y % 16) < 40)
    value += 50;
  *state = *state * 1664525 + 1013904223;
  value += (gint) (*state >> 27) - 16;
  return CLAMP (value, 0, 255);
}

/* GStreamer 1.22 gives the place of V in P010 in samples, not in bytes. */
static guint8 *
component_data (const GstVideoFrame *frame, guint component)
{
  guint8 *data = GST_VIDEO_FRAME_COMP_DATA (frame, component);

  return data
      + (GST_VIDEO_FRAME_COMP_DEPTH (frame, component) > 8
          && GST_VIDEO_FRAME_COMP_POFFSET (frame, component) == 1);
}

static void
put (GstVideoFrame *frame, guint component, guint x, guint y, guint value)
{
  guint8 *p = component_data (frame, component)
      + (gsize) y * GST_VIDEO_FRAME_COMP_STRIDE (frame, component)
      + (gsize) x * GST_VIDEO_FRAME_COMP_PSTRIDE (frame, component);
  guint depth = GST_VIDEO_FRAME_COMP_DEPTH (frame, component);

  if (depth > 8)
    value = (value << (depth - 8))
        << GST_VIDEO_FORMAT_INFO_SHIFT (frame->info.finfo, component);
  p[0] = value & 0xff;
  if (depth > 8) /* bytes: rows need not begin at even addresses */
    p[1] = value >> 8;
}

GstBuffer *
plugin_test_picture (const GstVideoInfo *info, guint seed)
{
  GstBuffer *buffer
      = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (info), NULL);
  GstVideoFrame frame;
  guint state = seed * 7919 + 1;

  gst_buffer_memset (buffer, 0, 0x33, -1);
  ck_assert (gst_video_frame_map (&frame, info, buffer, GST_MAP_READWRITE));
  for (guint c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (&frame); c++)
    for (guint y = 0; y < (guint) GST_VIDEO_FRAME_COMP_HEIGHT (&frame, c); y++)
      for (guint x = 0; x < (guint) GST_VIDEO_FRAME_COMP_WIDTH (&frame, c);
           x++)
        put (&frame, c, x, y, sample (x, y, c, &state));
  gst_video_frame_unmap (&frame);
  return buffer;
}

GstBuffer *
plugin_test_pad (GstBuffer *packed, const GstVideoInfo *info, guint padding,
    gboolean apart)
{
  GstBuffer *buffer = gst_buffer_new ();
  gsize offset[GST_VIDEO_MAX_PLANES] = { 0 }, size = 0;
  gint stride[GST_VIDEO_MAX_PLANES] = { 0 };
  gsize lengths[GST_VIDEO_MAX_PLANES];
  GstVideoFrame from, to;
  guint n = GST_VIDEO_INFO_N_PLANES (info);

  for (guint i = 0; i < n; i++) {
    gint components[GST_VIDEO_MAX_COMPONENTS];
    gst_video_format_info_component (info->finfo, i, components);
    stride[i] = GST_VIDEO_INFO_PLANE_STRIDE (info, i) + (gint) padding;
    lengths[i] = (gsize) stride[i]
        * GST_VIDEO_INFO_COMP_HEIGHT (info, components[0]);
    offset[i] = size;
    size += lengths[i];
  }
  if (apart)
    for (guint i = 0; i < n; i++)
      gst_buffer_append_memory (
          buffer, gst_allocator_alloc (NULL, lengths[i], NULL));
  else
    gst_buffer_append_memory (buffer, gst_allocator_alloc (NULL, size, NULL));
  gst_buffer_memset (buffer, 0, 0x77, -1);
  gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
      GST_VIDEO_INFO_FORMAT (info), GST_VIDEO_INFO_WIDTH (info),
      GST_VIDEO_INFO_HEIGHT (info), n, offset, stride);

  ck_assert (gst_video_frame_map (&from, info, packed, GST_MAP_READ));
  ck_assert (gst_video_frame_map (&to, info, buffer, GST_MAP_WRITE));
  ck_assert (gst_video_frame_copy (&to, &from));
  gst_video_frame_unmap (&to);
  gst_video_frame_unmap (&from);
  gst_buffer_copy_into (buffer, packed, GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
  gst_buffer_unref (packed);
  return buffer;
}

GByteArray *
plugin_test_pixels (GstBuffer *buffer, const GstVideoInfo *info)
{
  GByteArray *pixels = g_byte_array_new ();
  GstVideoFrame frame;

  ck_assert (gst_video_frame_map (&frame, info, buffer, GST_MAP_READ));
  for (guint c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS (&frame); c++) {
    guint step = GST_VIDEO_FRAME_COMP_PSTRIDE (&frame, c);
    guint bytes = GST_VIDEO_FRAME_COMP_DEPTH (&frame, c) > 8 ? 2 : 1;
    for (gint y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT (&frame, c); y++) {
      const guint8 *row
          = component_data (&frame, c)
          + (gssize) y * GST_VIDEO_FRAME_COMP_STRIDE (&frame, c);
      for (gint x = 0; x < GST_VIDEO_FRAME_COMP_WIDTH (&frame, c); x++)
        g_byte_array_append (pixels, row + (gsize) x * step, bytes);
    }
  }
  gst_video_frame_unmap (&frame);
  return pixels;
}

void
plugin_test_assert_same (GstBuffer *a, GstBuffer *b, const GstVideoInfo *info,
    const gchar *what)
{
  GByteArray *pa = plugin_test_pixels (a, info);
  GByteArray *pb = plugin_test_pixels (b, info);

  ck_assert_uint_eq (pa->len, pb->len);
  for (guint i = 0; i < pa->len; i++)
    ck_assert_msg (pa->data[i] == pb->data[i],
        "%s: byte %u of %u is %u, not %u", what, i, pa->len, pa->data[i],
        pb->data[i]);
  g_byte_array_unref (pa);
  g_byte_array_unref (pb);
}

GstCaps *
plugin_test_caps (const gchar *format, gint width, gint height)
{
  return gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, format,
      "width", G_TYPE_INT, width, "height", G_TYPE_INT, height, "framerate",
      GST_TYPE_FRACTION, 30, 1, NULL);
}
