/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "code_scores.h"

#include <ae/roc.h>
#include <stdlib.h>
#include <string.h>

#include "aetool.h"
#include "canvas.h"

#define CLUSTERED 10000 /* codes, at most */
#define ALONE 200       /* queries of which the time is taken */

void
labelled_codes_init (
    LabelledCodes *codes, PictureNet *net, const PictureSet *set)
{
  gsize d = picture_net_values (net, 0);
  codes->values = g_new (float, set->n * d);
  codes->codes = (AeCodes){ codes->values, set->n, d };
  codes->labels = (const int *) (void *) set->labels->data;
  picture_net_run (net, set, &codes->values);
}

void
labelled_codes_clear (LabelledCodes *codes)
{
  g_clear_pointer (&codes->values, g_free);
}

static gboolean
good (AeStatus status, const AeError *err, GError **error)
{
  if (status != AE_OK)
    aetool_set_error (error, err);
  return status == AE_OK;
}

Confusion *
code_scores_probe (const LabelledCodes *train, const LabelledCodes *test,
    int classes, int threads, GError **error)
{
  AeError err;
  AeProbe *probe;
  AeProbeOptions options = { .n_threads = threads };
  if (!good (ae_probe_fit (&probe, &train->codes, train->labels, classes,
                 &options, &err),
          &err, error))
    return NULL;
  Confusion *confusion = confusion_new (classes);
  g_autofree float *logits = g_new (float, test->codes.n * classes);
  ae_probe_logits (probe, &test->codes, logits);
  for (gsize i = 0; i < test->codes.n; i++)
    confusion_add (confusion, test->labels[i],
        confusion_largest (logits + i * classes, classes));
  ae_probe_free (&probe);
  return confusion;
}

gboolean
code_scores_clusters (double information[2], const LabelledCodes *codes,
    int classes, guint64 seed, int threads, GError **error)
{
  static const AeClusterKind kinds[]
      = { AE_CLUSTERS_MEANS, AE_CLUSTERS_MIXTURE };
  AeError err;
  AeCodes some = codes->codes;
  some.n = MIN (some.n, CLUSTERED);
  g_autofree int *clusters = g_new (int, some.n);
  for (int i = 0; i < 2; i++)
    if (!good (ae_codes_cluster (clusters, &some, kinds[i], (gsize) classes,
                   seed, threads, &err),
            &err, error)
        || !good (ae_labels_information (&information[i], clusters,
                      codes->labels, some.n, &err),
            &err, error))
      return FALSE;
  return TRUE;
}

static double
precision (const LabelledCodes *train, const LabelledCodes *test,
    const guint32 *found)
{
  gsize right = 0, n = test->codes.n * RETRIEVAL_NEAREST;
  for (gsize i = 0; i < n; i++)
    right += train->labels[found[i]] == test->labels[i / RETRIEVAL_NEAREST];
  return (double) right / n;
}

static AeCodes
repeated (const AeCodes *codes, guint items, float **values)
{
  gsize d = codes->d;
  *values = g_new (float, items * d);
  for (guint i = 0; i < items; i++)
    memcpy (*values + i * d, codes->values + i % codes->n * d,
        d * sizeof **values);
  return (AeCodes){ *values, items, d };
}

/* ms that it takes to find what is near; below 0 and an error. */
static double
take_time (AeCodeSearch *search, const AeCodes *queries, guint32 *found,
    AeError *err)
{
  gint64 start = g_get_monotonic_time ();
  return ae_code_search_find (
             search, queries, FALSE, RETRIEVAL_NEAREST, found, NULL, err)
                 == AE_OK
             ? (g_get_monotonic_time () - start) / 1000.0
             : -1;
}

static int
compare_times (const void *a, const void *b)
{
  const double *p = a, *q = b;
  return (*p > *q) - (*p < *q);
}

/* The median of queries that follow each other. */
static double
time_alone (AeCodeSearch *search, const AeCodes *queries, guint32 *found,
    AeError *err)
{
  double times[ALONE];
  gsize n = MIN (queries->n, ALONE);
  for (gsize i = 0; i < n; i++) {
    AeCodes one = { queries->values + i * queries->d, 1, queries->d };
    times[i] = take_time (search, &one, found, err);
    if (times[i] < 0)
      return -1;
  }
  qsort (times, n, sizeof *times, compare_times);
  return times[n / 2];
}

static gboolean
time_queries (Retrieval *r, const LabelledCodes *train,
    const LabelledCodes *test, int threads, guint32 *found, GError **error)
{
  AeError err;
  AeCodeSearch *search;
  g_autofree float *values = NULL;
  AeCodes many = repeated (&train->codes, r->items, &values);
  if (!good (ae_code_search_new (&search, &many, threads, &err), &err, error))
    return FALSE;
  double all = take_time (search, &test->codes, found, &err);
  r->together = all / test->codes.n;
  r->alone = all < 0 ? -1 : time_alone (search, &test->codes, found, &err);
  ae_code_search_free (&search);
  return good (r->alone < 0 ? err.status : AE_OK, &err, error);
}

gboolean
code_scores_retrieval (Retrieval *r, const LabelledCodes *train,
    const LabelledCodes *test, guint items, int threads, GError **error)
{
  AeError err;
  AeCodeSearch *search;
  g_autofree guint32 *found
      = g_new (guint32, test->codes.n * RETRIEVAL_NEAREST);
  r->items = items;
  if (!good (ae_code_search_new (&search, &train->codes, threads, &err), &err,
          error))
    return FALSE;
  AeStatus status = ae_code_search_find (search, &test->codes, FALSE,
      RETRIEVAL_NEAREST, found, NULL, &err);
  ae_code_search_free (&search);
  if (!good (status, &err, error))
    return FALSE;
  r->precision = precision (train, test, found);
  return time_queries (r, train, test, threads, found, error);
}

gboolean
code_scores_maps (CodeMaps *maps, const LabelledCodes *codes, int threads,
    GError **error)
{
  AeError err;
  const AeCodes *c = &codes->codes;
  AeStatus status = AE_OK;
  for (int i = 0; i < CODE_MAPS && status == AE_OK; i++) {
    float *places = maps->places[i] = g_new (float, 2 * c->n);
    AeCodes map = { places, c->n, 2 };
    status = i == CODE_MAP_AXES
                 ? ae_codes_principal_map (places, c, 2, &err)
                 : ae_codes_tsne_map (
                     places, c, MIN (CODE_MAP_PERPLEXITY, c->n / 4.0),
                     threads, &err);
    if (status == AE_OK)
      status = ae_codes_trustworthiness (
          &maps->trust[i], c, &map, CODE_MAP_NEAREST, threads, &err);
  }
  return good (status, &err, error);
}

void
code_maps_clear (CodeMaps *maps)
{
  for (int i = 0; i < CODE_MAPS; i++)
    g_clear_pointer (&maps->places[i], g_free);
}

enum { SIDE = 700, EDGE = 20, KEY = 40 };

static CanvasColour
colour_of (int label)
{
  static const CanvasColour colours[] = { { 31, 119, 180 }, { 255, 127, 14 },
    { 44, 160, 44 }, { 214, 39, 40 }, { 148, 103, 189 }, { 140, 86, 75 },
    { 227, 119, 194 }, { 110, 110, 110 }, { 188, 189, 34 },
    { 23, 190, 207 } };
  return colours[label % (int) G_N_ELEMENTS (colours)];
}

/* From the places of an axis to pixels. */
typedef struct {
  float least, scale;
} Axis;

static Axis
axis_of (const float *places, gsize n, int axis)
{
  float least = places[axis], most = least;
  for (gsize i = 0; i < n; i++) {
    least = MIN (least, places[2 * i + axis]);
    most = MAX (most, places[2 * i + axis]);
  }
  return (Axis){ least,
    (SIDE - 2 * EDGE) / (most > least ? most - least : 1) };
}

static int
pixel_of (Axis axis, float place)
{
  return EDGE + (int) ((place - axis.least) * axis.scale);
}

static void
draw_places (Canvas *canvas, int left, const float *places,
    const LabelledCodes *codes)
{
  gsize n = codes->codes.n;
  Axis x = axis_of (places, n, 0), y = axis_of (places, n, 1);
  for (gsize i = 0; i < n; i++)
    canvas_dot (canvas, left + pixel_of (x, places[2 * i]),
        pixel_of (y, places[2 * i + 1]), 2, colour_of (codes->labels[i]));
}

Picture *
code_maps_draw (const CodeMaps *maps, const LabelledCodes *codes, int classes)
{
  Canvas *canvas = canvas_new (CODE_MAPS * SIDE + KEY, SIDE);
  for (int i = 0; i < CODE_MAPS; i++)
    draw_places (canvas, i * SIDE, maps->places[i], codes);
  for (int c = 0; c < classes && c < 20; c++) {
    g_autofree char *name = g_strdup_printf ("%d", c);
    canvas_text (canvas, CODE_MAPS * SIDE, EDGE + 30 * c, name, 4,
        colour_of (c));
  }
  return canvas;
}

gboolean
code_scores_area (double *area, const float *usual, guint n_usual,
    const float *odd, guint n_odd, GError **error)
{
  AeError err;
  AeRoc roc;
  guint n = n_usual + n_odd;
  g_autofree float *scores = g_new (float, n);
  g_autofree guint8 *labels = g_new0 (guint8, n);
  memcpy (scores, usual, n_usual * sizeof *scores);
  memcpy (scores + n_usual, odd, n_odd * sizeof *scores);
  memset (labels + n_usual, 1, n_odd);
  if (!good (ae_roc_measure (&roc, scores, labels, n, &err), &err, error))
    return FALSE;
  *area = roc.area;
  return TRUE;
}

float *
code_scores_distances (const LabelledCodes *train, const AeCodes *codes,
    int threads, GError **error)
{
  AeError err;
  AeCodeSearch *search;
  if (!good (ae_code_search_new (&search, &train->codes, threads, &err), &err,
          error))
    return NULL;
  g_autofree guint32 *found = g_new (guint32, codes->n);
  g_autofree float *distances = g_new (float, codes->n);
  AeStatus status = ae_code_search_find (
      search, codes, FALSE, 1, found, distances, &err);
  ae_code_search_free (&search);
  return good (status, &err, error) ? g_steal_pointer (&distances) : NULL;
}
