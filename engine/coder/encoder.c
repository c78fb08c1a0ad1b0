/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures to packets. */
#include "coder/encoder.h"

#include "coder/coder.h"
#include "coder/pictures.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is added, in the choice of modes, before a size is cut off to an
 * integer. Of values, and of differences. */
#define INTRA_ROUND 0.42f
#define DELTA_ROUND 0.38f
#define LARGEST_SIZE 65535.0f
/* What a bit is worth, in squared steps of the quantiser: at high rates the
 * slope of rate over distortion is 2 ln 2 / 12. And bits, roughly, of a place
 * that is coded and of each value there that is not 0. */
#define BIT_WORTH 0.13f
#define PLACE_BITS 5
#define VALUE_BITS 7

#define MOST_THREADS 64

typedef struct {
  AeRansWriter writer;
  uint8_t *bytes;
  size_t room, size;
  AeStatus status;
} SliceCoder;

struct AeEncoder {
  AeCodec *codec;
  AeCodecOptions options;
  AeSession *session;
  AeImage format;
  AeGrid grid;
  AePastLatents past;
  int16_t *values, *before; /* this frame's, and what is predicted */
  uint8_t *modes;
  AeLatentLevel level;
  SliceCoder *slices;
  AeLatentScratch latent_scratch[MOST_THREADS];
  uint8_t *packet;
  size_t packet_room;
  void *scratch;
  uint32_t number;
  bool was_key; /* the last frame */
};

AeStatus
ae_encoder_new (AeEncoder **out, AeCodec *codec,
    const AeCodecOptions *options, AeError *err)
{
  AeEncoder *e = *out = ae_calloc (1, sizeof *e);
  if (!e)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for an encoder");
  e->codec = ae_codec_ref (codec);
  if (options)
    e->options = *options;
  AeStatus status = ae_codec_session (
      codec, options, "frame", "latents", &e->session, err);
  if (status == AE_OK)
    status = ae_latent_level_init (&e->level, &codec->tables, err);
  if (status != AE_OK)
    ae_encoder_free (out);
  return status;
}

static void
free_buffers (AeEncoder *e)
{
  for (int i = 0; e->slices && i < e->grid.n_slices; i++) {
    ae_rans_writer_clear (&e->slices[i].writer);
    ae_free (e->slices[i].bytes);
  }
  void **all[] = { (void **) &e->slices, (void **) &e->values,
    (void **) &e->before, (void **) &e->modes, (void **) &e->past.values,
    &e->scratch };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    ae_free (*all[i]);
    *all[i] = NULL;
  }
  for (int i = 0; i < MOST_THREADS; i++)
    ae_latent_scratch_clear (&e->latent_scratch[i]);
  e->past.valid = false;
}

void
ae_encoder_free (AeEncoder **encoder)
{
  AeEncoder *e = *encoder;
  *encoder = NULL;
  if (!e)
    return;
  free_buffers (e);
  ae_free (e->packet);
  ae_latent_level_clear (&e->level);
  ae_session_free (&e->session);
  ae_codec_unref (&e->codec);
  ae_free (e);
}

static AeStatus
bind_session (AeEncoder *e, AeError *err)
{
  AeTensor inputs[2] = {
    { .type = AE_F32, .shape = ae_shape (4, 1, 6, e->grid.h, e->grid.w) },
    { .type = AE_F32, .shape = ae_shape (4, 1, 1, 1, 1) },
  };
  AeStatus status = ae_session_bind (e->session, inputs, 2, err);
  if (status != AE_OK)
    return status;
  const AeShape *found = &ae_session_output (e->session, 0)->shape;
  AeShape wanted = ae_shape (
      4, 1, e->grid.channels, e->grid.rows, e->grid.columns);
  char a[96], b[96];
  if (ae_shape_equal (found, &wanted))
    return AE_OK;
  return ae_fail (err, AE_ERROR_SHAPE,
      "the codec's latents have shape %s, wanted %s",
      ae_shape_text (found, a, sizeof a), ae_shape_text (&wanted, b, sizeof b));
}

AeStatus
ae_encoder_bind (AeEncoder *e, const AeImage *format, AeError *err)
{
  free_buffers (e);
  e->format = *format;
  e->grid = ae_grid_of (e->codec, format->width, format->height);
  const AeGrid *g = &e->grid;
  AeStatus status = bind_session (e, err);
  if (status != AE_OK)
    return status;
  e->values = ae_calloc (g->n, sizeof *e->values);
  e->before = ae_calloc (g->n, sizeof *e->before);
  e->past = (AePastLatents){ .grid = *g };
  e->past.values = ae_calloc (g->n, sizeof *e->past.values);
  e->modes = ae_calloc ((size_t) g->rows * g->columns, 1);
  e->slices = ae_calloc ((size_t) g->n_slices, sizeof *e->slices);
  e->scratch = ae_alloc (ae_picture_scratch (
      format, ae_pool_threads (e->options.n_threads)));
  if (e->values && e->before && e->past.values && e->modes && e->slices
      && e->scratch)
    return AE_OK;
  free_buffers (e);
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for an encoder");
}

/* One frame's work. */
typedef struct {
  AeEncoder *e;
  const float *latents; /* [channel][row][column] */
  bool key;
} Frame;

/* A place of a slice: index of its first channel's value, step to the next. */
typedef struct {
  size_t at, step;
  const float *latents;
  size_t latents_step;
} Place;

static Place
place_at (const Frame *f, const AeGridSlice *slice, int row, int column)
{
  const AeGrid *g = &f->e->grid;
  return (Place){ .at = slice->at + (size_t) row * g->columns + column,
    .step = (size_t) slice->n_rows * g->columns,
    .latents = f->latents + (size_t) (slice->row + row) * g->columns + column,
    .latents_step = (size_t) g->rows * g->columns };
}

/* Numbers that no packet can hold are cut off, as large as they may be. */
static int
round_size (float x, float more)
{
  int size = (int) fminf (fabsf (x) + more, LARGEST_SIZE);
  return x < 0 ? -size : size;
}

/* What coding the differences of a place wins and costs, and how large they
 * are beside the values themselves. */
typedef struct {
  float gain;
  int values, sizes, intra_sizes;
} Differences;

static Differences
look_at (const Frame *f, const Place *p)
{
  const AeEncoder *e = f->e;
  Differences d = { 0 };
  for (int c = 0; c < e->grid.channels; c++) {
    float latent = p->latents[c * p->latents_step];
    float x = latent - e->before[p->at + c * p->step];
    int q = round_size (x, DELTA_ROUND);
    d.gain += x * x - (x - q) * (x - q);
    d.values += q != 0;
    d.sizes += q < 0 ? -q : q;
    d.intra_sizes += abs (round_size (latent, INTRA_ROUND));
  }
  return d;
}

static AePlaceMode
choose_mode (const Differences *d)
{
  float cost = BIT_WORTH * (float) (PLACE_BITS + VALUE_BITS * d->values);
  if (d->gain <= cost)
    return AE_PLACE_SKIP;
  return d->sizes <= d->intra_sizes ? AE_PLACE_DELTA : AE_PLACE_INTRA;
}

static void
choose_modes (const Frame *f, const AeGridSlice *slice, uint8_t *modes)
{
  const AeGrid *g = &f->e->grid;
  for (int row = 0; row < slice->n_rows; row++)
    for (int x = 0; x < g->columns; x++) {
      Place p = place_at (f, slice, row, x);
      Differences d = look_at (f, &p);
      modes[row * g->columns + x] = (uint8_t) choose_mode (&d);
    }
}

static AeStatus
write_slice (const Frame *f, const AeGridSlice *slice, SliceCoder *s,
    AeLatentScratch *scratch)
{
  AeEncoder *e = f->e;
  const AeGrid *g = &e->grid;
  AeLatents l = { .channels = g->channels,
    .rows = slice->n_rows,
    .columns = g->columns,
    .values = e->values + slice->at,
    .wanted = f->latents + (size_t) slice->row * g->columns,
    .wanted_step = (size_t) g->rows * g->columns };
  s->writer.n = 0;
  if (!f->key) {
    uint8_t *modes = e->modes + (size_t) slice->row * g->columns;
    choose_modes (f, slice, modes);
    l.before = e->before + slice->at;
    l.modes = modes;
    ae_modes_put (&s->writer, modes, l.rows, l.columns);
  }
  AeStatus status = ae_latents_choose (
      &s->writer, &e->level, &l, BIT_WORTH, scratch, NULL);
  size_t bound = ae_rans_bound (&s->writer);
  if (status == AE_OK && bound > s->room) {
    ae_free (s->bytes);
    s->bytes = ae_alloc (bound);
    s->room = s->bytes ? bound : 0;
  }
  if (status != AE_OK || !s->bytes)
    return AE_ERROR_MEMORY;
  s->size = ae_rans_finish (&s->writer, s->bytes);
  return AE_OK;
}

static void
slice_job (void *arg, size_t index, int thread)
{
  const Frame *f = arg;
  AeEncoder *e = f->e;
  AeGridSlice slice = ae_grid_slice (&e->grid, (int) index);
  e->slices[index].status = write_slice (
      f, &slice, &e->slices[index], &e->latent_scratch[thread]);
}

static AeStatus
out_of_memory (AeError *err)
{
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a packet");
}

static AeStatus
join_slices (AeEncoder *e, AePacket *p, AeError *err)
{
  AeSlice *slices = ae_calloc ((size_t) e->grid.n_slices, sizeof *slices);
  if (!slices)
    return out_of_memory (err);
  AeStatus status = AE_OK;
  for (int i = 0; i < e->grid.n_slices; i++) {
    slices[i] = (AeSlice){ e->slices[i].bytes, e->slices[i].size };
    if (e->slices[i].status != AE_OK)
      status = out_of_memory (err);
  }
  size_t bytes
      = status == AE_OK ? ae_packet_bytes (slices, e->grid.n_slices) : 0;
  if (bytes > e->packet_room) {
    ae_free (e->packet);
    e->packet = ae_alloc (bytes + bytes / 2);
    e->packet_room = e->packet ? bytes + bytes / 2 : 0;
    if (!e->packet)
      status = out_of_memory (err);
  }
  if (status == AE_OK)
    ae_packet_write (p, slices, e->packet);
  ae_free (slices);
  return status;
}

static bool
all_finite (const float *x, size_t n)
{
  float sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += x[i] * 0; /* NaN for what is not finite */
  return sum == 0;
}

static AePacket
packet_of (const AeEncoder *e, const AePacketInfo *info, bool key)
{
  AePacket p = { .key = key,
    .has_pts = info->has_pts,
    .format = e->format.pixels == AE_PIXELS_GRAY8 ? AE_PACKET_GREY
                                                  : AE_PACKET_YUV420,
    .level = (uint8_t) info->level,
    .width = e->format.width,
    .height = e->format.height,
    .number = e->number,
    .pts = info->has_pts ? info->pts : 0,
    .duration = info->duration,
    .n_slices = e->grid.n_slices };
  memcpy (p.model_id, e->codec->id, sizeof p.model_id);
  memcpy (p.colour, info->colour, sizeof p.colour);
  return p;
}

/* The frame that was written is what the next one is compared with. */
static void
remember (AeEncoder *e, int level)
{
  int16_t *values = e->past.values;
  e->past.values = e->values;
  e->values = values;
  e->past.valid = true;
  e->past.level = level;
  e->past.number = e->number++;
}

AeStatus
ae_encoder_encode (AeEncoder *e, const AeImage *in, AePacketInfo *info,
    const uint8_t **packet, AeError *err)
{
  int n_threads = ae_pool_threads (e->options.n_threads);
  info->level = info->level < 0 ? 0 : info->level > 255 ? 255 : info->level;
  ae_picture_load (in, ae_session_input (e->session, 0)->data, e->grid.h,
      e->grid.w, n_threads, e->scratch);
  *(float *) ae_session_input (e->session, 1)->data
      = (float) info->level / 255;
  ae_session_run (e->session);
  Frame f = { .e = e,
    .latents = ae_session_output (e->session, 0)->data,
    .key = info->key || !e->past.valid };
  if (!all_finite (f.latents, e->grid.n)) {
    e->past.valid = false;
    return ae_fail (
        err, AE_ERROR_NUMERIC, "the codec's latents are not finite");
  }
  ae_latent_level_set (&e->level, info->level);
  if (!f.key)
    ae_past_predict (e->codec, &e->past, info->level, e->before);
  ae_pool_run (ae_pool_shared (), n_threads, (size_t) e->grid.n_slices,
      slice_job, &f);
  AePacket p = packet_of (e, info, f.key);
  AeStatus status = join_slices (e, &p, err);
  if (status != AE_OK) {
    e->past.valid = false;
    return status;
  }
  remember (e, info->level);
  e->was_key = f.key;
  *packet = e->packet;
  return ae_packet_info (info, e->packet, p.size, err);
}

AeStatus
ae_encoder_count (
    AeEncoder *e, AePlaceMode mode, AeLatentCounts *counts, AeError *err)
{
  const AeGrid *g = &e->grid;
  AeStatus status = AE_OK;
  for (int i = 0; status == AE_OK && i < g->n_slices; i++) {
    AeGridSlice slice = ae_grid_slice (g, i);
    AeLatents l = { .channels = g->channels,
      .rows = slice.n_rows,
      .columns = g->columns,
      .values = e->past.values + slice.at };
    if (!e->was_key) {
      l.before = e->before + slice.at;
      l.modes = e->modes + (size_t) slice.row * g->columns;
    }
    status = ae_latent_counts_add (
        counts, mode, &e->level, &l, e->latent_scratch, err);
  }
  return status;
}
