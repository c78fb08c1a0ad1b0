/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool train-codec: pictures and videos -> a codec. */

#include <ae/codec_trainer.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "aetool.h"
#include "frames.h"
#include "inputs.h"
#include "paths.h"
#include "progress.h"

#define REPORT_EVERY 500 /* steps */
#define SAVE_EVERY 5000

static struct {
  char *output, *precision, *from, *tune;
  gboolean resume;
  gint64 steps, seed;
  int context_steps, threads, max_frames, batch, patch;
  double time_limit;
} option;

static const GOptionEntry entries[] = {
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &option.output,
      "model file to write (default: codec.onnx)", "MODEL" },
  { "steps", 0, 0, G_OPTION_ARG_INT64, &option.steps,
      "length of the training (default: 50000)", "N" },
  { "context-steps", 0, 0, G_OPTION_ARG_INT, &option.context_steps,
      "of fitting the contexts at the end (default: 1000)", "N" },
  { "seed", 0, 0, G_OPTION_ARG_INT64, &option.seed,
      "of weights, crops and noise (default: 0)", "N" },
  { "batch", 0, 0, G_OPTION_ARG_INT, &option.batch,
      "crops of a step (default: 4)", "N" },
  { "patch", 0, 0, G_OPTION_ARG_INT, &option.patch,
      "pixels along their edges (default: 192)", "N" },
  { "tune", 0, 0, G_OPTION_ARG_STRING, &option.tune,
      "what it is to keep: psnr, or ms-ssim, structure as it is seen (default: "
      "psnr)",
      "NAME" },
  { "from", 0, 0, G_OPTION_ARG_STRING, &option.from,
      "a codec to go on from, on pictures of one's own; \"bundled\": the one "
      "that comes along", "MODEL" },
  { "resume", 0, 0, G_OPTION_ARG_NONE, &option.resume,
      "go on from the checkpoint, MODEL.ckpt, when there is one", NULL },
  { "time-limit", 0, 0, G_OPTION_ARG_DOUBLE, &option.time_limit,
      "save and stop after so many minutes", "MINUTES" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &option.threads,
      "cores to use (default: all)", "N" },
  { "precision", 0, 0, G_OPTION_ARG_STRING, &option.precision,
      "auto, f32 or bf16 (default: auto)", "NAME" },
  { "max-frames", 0, 0, G_OPTION_ARG_INT, &option.max_frames,
      "read at most so many frames of each video (default: 100)", "N" },
  { 0 }
};

static volatile sig_atomic_t interrupted;

static void
on_interrupt (int number)
{
  interrupted = 1;
  signal (number, SIG_DFL); /* a second one ends the program at once */
}

typedef struct {
  AeCodecTrainer *trainer;
  guint added, small;
} Feeding;

static gboolean
feed (const GstVideoFrame *frame, guint index, gpointer user_data,
    GError **error)
{
  Feeding *feeding = user_data;
  AeImage image;
  AeError err;
  frames_image (frame, &image);
  AeStatus status = ae_codec_trainer_add (
      feeding->trainer, &image, index > 0, &err);
  if (status == AE_ERROR_ARGUMENT) {
    feeding->small++;
  } else if (status != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  } else {
    feeding->added++;
  }
  return !interrupted && index + 1 < (guint) option.max_frames;
}

/* What cannot be decoded is named and left out. */
static gboolean
read_inputs (AeCodecTrainer *trainer, GPtrArray *uris, GError **error)
{
  Feeding feeding = { .trainer = trainer };
  Progress progress;
  progress_start (&progress, 5);
  for (guint i = 0; i < uris->len && !interrupted; i++) {
    g_autoptr (GError) local = NULL;
    if (!frames_decode (g_ptr_array_index (uris, i), GST_VIDEO_FORMAT_I420,
            feed, &feeding, &local))
      progress_line (&progress, "left out: %s", local->message);
    if (progress_due (&progress)) {
      g_autofree char *text
          = g_strdup_printf ("reading, %u pictures", feeding.added);
      progress_show (&progress, (i + 1.0) / uris->len, text);
    }
  }
  progress_end (&progress);
  if (feeding.small > 0)
    fprintf (stderr, "%u pictures are smaller than a patch and left out\n",
        feeding.small);
  if (feeding.added > 0)
    return TRUE;
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_NEEDS_DATA,
      "the inputs hold no picture that is large enough");
  return FALSE;
}

/* The checkpoint and the model. */
static AeStatus
finish (AeCodecTrainer *trainer, const char *checkpoint, AeError *err)
{
  AeModel *model;
  AeStatus status = ae_codec_trainer_save (trainer, checkpoint, err);
  fprintf (stderr, "fitting contexts and tables\n");
  if (status == AE_OK)
    status = ae_codec_trainer_model (trainer, &model, err);
  if (status != AE_OK)
    return status;
  status = ae_model_save (model, option.output, err);
  ae_model_unref (&model);
  return status;
}

/* Sums since the last line. */
typedef struct {
  double loss, psnr, bits;
  int n;
} Sums;

static void
show (Progress *progress, Sums *sums, const AeCodecTrainReport *r,
    gint64 first)
{
  double rate = (r->step - first) / progress_elapsed (progress);
  g_autofree char *left
      = progress_time_text ((option.steps - r->step) / rate);
  sums->loss += r->loss;
  sums->psnr += r->psnr;
  sums->bits += r->bits_per_pixel;
  sums->n++;
  if (r->step % REPORT_EVERY == 0 || r->step == option.steps) {
    progress_line (progress,
        "step %" G_GINT64_FORMAT ": loss %.4f, %.2f dB, %.3f bits per pixel, "
        "rate %.6f, %.1f steps per second",
        r->step, sums->loss / sums->n, sums->psnr / sums->n,
        sums->bits / sums->n, r->learning_rate, rate);
    *sums = (Sums) { 0 };
  } else if (progress_due (progress)) {
    g_autofree char *text = g_strdup_printf (
        "step %" G_GINT64_FORMAT ", loss %.4f, %s left", r->step, r->loss,
        left);
    progress_show (progress, (double) r->step / option.steps, text);
  }
}

static AeStatus
train (AeCodecTrainer *trainer, const char *checkpoint, AeError *err)
{
  Progress progress;
  Sums sums = { 0 };
  AeCodecTrainReport report = { 0 };
  gint64 first = -1;
  AeStatus status = AE_OK;
  progress_start (&progress, 30);
  while (status == AE_OK && !interrupted && report.step < option.steps
         && (option.time_limit <= 0
             || progress_elapsed (&progress) < option.time_limit * 60)) {
    status = ae_codec_trainer_step (trainer, &report, err);
    if (status == AE_ERROR_NUMERIC)
      status = AE_OK; /* skipped: nothing changed */
    if (status != AE_OK)
      break;
    first = first < 0 ? report.step - 1 : first;
    show (&progress, &sums, &report, first);
    if (report.step % SAVE_EVERY == 0)
      status = ae_codec_trainer_save (trainer, checkpoint, err);
  }
  progress_end (&progress);
  return status == AE_OK ? finish (trainer, checkpoint, err) : status;
}

/* The model that --from names; NULL and no error without it. */
static AeModel *
model_to_start (GError **error)
{
  AeModel *model = NULL;
  AeError err;
  if (!option.from)
    return NULL;
  g_autofree char *path = g_strcmp0 (option.from, "bundled")
      ? g_strdup (option.from)
      : paths_bundled ("codec.onnx", error);
  if (path && ae_model_load (&model, path, &err) != AE_OK)
    aetool_set_error (error, &err);
  return model;
}

static AeStatus
open_trainer (AeCodecTrainer **trainer, AeModel *start,
    const char *checkpoint, AeError *err)
{
  AePrecision precision;
  AeCodecTrainerOptions options = {
    .tune = g_strcmp0 (option.tune, "ms-ssim") ? AE_TUNE_PSNR : AE_TUNE_MS_SSIM,
    .steps = option.steps,
    .start = start,
    .seed = (guint64) option.seed,
    .n_threads = option.threads,
    .context_steps = option.context_steps,
    .batch = option.batch,
    .patch = option.patch };
  aetool_parse_precision (option.precision, &precision);
  options.precision = precision;
  AeStatus status = ae_codec_trainer_new (trainer, &options, err);
  if (status == AE_OK && option.resume
      && g_file_test (checkpoint, G_FILE_TEST_EXISTS))
    status = ae_codec_trainer_restore (*trainer, checkpoint, err);
  return status;
}

static int
run (GPtrArray *uris)
{
  g_autofree char *checkpoint = g_strconcat (option.output, ".ckpt", NULL);
  g_autoptr (GError) error = NULL;
  AeCodecTrainer *trainer = NULL;
  AeError err;
  AeModel *start = model_to_start (&error);
  if (error)
    return aetool_g_error (g_steal_pointer (&error));
  AeStatus status = open_trainer (&trainer, start, checkpoint, &err);
  ae_model_unref (&start);
  printf ("seed %" G_GINT64_FORMAT "\n", option.seed);
  if (status == AE_OK && read_inputs (trainer, uris, &error))
    status = train (trainer, checkpoint, &err);
  ae_codec_trainer_free (&trainer);
  if (error)
    return aetool_g_error (g_steal_pointer (&error));
  if (status != AE_OK)
    return aetool_ae_error (&err);
  printf ("%s\n", option.output);
  return AETOOL_OK;
}

int
aetool_train_codec (int argc, char **argv)
{
  AePrecision precision;
  if (!aetool_parse (&argc, &argv, "INPUT...",
          "Trains a codec for aeencode and aedecode on pictures and videos:\n"
          "files, folders, patterns, URIs. Ctrl-C saves and stops.",
          NULL, entries))
    return AETOOL_USAGE;
  if (argc < 2)
    return aetool_usage ("wanted pictures or videos, found none");
  if (option.steps < 0 || option.threads < 0 || option.max_frames < 0
      || option.context_steps < 0
      || option.batch < 0 || option.patch < 0)
    return aetool_usage ("numbers are above 0");
  if (option.tune && strcmp (option.tune, "psnr") != 0
      && strcmp (option.tune, "ms-ssim") != 0)
    return aetool_usage ("--tune is psnr or ms-ssim");
  if (!aetool_parse_precision (option.precision, &precision))
    return AETOOL_USAGE;
  option.output = option.output ? option.output : (char *) "codec.onnx";
  option.steps = option.steps ? option.steps : 50000;
  option.max_frames = option.max_frames ? option.max_frames : 100;
  GError *error = NULL;
  g_autoptr (GPtrArray) uris = inputs_expand (argv + 1, argc - 1, &error);
  if (!uris)
    return aetool_g_error (error);
  signal (SIGINT, on_interrupt);
  signal (SIGTERM, on_interrupt);
  return run (uris);
}
