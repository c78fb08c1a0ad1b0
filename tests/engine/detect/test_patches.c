/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "ae_tmp.h"

#include "detect/patches.h"
#include "graph/build.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
  W = 64,
  H = 48,
  WINDOW = 5,
  CODE = 6,
  D = CODE + 1,
  BLOCKS = 16 * 12,
  OF_BLOCK = 3
};

/* Codes that are drawn, around those of a picture. */
static void
make_facts (AePatchFacts *f, const uint8_t *picture)
{
  AeError err;
  AeRng rng;
  AePatches *patches;
  static float codes[BLOCKS * OF_BLOCK * D];
  uint32_t counts[BLOCKS];
  AePreparation p = { .width = W, .height = H, .plane_width = W,
    .plane_height = H, .scale = 1 };
  AeLocalBankShape shape
      = { .block = 2, .reach_x = 1, .reach_y = 1 };
  ae_rng_seed (&rng, 1);
  ck_assert_int_eq (
      ae_patch_facts_init (f, &p, WINDOW, CODE, &shape, &err), AE_OK);
  for (int i = 0; i < WINDOW * WINDOW; i++)
    f->mean[i] = 0.1f * ae_rng_normal (&rng);
  for (int i = 0; i < CODE * WINDOW * WINDOW; i++)
    f->axes[i] = 0.2f * ae_rng_normal (&rng);
  for (int i = 0; i < f->columns * f->rows; i++) /* every fourth place */
    if (i % f->columns % 2 == 0 && i / f->columns % 2 == 0)
      f->usual[i] = (AeUsual){ 1, 0.5f };
  ck_assert_int_eq (ae_patches_new (&patches, f, 1, &err), AE_OK);
  const float *own = ae_patches_encode (patches, picture);
  for (int b = 0; b < BLOCKS; b++) {
    counts[b] = OF_BLOCK;
    int at = b / 16 * 2 * f->columns + b % 16 * 2;
    for (int i = 0; i < OF_BLOCK; i++)
      for (int k = 0; k < D; k++)
        codes[(b * OF_BLOCK + i) * D + k]
            = own[at * D + k] + (i ? ae_rng_normal (&rng) : 0);
  }
  ck_assert_int_eq (
      ae_patch_facts_set_codes (f, counts, codes, NULL, &err), AE_OK);
  ae_patches_free (&patches);
}

static void
draw (uint8_t *picture, uint64_t seed)
{
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (int i = 0; i < W * H; i++)
    picture[i] = (uint8_t) (60 + ae_rng_below (&rng, 50));
}

START_TEST (test_what_is_in_the_bank_is_near)
{
  enum { COLUMNS = W / 8, ROWS = H / 8 };
  uint8_t picture[W * H], mask[COLUMNS * ROWS];
  float cells[COLUMNS * ROWS];
  AePatchFacts f;
  AePatches *patches;
  AeError err;
  draw (picture, 1);
  make_facts (&f, picture);
  ck_assert_int_eq (ae_patches_new (&patches, &f, 2, &err), AE_OK);
  ck_assert_ptr_nonnull (ae_patches_encode (patches, picture));
  const float *distances = ae_patches_measure (patches, NULL, NULL);
  for (int y = 0; y < f.rows; y += 2) /* but for the steps of a byte */
    for (int x = 0; x < f.columns; x += 2)
      ck_assert_float_le (distances[y * f.columns + x], 0.1f);
  float usual = ae_patches_score (
      patches, picture, COLUMNS, ROWS, NULL, cells);
  for (int y = 20; y < 30; y++) /* a flaw */
    for (int x = 40; x < 48; x++)
      picture[y * W + x] = x % 3 ? 0 : 255;
  float odd = ae_patches_score (patches, picture, COLUMNS, ROWS, NULL, cells);
  ck_assert_float_gt (odd, usual + 1);
  int best = 0;
  for (int i = 0; i < COLUMNS * ROWS; i++)
    best = cells[i] > cells[best] ? i : best;
  ck_assert_int_le (abs (best % COLUMNS - 5), 1);
  ck_assert_int_le (abs (best / COLUMNS - 3), 1);
  for (int i = 0; i < COLUMNS * ROWS; i++) /* looked away from it */
    mask[i] = i % COLUMNS < 4;
  float away = ae_patches_score (
      patches, picture, COLUMNS, ROWS, mask, cells);
  ck_assert_float_lt (away, odd - 1);
  for (int i = 0; i < f.columns * f.rows; i++) /* a model that has no spread */
    f.usual[i].deviation = 1e-38f;
  ck_assert_float_le (
      ae_patches_score (patches, picture, COLUMNS, ROWS, NULL, cells), 1e6f);
  for (int i = 0; i < COLUMNS * ROWS; i++)
    ck_assert_float_le (cells[i], 1e6f);
  ae_patches_free (&patches);
  ae_patch_facts_clear (&f);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Changes of a model. */
typedef struct {
  const char *name;   /* of the tensor; or the text instead of the metadata's */
  enum { TEXT, WITHOUT, SHAPE, NUMBER, TYPE } what;
  int index;
  float number;
  const char *wanted; /* in the error */
} Change;

static void
put (AeBuilder *b, const Change *c, const char *name, AeShape shape,
    const float *values)
{
  static float copy[65536];
  bool meant = c && c->what != TEXT && strcmp (c->name, name) == 0;
  if (meant && c->what == WITHOUT)
    return;
  memset (copy, 0, sizeof copy);
  memcpy (copy, values, ae_shape_count (&shape) * sizeof *values);
  if (meant && c->what == NUMBER)
    copy[c->index] = c->number;
  if (meant && c->what == SHAPE)
    shape.dim[c->index] = (int) c->number;
  int v = meant && c->what == TYPE
              ? ae_build_int8s (b, shape, (const int8_t *) (void *) copy)
              : ae_build_values (b, shape, copy, NULL);
  ae_build_output (b, v, name);
}

static void
put_codes (AeBuilder *b, const Change *c, const AePatchFacts *f)
{
  AeShape shape = ae_shape (2, (int) f->n_codes, D);
  bool meant = c && c->what != TEXT && strcmp (c->name, "anomaly.bank") == 0;
  if (meant && c->what == WITHOUT)
    return;
  if (meant && c->what == SHAPE)
    shape.dim[c->index] = (int) c->number;
  int v = meant && c->what == TYPE
              ? ae_build_values (b, ae_shape (1, D), f->steps, NULL)
              : ae_build_int8s (b, shape, f->codes);
  ae_build_output (b, v, "anomaly.bank");
}

static AeModel *
make_model (const AePatchFacts *f, const Change *c)
{
  AeBuilder b;
  AeModel *model;
  AeError err;
  char text[AE_PATCH_TEXT];
  float counts[BLOCKS];
  for (int i = 0; i < BLOCKS; i++)
    counts[i] = (float) f->counts[i];
  ae_builder_start (&b, 1);
  put (&b, c, "anomaly.patch_mean", ae_shape (2, WINDOW, WINDOW), f->mean);
  put (&b, c, "anomaly.patch_axes", ae_shape (3, CODE, WINDOW, WINDOW),
      f->axes);
  put (&b, c, "anomaly.patch_usual", ae_shape (3, f->rows, f->columns, 2),
      &f->usual[0].mean);
  put (&b, c, "anomaly.bank_counts", ae_shape (2, 12, 16), counts);
  put (&b, c, "anomaly.bank_steps", ae_shape (1, D), f->steps);
  put_codes (&b, c, f);
  ae_patch_facts_text (f, text);
  if (!c || c->what != TEXT || c->name)
    ck_assert_int_eq (ae_model_set_meta (b.model, AE_PATCH_META,
                          c && c->what == TEXT ? c->name : text, &err),
        AE_OK);
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

START_TEST (test_facts_survive_a_file)
{
  char folder[64];
  AeError err;
  AeModel *read;
  AePatchFacts f, found;
  uint8_t picture[W * H];
  draw (picture, 1);
  make_facts (&f, picture);
  ae_tmp_make (folder);
  const char *path = ae_tmp_path (folder, "patches.onnx");
  AeModel *model = make_model (&f, NULL);
  ck_assert_int_eq (ae_model_save (model, path, &err), AE_OK);
  ck_assert_msg (ae_model_load (&read, path, &err) == AE_OK, "%s", err.text);
  ck_assert (ae_patch_facts_are_in (read));
  ck_assert_msg (ae_patch_facts_read (&found, read, W, H, &err) == AE_OK,
      "%s", err.text);
  ck_assert_mem_eq (&f.preparation, &found.preparation, sizeof f.preparation);
  ck_assert_mem_eq (&f.shape, &found.shape, sizeof f.shape);
  ck_assert_uint_eq (f.n_codes, found.n_codes);
  ck_assert_mem_eq (f.codes, found.codes, f.n_codes * D);
  ck_assert_mem_eq (f.usual, found.usual,
      (size_t) (f.columns * f.rows) * sizeof *f.usual);
  ae_patch_facts_clear (&found);
  ae_patch_facts_clear (&f);
  ae_model_unref (&model);
  ae_model_unref (&read);
  ae_tmp_remove (folder);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

#define TAIL " window=5 code=6 block=2 reach=1x1"

static const Change changes[] = {
  { NULL, TEXT, .wanted = "patches is missing" },
  { "", TEXT, .wanted = "wanted as \"align=" },
  { "align=none flatten=none plane=64x48 scale=1" TAIL " more", TEXT,
      .wanted = "fits the model's size" },
  { "align=left flatten=none plane=64x48 scale=1" TAIL, TEXT,
      .wanted = "align=left" },
  { "align=none flatten=both plane=64x48 scale=1" TAIL, TEXT,
      .wanted = "flatten=both" },
  { "align=none flatten=none plane=65x48 scale=1" TAIL, TEXT,
      .wanted = "65x48" },
  { "align=none flatten=none plane=64x48 scale=0.3" TAIL, TEXT,
      .wanted = "wanted as" },
  { "align=none flatten=none plane=64x48 scale=nan" TAIL, TEXT,
      .wanted = "wanted as" },
  { "align=object flatten=none plane=9999x48 scale=1" TAIL, TEXT,
      .wanted = "9999x48" },
  { "align=none flatten=none plane=64x48 scale=1 window=4 code=6 block=2 "
    "reach=1x1", TEXT, .wanted = "wanted as" },
  { "align=none flatten=none plane=64x48 scale=1 window=5 code=26 block=2 "
    "reach=1x1", TEXT, .wanted = "wanted as" },
  { "align=none flatten=none plane=64x48 scale=1 window=5 code=6 block=0 "
    "reach=1x1", TEXT, .wanted = "wanted as" },
  { "align=none flatten=none plane=64x48 scale=1 window=5 code=6 block=2 "
    "reach=1x99", TEXT, .wanted = "wanted as" },
  { "align=none flatten=none plane=64x48 scale=1 window=7 code=6 block=2 "
    "reach=1x1", TEXT, .wanted = "5x5, wanted 7x7" },
  { "anomaly.patch_mean", WITHOUT, .wanted = "no constant" },
  { "anomaly.patch_axes", WITHOUT, .wanted = "no constant" },
  { "anomaly.patch_usual", WITHOUT, .wanted = "no constant" },
  { "anomaly.bank_counts", WITHOUT, .wanted = "no constant" },
  { "anomaly.bank_steps", WITHOUT, .wanted = "no constant" },
  { "anomaly.bank", WITHOUT, .wanted = "no constant \"anomaly.bank\"" },
  { "anomaly.bank", TYPE, .wanted = "type f32, wanted i8" },
  { "anomaly.bank", SHAPE, 0, 575, .wanted = "575x7, wanted 576x7" },
  { "anomaly.patch_mean", TYPE, .wanted = "type i8, wanted f32" },
  { "anomaly.bank_counts", SHAPE, 0, 11, .wanted = "11x16, wanted 12x16" },
  { "anomaly.bank_counts", NUMBER, 7, 2, .wanted = "576x7, wanted 575x7" },
  { "anomaly.bank_counts", NUMBER, 7, 0.5f, .wanted = "holds 0.5" },
  { "anomaly.bank_counts", NUMBER, 7, -1, .wanted = "holds -1" },
  { "anomaly.bank_counts", NUMBER, 7, 1e9f, .wanted = "whole numbers" },
  { "anomaly.bank_steps", NUMBER, 0, 0, .wanted = "above 0" },
  { "anomaly.patch_usual", NUMBER, 1, -1, .wanted = "deviation of -1" },
  { "anomaly.patch_usual", NUMBER, 0, NAN, .wanted = "holds" },
};
#define N_CHANGES ((int) (sizeof changes / sizeof *changes))

START_TEST (test_what_is_wrong_is_named)
{
  AePatchFacts f, found;
  AeError err = { 0 };
  uint8_t picture[W * H];
  draw (picture, 1);
  make_facts (&f, picture);
  AeModel *model = make_model (&f, &changes[_i]);
  AeStatus status = ae_patch_facts_read (&found, model, W, H, &err);
  ck_assert_msg (status == AE_ERROR_FORMAT || status == AE_ERROR_SHAPE,
      "status %d: %s", (int) status, err.text);
  ck_assert_msg (strstr (err.text, changes[_i].wanted) != NULL,
      "\"%s\" does not say %s", err.text, changes[_i].wanted);
  ck_assert_int_eq (
      ae_patch_facts_read (&found, model, W, H, NULL), status);
  ck_assert_ptr_null (found.usual);
  ae_model_unref (&model);
  ae_patch_facts_clear (&f);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_no_memory)
{
  AePatchFacts f, found;
  AePatches *patches = NULL;
  AeError err;
  uint8_t picture[W * H];
  draw (picture, 1);
  make_facts (&f, picture);
  AeModel *model = make_model (&f, NULL);
  AeStatus status = AE_ERROR_MEMORY;
  long live = ae_mem_live ();
  for (int n = 1; status != AE_OK; n++) {
    ck_assert_int_lt (n, 100);
    ae_mem_fail_at (n, true);
    status = ae_patch_facts_read (&found, model, W, H, &err);
    ae_mem_fail_at (0, false);
    ck_assert (status == AE_OK || ae_mem_live () == live);
  }
  live = ae_mem_live ();
  for (int n = 1; !patches; n++) {
    ck_assert_int_lt (n, 100);
    ae_mem_fail_at (n, true);
    ae_patches_new (&patches, &found, 1, &err);
    ae_mem_fail_at (0, false);
    ck_assert (patches || ae_mem_live () == live);
  }
  ae_patches_free (&patches);
  ae_patch_facts_clear (&found);
  ae_patch_facts_clear (&f);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
make_suite (void)
{
  Suite *suite = suite_create ("patches");
  TCase *tcase = tcase_create ("patches");
  tcase_add_test (tcase, test_what_is_in_the_bank_is_near);
  tcase_add_test (tcase, test_facts_survive_a_file);
  tcase_add_loop_test (tcase, test_what_is_wrong_is_named, 0, N_CHANGES);
  tcase_add_test (tcase, test_no_memory);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (make_suite)
