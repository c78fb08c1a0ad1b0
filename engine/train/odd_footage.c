/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/odd_footage.h"

#include "util/mem.h"

#include <string.h>

/* Shares of the picture: things further away look smaller. */
#define ASIDE 0.25f
#define NEARER 0.04f

typedef struct {
  float x, y;   /* at frame 0 */
  float dx, dy; /* per frame */
} Path;

static float
uniform (AeRng *rng, float low, float high)
{
  return low + (high - low) * ae_rng_uniform (rng);
}

/* Straight on through a place beside where it was cut out, about in the middle
 * of the time; in a single picture to any other place. */
static Path
draw_path (const AeOddThing *c, const AeOddSource *s, AeRng *rng)
{
  if (s->n == 1)
    return (Path){ .x = uniform (rng, 0, (float) (s->width - c->width)),
      .y = uniform (rng, 0, (float) (s->height - c->height)) };
  float when = uniform (rng, 0.3f, 0.7f) * (float) s->n;
  float x = c->x + uniform (rng, -ASIDE, ASIDE) * (float) s->width;
  float y = c->y + uniform (rng, -NEARER, NEARER) * (float) s->height;
  return (Path){ x - c->dx * when, y - c->dy * when, c->dx, c->dy };
}

static void
put_in (AeOddFootage *odd, const AeOddSource *source,
    const AeOddThing *thing, const Path *path)
{
  size_t pixels = (size_t) source->width * (size_t) source->height;
  for (size_t t = 0; t < source->n; t++) {
    uint8_t *frame = odd->pixels + t * pixels;
    memcpy (frame, source->frames[t], pixels);
    odd->visible[t] = ae_odd_thing_paste (thing, t,
        path->x + path->dx * (float) t, path->y + path->dy * (float) t, frame,
        source->width, source->height);
  }
}

AeStatus
ae_odd_footage_make (AeOddFootage *odd, const AeOddSource *source,
    AeOddKind kind, AeRng *rng, AeError *err)
{
  size_t pixels = (size_t) source->width * (size_t) source->height;
  *odd = (AeOddFootage){ ae_calloc (source->n, pixels),
    ae_calloc (source->n, sizeof (float)) };
  AeOddThing *thing = ae_calloc (1, sizeof *thing);
  uint8_t *background = ae_odd_background (source);
  bool ok = odd->pixels && odd->visible && thing && background;
  if (ok) {
    ae_odd_thing_cut (thing, source, background, rng);
    ae_odd_thing_alter (thing, kind, source, rng);
    Path path = draw_path (thing, source, rng);
    put_in (odd, source, thing, &path);
  } else {
    ae_odd_footage_clear (odd);
  }
  ae_free (thing);
  ae_free (background);
  return ok ? AE_OK
            : ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu frames",
                source->n);
}

void
ae_odd_footage_clear (AeOddFootage *odd)
{
  ae_free (odd->pixels);
  ae_free (odd->visible);
  *odd = (AeOddFootage){ 0 };
}
