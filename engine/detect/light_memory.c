/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/light_memory.h"

#include "detect/cells.h"
#include "detect/grey.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define BLOCK 8 /* pixels along what is remembered as one */
/* The light is followed in so many seconds: a jump is still seen. */
#define FOLLOWS 0.5
/* Grey levels added to means before they are compared: noise in the dark is no
 * change of light. */
#define DARK 4.0
#define ROUNDS 4            /* of new weights */
#define LEAST_BLOCKS 16
#define LEAST_CONTRAST 1.5  /* grey levels of the place: less tells no gain */
#define LEAST_ERROR 1.0     /* grey levels that are no error */
#define ERRORS 3.0          /* times the usual one: it hardly counts */
#define MOST_ERROR 0.5      /* of the picture's deviation: it is another place */
#define MOST_GAIN 8.0

struct AeLightMemory {
  int width, columns, rows;
  float *place, *now; /* means of blocks */
  float *errors, *scratch;
  bool known;
  double mean, deviation; /* usual ones */
  double brightness;      /* mean of the last seconds, as it was shown */
};

AeLightMemory *
ae_light_memory_new (int width, int height)
{
  AeLightMemory *m = ae_calloc (1, sizeof *m);
  if (!m)
    return NULL;
  m->width = width;
  m->columns = width / BLOCK;
  m->rows = height / BLOCK;
  size_t blocks = (size_t) m->columns * (size_t) m->rows + 1;
  float **const all[] = { &m->place, &m->now, &m->errors, &m->scratch };
  bool ok = true;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    ok = (*all[i] = ae_calloc (blocks, sizeof (float))) && ok;
  if (!ok)
    ae_light_memory_free (&m);
  return m;
}

void
ae_light_memory_free (AeLightMemory **memory)
{
  AeLightMemory *m = *memory;
  *memory = NULL;
  if (!m)
    return;
  ae_free (m->place);
  ae_free (m->now);
  ae_free (m->errors);
  ae_free (m->scratch);
  ae_free (m);
}

void
ae_light_memory_reset (AeLightMemory *m)
{
  m->known = false;
}

static size_t
blocks_of (const AeLightMemory *m)
{
  return (size_t) m->columns * (size_t) m->rows;
}

static void
shrink (AeLightMemory *m, const float *grey)
{
  memset (m->now, 0, blocks_of (m) * sizeof (float));
  for (int y = 0; y < m->rows * BLOCK; y++) {
    const float *row = grey + (size_t) y * (size_t) m->width;
    float *to = m->now + (size_t) (y / BLOCK) * (size_t) m->columns;
    for (int x = 0; x < m->columns; x++, row += BLOCK) {
      float sum = 0;
      for (int i = 0; i < BLOCK; i++)
        sum += row[i];
      to[x] += sum * (1.0f / (BLOCK * BLOCK));
    }
  }
}

/* now = gain place + offset */
typedef struct {
  double gain, offset;
} Change;

/* The median of what a change leaves. */
static double
usual_error (AeLightMemory *m, Change c)
{
  size_t n = blocks_of (m);
  float gain = (float) c.gain, offset = (float) c.offset;
  for (size_t i = 0; i < n; i++) {
    m->errors[i] = m->now[i] - (gain * m->place[i] + offset);
    m->scratch[i] = fabsf (m->errors[i]);
  }
  return ae_cells_nth (m->scratch, n, n / 2);
}

/* Least squares with weights by the errors so far. False: the place has too
 * little contrast. */
static bool
fit (const AeLightMemory *m, double error, Change *c)
{
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  float scale = (float) (1 / (ERRORS * fmax (error, LEAST_ERROR)));
  for (size_t i = 0; i < blocks_of (m); i++) {
    float e = m->errors[i] * scale, w = 1 / (1 + e * e);
    w *= w;
    float a = m->place[i], b = m->now[i];
    n += w;
    x += w * a;
    y += w * b;
    xx += w * a * a;
    xy += w * a * b;
  }
  double variance = xx / n - x / n * (x / n);
  if (!(variance > LEAST_CONTRAST * LEAST_CONTRAST))
    return false;
  c->gain = (xy / n - x / n * (y / n)) / variance;
  c->offset = y / n - c->gain * (x / n);
  return true;
}

static Change
find_change (AeLightMemory *m, double deviation)
{
  const Change none = { 1, 0 };
  Change c = none;
  if (blocks_of (m) < LEAST_BLOCKS)
    return none;
  double error = usual_error (m, c);
  for (int i = 0; i < ROUNDS; i++) {
    if (!fit (m, error, &c))
      return none;
    error = usual_error (m, c);
  }
  bool same_place = error <= MOST_ERROR * deviation
                    || error <= LEAST_ERROR;
  bool usable = c.gain >= 1 / MOST_GAIN && c.gain <= MOST_GAIN;
  return same_place && usable ? c : none;
}

static void
follow (AeLightMemory *m, Change c, double share)
{
  double gain = 1 + share * (c.gain - 1), offset = share * c.offset;
  for (size_t i = 0; i < blocks_of (m); i++)
    m->place[i] = (float) (gain * m->place[i] + offset);
  m->mean = gain * m->mean + offset;
  m->deviation *= gain;
}

static void
begin (AeLightMemory *m, const AeLightPicture *p)
{
  m->known = true;
  m->mean = m->brightness = p->mean;
  m->deviation = p->deviation;
  memcpy (m->place, m->now, blocks_of (m) * sizeof (float));
}

static void
remember (AeLightMemory *m, const AeLightPicture *p)
{
  double share = -expm1 (-p->seconds / AE_GREY_MEMORY);
  for (size_t i = 0; i < blocks_of (m); i++)
    m->place[i] += (float) share * (m->now[i] - m->place[i]);
  m->mean += share * (p->mean - m->mean);
  m->deviation += share * (p->deviation - m->deviation);
  m->brightness += share * (p->mean - m->brightness);
}

AeUsualLight
ae_light_memory_add (AeLightMemory *m, const AeLightPicture *p)
{
  double changed = 0;
  shrink (m, p->grey);
  if (!m->known || !(p->seconds > 0)) {
    begin (m, p);
  } else {
    changed = fabs (log2 ((p->mean + DARK) / (m->brightness + DARK)));
    follow (m, find_change (m, p->deviation), -expm1 (-p->seconds / FOLLOWS));
    remember (m, p);
  }
  return (AeUsualLight){ m->mean, m->deviation, (float) changed };
}
