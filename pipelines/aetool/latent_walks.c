/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "latent_walks.h"

#include "picture_measures.h"

#include <math.h>
#include <string.h>

#define SHOWN_PAIRS 4
#define SHOWN_PICTURES 2 /* for each attribute */
#define SHOWN_STEPS 10   /* pictures in a row */
#define MOST_SHIFT 3.0   /* deviations, at both ends of a row */

static gsize
values_of (const AeSamplerFacts *f)
{
  return (gsize) f->width * (gsize) f->height * (gsize) f->channels;
}

/* Morphs. */

static double
distance (const float *a, const float *b, gsize n)
{
  double sum = 0;
  for (gsize i = 0; i < n; i++)
    sum += (double) (a[i] - b[i]) * (double) (a[i] - b[i]);
  return sqrt (sum / (double) n);
}

/* The largest step over the mean one. */
static double
unevenness (AeSampler *s, const float *from, const float *to, int label)
{
  AeSamplerFacts f = ae_sampler_facts (s);
  gsize n = values_of (&f);
  g_autofree float *code = g_new (float, (gsize) f.latent);
  g_autofree float *now = g_new (float, n), *before = g_new (float, n);
  float shares[MORPH_FRAMES];
  double sum = 0, most = 0;
  AeError err;
  if (ae_sampler_pace (s, from, to, label, shares, MORPH_FRAMES, &err)
      != AE_OK)
    return INFINITY;
  for (int i = 0; i < MORPH_FRAMES; i++) {
    ae_sampler_between (s, from, to, shares[i], code);
    ae_sampler_decode (s, code, &label, 1, now);
    double step = i > 0 ? distance (now, before, n) : 0;
    sum += step;
    most = MAX (most, step);
    memcpy (before, now, n * sizeof *now);
  }
  return sum > 0 ? most / (sum / (MORPH_FRAMES - 1)) : 1;
}

MorphScores
latent_walks_morph (
    AeSampler *s, const float *codes, const int *labels, guint n)
{
  gsize latent = (gsize) ae_sampler_facts (s).latent;
  MorphScores scores = { 0 };
  for (guint i = 0; i + 1 < n; i += 2) {
    double most = unevenness (
        s, codes + i * latent, codes + (i + 1) * latent, MAX (labels[i], 0));
    scores.mean += most;
    scores.worst = MAX (scores.worst, most);
    scores.pairs++;
  }
  scores.mean /= MAX (scores.pairs, 1);
  return scores;
}

/* Attributes. */

typedef struct {
  const PictureMeasure *measure; /* NULL: there is none */
  double median, deviation;      /* over the pictures */
} Scale;

static double
measure (AeSampler *s, const PictureMeasure *m, const float *code, int label)
{
  AeSamplerFacts f = ae_sampler_facts (s);
  g_autofree float *made = g_new (float, values_of (&f));
  ae_sampler_decode (s, code, &label, 1, made);
  g_autofree float *grey
      = picture_measure_grey_planes (made, f.channels, f.width, f.height);
  return m->measure (grey, f.width, f.height);
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

static void
find_scale (Scale *scale, const double *values, guint n)
{
  g_autofree double *sorted = g_memdup2 (values, n * sizeof *values);
  double sum = 0, squares = 0;
  qsort (sorted, n, sizeof *sorted, compare);
  scale->median = sorted[n / 2];
  for (guint i = 0; i < n; i++) {
    sum += values[i];
    squares += values[i] * values[i];
  }
  scale->deviation = sqrt (fmax (squares / n - sum / n * sum / n, 1e-20));
}

typedef struct {
  AeSampler *s;
  AeSamplerFacts facts;
  const float *codes;
  const int *labels;
  guint n;
  Scale *scales;   /* of attributes */
  double *values;  /* attributes x n */
  double strength;
} Trial;

static double
value_of (const Trial *t, guint attribute, guint picture)
{
  return t->values[attribute * t->n + picture];
}

static gboolean
has_more (const Trial *t, guint attribute, double value)
{
  return value > t->scales[attribute].median;
}

/* Shifts a picture to the other side of an attribute's median. */
static void
try_picture (
    const Trial *t, guint attribute, guint picture, AttributeScores *scores)
{
  gsize latent = (gsize) t->facts.latent;
  const Scale *scale = &t->scales[attribute];
  int label = MAX (t->labels[picture], 0);
  g_autofree float *code
      = g_memdup2 (t->codes + picture * latent, latent * sizeof *code);
  double value = value_of (t, attribute, picture);
  double beyond
      = has_more (t, attribute, value) ? -t->strength : t->strength;
  double shift = (scale->median - value) / scale->deviation + beyond;
  guint others = 0, kept = 0;
  ae_sampler_shift (t->s, attribute, (float) shift, code);
  for (guint a = 0; a < t->facts.attributes; a++) {
    if (!t->scales[a].measure)
      continue;
    gboolean now = has_more (
        t, a, measure (t->s, t->scales[a].measure, code, label));
    gboolean same = now == has_more (t, a, value_of (t, a, picture));
    if (a == attribute)
      scores->flipped += !same;
    else {
      others++;
      kept += same;
    }
  }
  scores->kept += others ? (double) kept / others : 1;
}

static void
measure_all (Trial *t)
{
  gsize latent = (gsize) t->facts.latent;
  for (guint a = 0; a < t->facts.attributes; a++) {
    const PictureMeasure *m
        = picture_measure_find (ae_sampler_attribute (t->s, a));
    t->scales[a].measure = m;
    for (guint i = 0; m && i < t->n; i++)
      t->values[a * t->n + i] = measure (
          t->s, m, t->codes + i * latent, MAX (t->labels[i], 0));
    if (m)
      find_scale (&t->scales[a], t->values + a * t->n, t->n);
  }
}

GArray *
latent_walks_attributes (AeSampler *s, const float *codes, const int *labels,
    guint n, double strength)
{
  GArray *all = g_array_new (FALSE, TRUE, sizeof (AttributeScores));
  Trial t = { .s = s,
    .facts = ae_sampler_facts (s),
    .codes = codes,
    .labels = labels,
    .n = n,
    .strength = strength };
  t.scales = g_new0 (Scale, t.facts.attributes + 1);
  t.values = g_new0 (double, t.facts.attributes *n + 1);
  measure_all (&t);
  for (guint a = 0; a < t.facts.attributes; a++) {
    AttributeScores scores = { .name = ae_sampler_attribute (s, a),
      .measured = t.scales[a].measure != NULL };
    for (guint i = 0; scores.measured && i < n; i++)
      try_picture (&t, a, i, &scores);
    scores.flipped /= n;
    scores.kept /= n;
    g_array_append_val (all, scores);
  }
  g_free (t.scales);
  g_free (t.values);
  return all;
}

/* The sheet. */

static void
draw (AeSampler *s, Picture *sheet, guint row, guint column, const float *code,
    int label)
{
  AeSamplerFacts f = ae_sampler_facts (s);
  gsize plane = (gsize) f.width * (gsize) f.height;
  g_autofree float *made = g_new (float, values_of (&f));
  ae_sampler_decode (s, code, &label, 1, made);
  for (int y = 0; y < f.height; y++)
    for (int x = 0; x < f.width; x++)
      for (int c = 0; c < 3; c++) {
        int from = f.channels == 3 ? c : 0;
        sheet->data[((row * (guint) f.height + (guint) y)
                            * (guint) sheet->width
                        + column * (guint) f.width + (guint) x)
                * 3
            + (guint) c]
            = (guint8) (255 * made[(gsize) from * plane
                                  + (gsize) (y * f.width + x)]
                + 0.5f);
      }
}

static guint
draw_morphs (AeSampler *s, Picture *sheet, const float *codes,
    const int *labels, guint pairs)
{
  gsize latent = (gsize) ae_sampler_facts (s).latent;
  g_autofree float *code = g_new (float, latent);
  for (guint i = 0; i < pairs; i++)
    for (guint k = 0; k < SHOWN_STEPS; k++) {
      ae_sampler_between (s, codes + 2 * i * latent,
          codes + (2 * i + 1) * latent,
          (float) k / (float) (SHOWN_STEPS - 1), code);
      draw (s, sheet, i, k, code, MAX (labels[2 * i], 0));
    }
  return pairs;
}

static void
draw_attributes (AeSampler *s, Picture *sheet, guint row, const float *codes,
    const int *labels, guint pictures)
{
  AeSamplerFacts f = ae_sampler_facts (s);
  gsize latent = (gsize) f.latent;
  for (guint a = 0; a < f.attributes; a++)
    for (guint i = 0; i < pictures; i++, row++)
      for (guint k = 0; k < SHOWN_STEPS; k++) {
        double amount = MOST_SHIFT * (2.0 * k / (SHOWN_STEPS - 1) - 1);
        g_autofree float *code
            = g_memdup2 (codes + i * latent, latent * sizeof *code);
        ae_sampler_shift (s, a, (float) amount, code);
        draw (s, sheet, row, k, code, MAX (labels[i], 0));
      }
}

Picture *
latent_walks_sheet (
    AeSampler *s, const float *codes, const int *labels, guint n)
{
  AeSamplerFacts f = ae_sampler_facts (s);
  guint pairs = MIN (n / 2, SHOWN_PAIRS), pictures = MIN (n, SHOWN_PICTURES);
  guint rows = pairs + (guint) f.attributes * pictures;
  Picture *sheet = picture_new (GST_VIDEO_FORMAT_RGB, SHOWN_STEPS * f.width,
      (int) MAX (rows, 1) * f.height);
  guint row = draw_morphs (s, sheet, codes, labels, pairs);
  draw_attributes (s, sheet, row, codes, labels, pictures);
  return sheet;
}
