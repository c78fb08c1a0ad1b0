/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool eval: how well denoisers denoise. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aetool.h"
#include "eval_sets.h"
#include "float_stills.h"
#include "paths.h"
#include "report.h"
#include "sheet.h"

static struct {
  char **presets, **stills, **clips, **fixed, **pairs;
  char **tune_stills, **tune_clips, **tune_pairs;
  char *sigmas, *picture, *precision;
  gboolean blind, known, peers, json;
  int frames;
  AeDenoiserOptions denoiser;
} option;

static const GOptionEntry entries[] = {
  { "preset", 'p', 0, G_OPTION_ARG_STRING_ARRAY, &option.presets,
      "a bundled model: fast, balanced or quality (may be repeated)", "NAME" },
  { "stills", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.stills,
      "folder of clean pictures, taken as grey", "DIR" },
  { "clip", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.clips,
      "clean clip: noise on Y, U and V", "FILE" },
  { "fixed", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.fixed,
      "clean clip of a camera that does not move: noise on Y", "FILE" },
  { "noisy-clean", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.pairs,
      "folder of NAME_noisy.* and NAME_clean.*: real noise, RGB", "DIR" },
  { "sigmas", 0, 0, G_OPTION_ARG_STRING, &option.sigmas,
      "noise levels in grey levels (default: stills 15,25,50; clips "
      "10,20,30,50; fixed camera 20)", "LIST" },
  { "blind", 0, 0, G_OPTION_ARG_NONE, &option.blind,
      "models estimate the noise (default, but for stills)", NULL },
  { "known", 0, 0, G_OPTION_ARG_NONE, &option.known,
      "models are told sigma (default for stills)", NULL },
  { "peers", 0, 0, G_OPTION_ARG_NONE, &option.peers,
      "also ffmpeg's hqdn3d, atadenoise, nlmeans and OpenCV's nlmeans", NULL },
  { "tune-stills", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.tune_stills,
      "where the peers' strengths are chosen; without it on the pictures "
      "themselves, to their advantage", "DIR" },
  { "tune-clip", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.tune_clips,
      "the same for clips and fixed cameras", "FILE" },
  { "tune-noisy-clean", 0, 0, G_OPTION_ARG_FILENAME_ARRAY,
      &option.tune_pairs, "the same for real noise", "DIR" },
  { "frames", 0, 0, G_OPTION_ARG_INT, &option.frames,
      "use at most so many frames of each clip (default: all)", "N" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &option.denoiser.n_threads,
      "threads of our models (default: all cores)", "N" },
  { "precision", 0, 0, G_OPTION_ARG_STRING, &option.precision,
      "auto, f32 or bf16 (default: auto, which is bf16 where the processor "
      "has AMX)",
      "NAME" },
  { "picture", 0, 0, G_OPTION_ARG_FILENAME, &option.picture,
      "write clean, noisy and denoised side by side", "PNG" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option.json, "print JSON", NULL },
  { 0 }
};

typedef struct {
  GPtrArray *names;  /* of char */
  GPtrArray *models; /* of AeModel */
  GPtrArray *peers;  /* of Method */
  Json *json;        /* NULL: tables */
  gboolean drawn;    /* the picture is written */
} Eval;

static void
unref_model (gpointer model)
{
  AeModel *m = model;
  ae_model_unref (&m);
}

static gboolean
load_model (Eval *eval, const char *path, const char *name, GError **error)
{
  AeModel *model;
  AeError err;
  if (ae_model_load (&model, path, &err) != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  g_ptr_array_add (eval->names, g_strdup (name));
  g_ptr_array_add (eval->models, model);
  return TRUE;
}

static gboolean
load_models (Eval *eval, char **paths, int n, GError **error)
{
  for (int i = 0; i < n; i++) {
    g_autofree char *name = g_path_get_basename (paths[i]);
    if (!load_model (eval, paths[i], name, error))
      return FALSE;
  }
  for (char **preset = option.presets; preset && *preset; preset++) {
    g_autofree char *path = paths_bundled_denoiser (*preset, error);
    if (!path || !load_model (eval, path, *preset, error))
      return FALSE;
  }
  return TRUE;
}

/* Noisy, peers, and each model with fusion and (for clips) without. */
static GPtrArray *
make_methods (const Eval *eval, gboolean clips, gboolean known)
{
  GPtrArray *methods
      = g_ptr_array_new_with_free_func ((GDestroyNotify) method_free);
  g_ptr_array_add (methods, method_noisy ());
  if (option.peers)
    method_add_peers (methods);
  for (guint i = 0; i < eval->models->len; i++) {
    const char *name = g_ptr_array_index (eval->names, i);
    AeModel *model = g_ptr_array_index (eval->models, i);
    g_autofree char *single = g_strdup_printf ("%s, no fusion", name);
    if (clips)
      g_ptr_array_add (methods,
          method_model (single, model, FALSE, known, &option.denoiser));
    g_ptr_array_add (
        methods, method_model (name, model, clips, known, &option.denoiser));
  }
  return methods;
}

/* Side by side: first item of the set, a frame from its middle. */
static gboolean
draw (const EvalSet *set, const GPtrArray *methods, const GArray *sigmas,
    const EvalTable *table, GError **error)
{
  Sheet sheet;
  guint s = sigmas->len / 2;
  double sigma = g_array_index (sigmas, double, s);
  const EvalItem *item = g_ptr_array_index (set->items, 0);
  guint scored = (item->clean->len - set->first + set->step - 1) / set->step;
  guint frame = set->first + scored / 2 * set->step;
  sheet_init (&sheet);
  sheet_add (&sheet, "clean",
      picture_copy (g_ptr_array_index (item->clean, frame)));
  gboolean ok = TRUE;
  for (guint m = 0; ok && m < methods->len; m++) {
    Method *method = g_ptr_array_index (methods, m);
    const EvalScore *score = &table->score[m * sigmas->len + s];
    Picture *picture = evaluate_picture (
        set, item, frame, method, score, sigma, error);
    if ((ok = picture != NULL))
      sheet_add (&sheet, method->name, picture);
  }
  ok = ok && sheet_save (&sheet, option.picture, error);
  sheet_clear (&sheet);
  return ok;
}

static gboolean
run_set (Eval *eval, const EvalSet *set, const char *default_sigmas,
    gboolean known, GError **error)
{
  g_autoptr (GArray) sigmas = aetool_parse_numbers (
      option.sigmas && g_strcmp0 (set->key, "real_noise") ? option.sigmas
                                                          : default_sigmas);
  g_autoptr (GPtrArray) methods = make_methods (eval, set->moving, known);
  EvalTable *table = evaluate (set, methods, sigmas, error);
  if (!table)
    return FALSE;
  if (eval->json)
    report_json (eval->json, set, methods, sigmas, table);
  else
    report_table (set, methods, sigmas, table);
  gboolean ok = TRUE;
  if (option.picture && !eval->drawn) {
    ok = draw (set, methods, sigmas, table, error);
    eval->drawn = TRUE;
  }
  eval_table_free (table);
  return ok;
}

/* The literature's protocol beside the 8-bit one. */
static gboolean
run_float_stills (Eval *eval, const EvalSet *set, GError **error)
{
  g_autoptr (GArray) sigmas
      = aetool_parse_numbers (option.sigmas ? option.sigmas : "15,25,50");
  if (eval->json)
    json_open (eval->json, "stills_float", '{');
  else
    printf ("\nThe same, noise neither rounded nor clipped, known sigma: "
            "PSNR in dB\n\n");
  for (guint i = 0; i < eval->models->len; i++) {
    const char *name = g_ptr_array_index (eval->names, i);
    if (eval->json)
      json_open (eval->json, name, '[');
    else
      printf ("| %s |", name);
    for (guint s = 0; s < sigmas->len; s++) {
      double psnr;
      if (!float_stills_psnr (g_ptr_array_index (eval->models, i), set->items,
              g_array_index (sigmas, double, s), &option.denoiser, &psnr,
              error))
        return FALSE;
      if (eval->json)
        json_number (eval->json, NULL, psnr);
      else
        printf (" %.2f |", psnr);
    }
    if (eval->json)
      json_close (eval->json, '[');
    else
      printf ("\n");
  }
  if (eval->json)
    json_close (eval->json, '{');
  return TRUE;
}

typedef GPtrArray *(*ItemsFunc) (char **names, int max_frames, GError **error);

/* Loads a set and runs it. */
static gboolean
run_named (Eval *eval, EvalSet *set, ItemsFunc load, char **names,
    char **tune_names, const char *sigmas, gboolean known, GError **error)
{
  if (!names)
    return TRUE;
  set->items = load (names, option.frames, error);
  if (!set->items)
    return FALSE;
  gboolean tune_apart = option.peers && tune_names;
  set->tune = tune_apart ? load (tune_names, option.frames, error)
                         : g_ptr_array_ref (set->items);
  gboolean ok = set->tune && run_set (eval, set, sigmas, known, error);
  if (ok && !strcmp (set->key, "stills"))
    ok = run_float_stills (eval, set, error);
  g_clear_pointer (&set->tune, g_ptr_array_unref);
  g_clear_pointer (&set->items, g_ptr_array_unref);
  return ok;
}

static gboolean
run_all (Eval *eval, GError **error)
{
  EvalSet stills = { .key = "stills", .step = 1,
    .title = option.blind
                 ? "Stills, grey, noise rounded and clipped to 8 bits, blind"
                 : "Stills, grey, noise rounded and clipped to 8 bits, known "
                   "sigma" };
  EvalSet clips = { .key = "clips", .first = 5, .step = 10, .moving = TRUE,
    .title = option.known
                 ? "Clips, noise on Y, U, V, known sigma: Y, frames 5, 15, ..."
                 : "Clips, noise on Y, U, V, blind: Y, frames 5, 15, ..." };
  EvalSet fixed = { .key = "fixed_camera", .first = 5, .step = 10,
    .moving = TRUE, .luma_only = TRUE,
    .title = option.known
                 ? "Fixed camera, noise on Y, known sigma: Y, frames 5, 15, ..."
                 : "Fixed camera, noise on Y, blind: Y, frames 5, 15, ..." };
  EvalSet pairs = { .key = "real_noise", .step = 1,
    .title = "Real camera noise, blind: RGB" };
  return run_named (eval, &stills, eval_load_stills, option.stills,
             option.tune_stills, "15,25,50", !option.blind, error)
         && run_named (eval, &clips, eval_load_clips, option.clips,
             option.tune_clips, "10,20,30,50", option.known, error)
         && run_named (eval, &fixed, eval_load_clips, option.fixed,
             option.tune_clips, "20", option.known, error)
         && run_named (eval, &pairs, eval_load_pairs, option.pairs,
             option.tune_pairs, "8", FALSE, error);
}

/* Whether `option`, with or without "=value", is on the command line. */
static gboolean
wants (const char *name, int argc, char **argv)
{
  size_t length = strlen (name);
  for (int i = 1; i < argc; i++)
    if (strncmp (argv[i], name, length) == 0
        && (argv[i][length] == '\0' || argv[i][length] == '='))
      return TRUE;
  return FALSE;
}

/* What has commands of its own; the first whose option is there is meant, and
 * --generated has a --classifier too. */
static const struct {
  const char *option;
  int (*run) (int argc, char **argv);
} others[] = {
  { "--generated", aetool_eval_generated },
  { "--anomaly", aetool_eval_anomaly },
  { "--autoencoder", aetool_eval_autoencoder },
  { "--classifier", aetool_eval_classifier },
  { "--codec", aetool_eval_codec },
  { "--codes", aetool_eval_codes },
  { "--latent", aetool_eval_latent },
  { "--rbm", aetool_eval_rbm },
};

int
aetool_eval (int argc, char **argv)
{
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    if (wants (others[i].option, argc, argv))
      return others[i].run (argc, argv);
  if (!aetool_parse (&argc, &argv, "[MODEL...]",
          "Prints PSNR and SSIM of denoisers on clean material with noise "
          "added, or on pairs.",
          "Of autoencoders: see aetool eval --autoencoder MODEL --help.\n"
          "Of classifiers: see aetool eval --classifier MODEL --help.\n"
          "Of an autoencoder's codes: see aetool eval --codes MODEL --help.\n"
          "Of generated pictures: see aetool eval --generated MODEL --help.\n"
          "Of Boltzmann machines: see aetool eval --rbm MODEL --help.\n"
          "Of codecs: see aetool eval --codec bundled --help.\n"
          "Of detectors: see aetool eval --anomaly bundled --help.\n"
          "Columns `moving`: Y-PSNR where the clean picture changed since the "
          "frame before.\nErrors are averaged over a clip's frames, dB over "
          "clips.",
          entries))
    return AETOOL_USAGE;
  if (!option.stills && !option.clips && !option.fixed && !option.pairs)
    return aetool_usage (
        "wanted --stills, --clip, --fixed or --noisy-clean");
  if (option.blind && option.known)
    return aetool_usage ("--blind and --known exclude each other");
  g_autoptr (GArray) check
      = option.sigmas ? aetool_parse_numbers (option.sigmas) : NULL;
  if (option.sigmas && !check)
    return aetool_usage ("--sigmas %s: wanted numbers like 10,20,30",
        option.sigmas);
  if (!aetool_parse_precision (
          option.precision, &option.denoiser.precision))
    return AETOOL_USAGE;

  GError *error = NULL;
  Eval eval = { .names = g_ptr_array_new_with_free_func (g_free),
    .models = g_ptr_array_new_with_free_func (unref_model) };
  if (option.json) {
    eval.json = json_new ();
    json_open (eval.json, NULL, '{');
  }
  gboolean ok = load_models (&eval, argv + 1, argc - 1, &error)
                && run_all (&eval, &error);
  if (eval.json) {
    json_close (eval.json, '{');
    if (ok)
      json_print (eval.json);
    json_free (eval.json);
  }
  g_ptr_array_unref (eval.names);
  g_ptr_array_unref (eval.models);
  return ok ? AETOOL_OK : aetool_g_error (error);
}
