/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool train: frames from anywhere -> a model file. */

#include <gst/gst.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aetool.h"
#include "frames.h"
#include "idx_pictures.h"
#include "inputs.h"
#include "paths.h"
#include "train.h"

/* Frames per second where nothing says it. */
#define USUAL_RATE 25.0

static struct {
  char *output, *base, *checkpoint, *csv, *curve, *sheet, *sheets;
  char **set;
  gboolean resume, keys;
  gint64 steps;
  double time_limit, save_interval;
  int threads, max_frames;
} option = { .steps = -1 };

static const GOptionEntry entries[] = {
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &option.output,
      "model file to write (default: the recipe's name with .onnx)", "MODEL" },
  { "base", 0, 0, G_OPTION_ARG_FILENAME, &option.base,
      "model whose weights to start from: a file, or the name of a bundled one",
      "MODEL" },
  { "checkpoint", 0, 0, G_OPTION_ARG_FILENAME, &option.checkpoint,
      "where the state of the training is kept (default: MODEL.ckpt)",
      "FILE" },
  { "resume", 0, 0, G_OPTION_ARG_NONE, &option.resume,
      "go on from the checkpoint when there is one", NULL },
  { "steps", 0, 0, G_OPTION_ARG_INT64, &option.steps,
      "instead of the recipe's", "N" },
  { "time-limit", 0, 0, G_OPTION_ARG_DOUBLE, &option.time_limit,
      "save and stop after so many minutes", "MINUTES" },
  { "save-interval", 0, 0, G_OPTION_ARG_DOUBLE, &option.save_interval,
      "save at least so often (default: every checkpoint_every steps of the "
      "recipe, which alone makes a training repeatable)", "MINUTES" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &option.threads,
      "cores to use (default: all)", "N" },
  { "max-frames", 0, 0, G_OPTION_ARG_INT, &option.max_frames,
      "read at most so many frames of each input (default: 1000 of a camera "
      "or network stream, all of a file)", "N" },
  { "set", 's', 0, G_OPTION_ARG_STRING_ARRAY, &option.set,
      "change a value of the recipe, e.g. -s training.batch=8",
      "SECTION.KEY=VALUE" },
  { "keys", 0, 0, G_OPTION_ARG_NONE, &option.keys,
      "print what a recipe may say, and stop", NULL },
  { "csv", 0, 0, G_OPTION_ARG_FILENAME, &option.csv,
      "loss table to write (default: MODEL.csv)", "FILE" },
  { "curve", 0, 0, G_OPTION_ARG_FILENAME, &option.curve,
      "loss curve to write (default: MODEL.png)", "FILE" },
  { "sheet", 0, 0, G_OPTION_ARG_FILENAME, &option.sheet,
      "contact sheet of what the model makes, of autoencoders, GANs and "
      "Boltzmann machines, at each validation (default: MODEL-sheet.png)",
      "FILE" },
  { "sheets", 0, 0, G_OPTION_ARG_FILENAME, &option.sheets,
      "keep every contact sheet in this folder, too", "FOLDER" },
  { 0 }
};

static void
on_interrupt (int number)
{
  train_interrupted = 1;
  /* A second one ends the program at once. */
  signal (number, SIG_DFL);
}

/* Applies "section.key=value". */
static gboolean
override (AeRecipe *recipe, const char *text, AeError *err)
{
  g_auto (GStrv) sides = g_strsplit (text, "=", 2);
  g_auto (GStrv) names = g_strsplit (sides[0] ? sides[0] : "", ".", 2);
  if (g_strv_length (sides) != 2 || g_strv_length (names) != 2) {
    err->status = AE_ERROR_ARGUMENT;
    g_snprintf (err->text, sizeof err->text,
        "--set %s: wanted SECTION.KEY=VALUE", text);
    return FALSE;
  }
  return ae_recipe_set (recipe, names[0], names[1], sides[1], err) == AE_OK;
}

/* Sets [training] key. */
static gboolean
set_number (AeRecipe *recipe, const char *key, gint64 value, AeError *err)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, value);
  return ae_recipe_set (recipe, "training", key, text, err) == AE_OK;
}

static AeRecipe *
load_recipe (const char *path, AeError *err)
{
  AeRecipe *recipe;
  g_autoptr (GError) error = NULL;
  g_autofree char *file = paths_find (path, ".ini", &error);
  if (!file) {
    err->status = AE_ERROR_NOT_FOUND;
    g_strlcpy (err->text, error->message, sizeof err->text);
    return NULL;
  }
  if (ae_recipe_load (&recipe, file, err) != AE_OK)
    return NULL;
  gboolean ok = TRUE;
  for (char **text = option.set; ok && text && *text; text++)
    ok = override (recipe, *text, err);
  if (option.steps >= 0)
    ok = ok && set_number (recipe, "steps", option.steps, err);
  if (option.threads > 0)
    ok = ok && set_number (recipe, "threads", option.threads, err);
  if (!ok)
    ae_recipe_free (&recipe);
  return recipe;
}

static char *
or_default (const char *given, const char *base, const char *ending)
{
  return given ? g_strdup (given) : g_strconcat (base, ending, NULL);
}

static void
name_files (TrainFiles *files, const char *recipe_path)
{
  g_autofree char *name = inputs_base_name (recipe_path);
  files->model = or_default (option.output, name, ".onnx");
  g_autofree char *stem = g_str_has_suffix (files->model, ".onnx")
                              ? g_strndup (files->model,
                                  strlen (files->model) - strlen (".onnx"))
                              : g_strdup (files->model);
  files->checkpoint = or_default (option.checkpoint, stem, ".ckpt");
  files->csv = or_default (option.csv, stem, ".csv");
  files->curve = or_default (option.curve, stem, ".png");
  files->sheet = or_default (option.sheet, stem, "-sheet.png");
  files->sheets = g_strdup (option.sheets);
}

/* Trouble with the place for a file should show before hours of training. */
static gboolean
check_writable (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  gboolean is_folder = g_file_test (path, G_FILE_TEST_IS_DIR);
  if (!is_folder && g_access (folder, W_OK | X_OK) == 0)
    return TRUE;
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_IO, "%s: %s%s", path,
      is_folder ? "found a folder, wanted a file to write or replace"
                : "cannot write into the folder: ",
      is_folder ? "" : g_strerror (errno));
  return FALSE;
}

static gboolean
check_files (const TrainFiles *files, GError **error)
{
  return check_writable (files->model, error)
      && check_writable (files->checkpoint, error)
      && check_writable (files->csv, error)
      && check_writable (files->curve, error)
      && check_writable (files->sheet, error);
}

static void
clear_files (TrainFiles *files)
{
  g_free (files->model);
  g_free (files->checkpoint);
  g_free (files->csv);
  g_free (files->curve);
  g_free (files->sheet);
  g_free (files->sheets);
}

typedef struct {
  AeRecipeTrainer *trainer;
  guint max_frames, small;
  AeError refused; /* why the first of them */
  GstClockTime last; /* timestamp of the frame before */
} Feeding;

/* After the frame before it in its file; 0: it is the first. By timestamps, and
 * by the file's frame rate where they do not rise. */
static double
seconds_before (Feeding *feeding, const GstVideoFrame *frame, guint index)
{
  GstClockTime time = GST_BUFFER_PTS (frame->buffer), last = feeding->last;
  const GstVideoInfo *info = &frame->info;
  feeding->last = time;
  if (index == 0)
    return 0;
  if (GST_CLOCK_TIME_IS_VALID (time) && GST_CLOCK_TIME_IS_VALID (last)
      && time > last)
    return (double) (time - last) / GST_SECOND;
  return info->fps_n > 0 && info->fps_d > 0
             ? (double) info->fps_d / info->fps_n
             : 1 / USUAL_RATE;
}

/* A picture into the trainer's memory. */
static gboolean
feed_image (Feeding *feeding, const AeImage *image, guint index,
    double seconds, int label, GError **error)
{
  AeError err;
  AeStatus status = ae_recipe_trainer_add_labelled (
      feeding->trainer, image, seconds, label, &err);
  if (status == AE_ERROR_ARGUMENT) {
    if (feeding->small++ == 0)
      feeding->refused = err;
  } else if (status != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  return !train_interrupted
         && (!feeding->max_frames || index + 1 < feeding->max_frames);
}

static gboolean
feed_frame (const GstVideoFrame *frame, guint index, gpointer user_data,
    GError **error)
{
  Feeding *feeding = user_data;
  AeImage image;
  frames_image (frame, &image);
  return feed_image (feeding, &image, index,
      seconds_before (feeding, frame, index), AE_NO_LABEL, error);
}

static gboolean
feed_labelled (const AeImage *image, guint index, int label,
    gpointer user_data, GError **error)
{
  return feed_image (user_data, image, index, 0, label, error);
}

static gboolean
read_input (Feeding *feeding, const char *uri, GError **error)
{
  AeTrainingPlan plan;
  if (idx_pictures_named (uri))
    return idx_pictures_read (uri, feed_labelled, feeding, error);
  ae_recipe_trainer_plan (feeding->trainer, &plan);
  return frames_decode (uri,
      plan.colours ? GST_VIDEO_FORMAT_RGB : GST_VIDEO_FORMAT_I420, feed_frame,
      feeding, error);
}

/* Reads all inputs. What cannot be decoded is named and left out; it is an
 * error when nothing is left. */
static gboolean
read_inputs (AeRecipeTrainer *trainer, GPtrArray *uris, GError **error)
{
  Progress progress;
  progress_start (&progress, 5);
  guint failed = 0, small = 0;
  for (guint i = 0; i < uris->len && !train_interrupted; i++) {
    const char *uri = g_ptr_array_index (uris, i);
    Feeding feeding = { .trainer = trainer, .max_frames = option.max_frames };
    if (feeding.max_frames == 0 && inputs_is_live (uri))
      feeding.max_frames = 1000;
    GError *local = NULL;
    if (!read_input (&feeding, uri, &local)) {
      if (local->domain == AETOOL_DOMAIN && local->code == AE_ERROR_MEMORY) {
        g_propagate_error (error, local);
        return FALSE;
      }
      progress_line (&progress, "left out: %s", local->message);
      g_error_free (local);
      failed++;
    }
    if (feeding.small > 0)
      progress_line (&progress, "left out: %u frames of %s: %s", feeding.small,
          uri, feeding.refused.text);
    small += feeding.small;
    if (progress_due (&progress)) {
      g_autofree char *text = g_strdup_printf ("reading, %zu frames",
          ae_recipe_trainer_n_frames (trainer));
      progress_show (&progress, (i + 1.0) / uris->len, text);
    }
  }
  progress_end (&progress);
  size_t n = ae_recipe_trainer_n_frames (trainer);
  fprintf (stderr, "%zu frames of %u inputs", n, uris->len - failed);
  if (failed)
    fprintf (stderr, ", %u inputs left out", failed);
  if (small)
    fprintf (stderr, ", %u frames too small or of another shape", small);
  fprintf (stderr, ".\n");
  if (n == 0)
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "no frame to train on in %u inputs (%u are too small)", uris->len,
        small);
  return n > 0;
}

static int
print_result (const TrainRun *run)
{
  const TrainFiles *files = run->files;
  g_autofree char *time = progress_time_text (
      run->seconds_before + progress_elapsed (&run->progress));
  printf ("%s: %" G_GINT64_FORMAT " steps, %s", files->model, run->step, time);
  if (!isnan (run->score))
    printf (", %s %.2f %s on held-out pictures", run->plan.score, run->score,
        run->plan.score_unit);
  if (run->skipped)
    printf (", %" G_GINT64_FORMAT " steps skipped", run->skipped);
  printf ("\ntable %s, curve %s, checkpoint %s\n", files->csv, files->curve,
      files->checkpoint);
  if (run->plan.sheets)
    printf ("contact sheet %s\n", files->sheet);
  return AETOOL_OK;
}

/* Resumes, trains and saves. */
static int
train (const TrainFiles *files, AeRecipeTrainer *trainer)
{
  TrainRun run = { .files = files,
    .trainer = trainer,
    .time_limit = option.time_limit * 60,
    .save_every = option.save_interval * 60 };
  GError *error = NULL;
  ae_recipe_trainer_plan (trainer, &run.plan);
  if (option.resume && g_file_test (files->checkpoint, G_FILE_TEST_EXISTS)) {
    AeError err;
    if (ae_recipe_trainer_restore (trainer, files->checkpoint, &err) != AE_OK)
      return aetool_ae_error (&err);
    run.history = history_read (files->csv, G_MAXINT64);
    if (run.history->len)
      run.seconds_before
          = history_row (run.history, run.history->len - 1).seconds;
    fprintf (stderr, "Going on from %s.\n", files->checkpoint);
  } else {
    run.history = history_new ();
  }
  gboolean ok = train_run (&run, &error);
  int status = ok ? print_result (&run) : aetool_g_error (error);
  g_array_unref (run.history);
  return status;
}

/* The model that --base names; NULL and no error without it. */
static AeModel *
load_base (GError **error)
{
  AeModel *base = NULL;
  AeError err;
  if (!option.base)
    return NULL;
  g_autofree char *path = paths_find (option.base, ".onnx", error);
  if (path && ae_model_load (&base, path, &err) != AE_OK)
    aetool_set_error (error, &err);
  return base;
}

static int
read_and_train (AeRecipe *recipe, const char *recipe_path, GPtrArray *uris)
{
  AeError err;
  AeRecipeTrainer *trainer = NULL;
  GError *error = NULL;
  int status;
  TrainFiles files;
  AeModel *base = load_base (&error);
  if (error)
    return aetool_g_error (error);
  name_files (&files, recipe_path);
  if (!check_files (&files, &error))
    status = aetool_g_error (error);
  else if (ae_recipe_trainer_new (&trainer, recipe, base, &err) != AE_OK)
    status = aetool_ae_error (&err);
  else if (!read_inputs (trainer, uris, &error))
    status = aetool_g_error (error);
  else
    status = train_interrupted
                 ? aetool_error ("interrupted before the first step")
                 : train (&files, trainer);
  ae_recipe_trainer_free (&trainer);
  ae_model_unref (&base);
  clear_files (&files);
  return status;
}

static int
print_keys (void)
{
  char *text = ae_recipe_keys ();
  if (!text)
    return 1;
  fputs (text, stdout);
  free (text);
  return 0;
}

int
aetool_train (int argc, char **argv)
{
  if (!aetool_parse (&argc, &argv, "RECIPE INPUT...",
          "Trains a model from videos and pictures.",
          "An INPUT is a file, a folder (searched with its subfolders), a "
          "pattern, a URI\nor a camera (/dev/videoN); or pictures in MNIST's "
          "format (train-images-idx3-ubyte.gz),\nwith the labels beside them. "
          "Ctrl-C saves and stops; --resume goes on. RECIPE is a file, or the name of a bundled "
          "one.",
          entries))
    return AETOOL_USAGE;
  if (option.keys)
    return print_keys ();
  if (argc < 3)
    return aetool_usage ("wanted a recipe and something to train on");
  if (option.steps < -1 || option.time_limit < 0 || option.max_frames < 0
      || option.threads < 0)
    return aetool_usage ("numbers of steps, minutes, frames and threads are "
                         "not below 0");

  AeError err;
  AeRecipe *recipe = load_recipe (argv[1], &err);
  if (!recipe)
    return aetool_ae_error (&err);
  GError *error = NULL;
  g_autoptr (GPtrArray) uris = inputs_expand (argv + 2, argc - 2, &error);
  int status;
  if (uris) {
    signal (SIGINT, on_interrupt);
    signal (SIGTERM, on_interrupt);
    status = read_and_train (recipe, argv[1], uris);
  } else {
    status = aetool_g_error (error);
  }
  ae_recipe_free (&recipe);
  return status;
}
