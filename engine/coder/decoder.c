/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets to pictures. */
#include "coder/changes.h"
#include "coder/masking.h"
#include "coder/refresh.h"
#include "util/mem.h"

#include <string.h>

/* A frame whose number is up to so much behind the last one is late; others
 * begin anew. */
#define MOST_LATE 32

struct AeDecoder {
  AeCodec *codec;
  AeCodecOptions options;
  AeSession *session;
  AeGrid grid; /* that the session is bound for */
  int16_t *values; /* of a key frame */
  float *points;   /* which they stand for, [channel][row][column] */
  int16_t *steps;  /* of its places; NULL in codecs without masking */
  AeLatentLevel level, steps_level;
  AeChanges changes;
  AePacket key;    /* what the last key frame said, or a header */
  uint32_t number; /* of the last frame */
  AeRecovery recovery;
  AeLatentScratch scratch[AE_CODER_THREADS];
};

AeStatus
ae_decoder_new (AeDecoder **out, AeCodec *codec,
    const AeCodecOptions *options, AeError *err)
{
  AeDecoder *d = *out = ae_calloc (1, sizeof *d);
  if (!d)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a decoder");
  d->codec = ae_codec_ref (codec);
  if (options)
    d->options = *options;
  AeStatus status = ae_codec_session (
      codec, options, "integers", "decoded", &d->session, err);
  if (status == AE_OK)
    status = ae_latent_level_init (&d->level, &codec->tables.intra, err);
  if (status == AE_OK && codec->masking > 0)
    status = ae_latent_level_init (&d->steps_level, &codec->tables.steps, err);
  if (status == AE_OK)
    status = ae_changes_init (&d->changes, codec, err);
  if (status != AE_OK)
    ae_decoder_free (out);
  return status;
}

static void
free_buffers (AeDecoder *d)
{
  for (int i = 0; i < AE_CODER_THREADS; i++)
    ae_latent_scratch_clear (&d->scratch[i]);
  ae_free (d->values);
  ae_free (d->steps);
  ae_free (d->points);
  d->values = d->steps = NULL;
  d->points = NULL;
  d->grid = (AeGrid){ 0 };
  d->changes.valid = false;
}

void
ae_decoder_free (AeDecoder **decoder)
{
  AeDecoder *d = *decoder;
  *decoder = NULL;
  if (!d)
    return;
  free_buffers (d);
  ae_latent_level_clear (&d->level);
  ae_latent_level_clear (&d->steps_level);
  ae_changes_clear (&d->changes);
  ae_session_free (&d->session);
  ae_codec_unref (&d->codec);
  ae_free (d);
}

void
ae_decoder_reset (AeDecoder *d)
{
  d->changes.valid = false;
}

bool
ae_decoder_is_whole (const AeDecoder *d)
{
  return d->changes.valid && d->recovery.whole;
}

static bool
is_bound (const AeDecoder *d, int width, int height)
{
  AeGrid g = ae_grid_of (d->codec, width, height);
  return g.rows == d->grid.rows && g.columns == d->grid.columns;
}

/* Everything for pictures of this size. */
static AeStatus
bind (AeDecoder *d, int width, int height, AeError *err)
{
  AeGrid g = ae_grid_of (d->codec, width, height);
  if (is_bound (d, width, height))
    return AE_OK;
  free_buffers (d);
  AeStatus status = ae_codec_bind_synthesis (d->session, &g, err);
  if (status != AE_OK)
    return status;
  status = ae_changes_bind (&d->changes, &g, false, err);
  if (status != AE_OK)
    return status;
  d->values = ae_calloc (g.n, sizeof *d->values);
  d->points = ae_calloc (g.n, sizeof *d->points);
  if (d->codec->masking > 0)
    d->steps = ae_calloc (
        (size_t) g.rows * g.columns, sizeof *d->steps);
  if (!d->values || !d->points || (d->codec->masking > 0 && !d->steps))
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a decoder");
  d->grid = g;
  return AE_OK;
}

/* One packet's work. */
typedef struct {
  AeDecoder *d;
  const AePacket *packet;
  const AeSlice *slices;
  uint8_t *bad; /* per slice */
} Frame;

/* True where the codec has none. */
static bool
read_steps (AeDecoder *d, const AeGridSlice *slice, AeRansReader *r,
    AeLatentScratch *scratch)
{
  if (!d->steps)
    return true;
  AeLatents l = { .channels = 1, .rows = slice->n_rows,
    .columns = d->grid.columns,
    .values = d->steps + (size_t) slice->row * d->grid.columns };
  size_t n = (size_t) l.rows * l.columns;
  bool valid
      = ae_latents_get (r, &d->steps_level, &l, scratch, NULL) == AE_OK;
  for (size_t i = 0; valid && i < n; i++)
    valid = ae_step_is_valid (l.values[i]);
  if (!valid)
    memset (l.values, 0, n * sizeof *l.values);
  return valid;
}

static bool
read_latents (AeDecoder *d, const AeGridSlice *slice, AeRansReader *r,
    AeLatentScratch *scratch)
{
  AeLatents l = { .channels = d->grid.channels,
    .rows = slice->n_rows,
    .columns = d->grid.columns,
    .values = d->values + slice->at,
    .points = d->points + (size_t) slice->row * d->grid.columns,
    .wanted_step = (size_t) d->grid.rows * d->grid.columns };
  if (read_steps (d, slice, r, scratch)
      && ae_latents_get (r, &d->level, &l, scratch, NULL) == AE_OK
      && ae_rans_is_done (r))
    return true;
  for (int c = 0; c < l.channels; c++)
    memset (l.points + (size_t) c * l.wanted_step, 0,
        (size_t) l.rows * l.columns * sizeof *l.points);
  return false;
}

/* A slice without data: all of it is read as nothing. */
static void
slice_job (void *arg, size_t index, int thread)
{
  const Frame *f = arg;
  AeDecoder *d = f->d;
  const AeSlice *coded = &f->slices[index];
  AeLatentScratch *scratch = &d->scratch[thread];
  AeGridSlice slice = ae_grid_slice (&d->grid, (int) index);
  AeRansReader r;
  ae_rans_reader_open (&r, coded->data, coded->data ? coded->size : 0);
  f->bad[index] = f->packet->key
      ? !read_latents (d, &slice, &r, scratch)
      : !ae_changes_get (&d->changes, &slice, &r, scratch);
}

static void
hex_of (const uint8_t id[8], char text[17])
{
  static const char digits[] = "0123456789abcdef";
  for (int i = 0; i < 8; i++) {
    text[2 * i] = digits[id[i] >> 4];
    text[2 * i + 1] = digits[id[i] & 15];
  }
  text[16] = '\0';
}

static AeStatus
check_model (const AeDecoder *d, const AePacket *p, AeError *err)
{
  char found[17], own[17];
  if (memcmp (p->model_id, d->codec->id, sizeof p->model_id) == 0)
    return AE_OK;
  hex_of (p->model_id, found);
  hex_of (d->codec->id, own);
  return ae_fail (err, AE_ERROR_FORMAT,
      "the stream was coded by model %s, the decoder has model %s", found,
      own);
}

static bool
same_pictures (const AePacket *a, const AePacket *b)
{
  return a->format == b->format && a->width == b->width
      && a->height == b->height;
}

static AeStatus
check_packet (
    const AeDecoder *d, const AePacket *p, const AeImage *out, AeError *err)
{
  AeStatus status = check_model (d, p, err);
  if (status != AE_OK)
    return status;
  if (p->n_slices == 0)
    return ae_fail (err, AE_ERROR_FORMAT, "a header without a frame");
  AePixels wanted
      = p->format == AE_PACKET_GREY ? AE_PIXELS_GRAY8 : AE_PIXELS_I420;
  if (out->width != p->width || out->height != p->height
      || out->pixels != wanted)
    return ae_fail (err, AE_ERROR_SHAPE,
        "the packet holds %dx%d, format %d, the picture is %dx%d, format %d",
        p->width, p->height, wanted, out->width, out->height, out->pixels);
  AeGrid g = ae_grid_of (d->codec, p->width, p->height);
  if (p->n_slices != g.n_slices)
    return ae_fail (err, AE_ERROR_FORMAT,
        "a packet of %d slices, wanted %d for %dx%d", p->n_slices,
        g.n_slices, p->width, p->height);
  return AE_OK;
}

/* Nobody gets room for a picture by announcing it: of the slices, at least one
 * has to be whole, unless the room is there already. */
static AeStatus
check_slices (const AeDecoder *d, const AePacket *p, const AeSlice *slices,
    AeError *err)
{
  if (is_bound (d, p->width, p->height))
    return AE_OK;
  for (int i = 0; i < p->n_slices; i++)
    if (slices[i].size >= AE_RANS_LEAST)
      return AE_OK;
  return ae_fail (err, AE_ERROR_FORMAT,
      "a packet of %dx%d pixels without a whole slice", p->width, p->height);
}

/* Whether there was a key frame to begin with. */
static AeStatus
check_known (const AeDecoder *d, const AePacket *p, AeError *err)
{
  if (p->key || d->key.size > 0)
    return AE_OK;
  return ae_fail (err, AE_ERROR_NEEDS_DATA,
      "a delta frame before any key frame");
}

/* Frames that refresh do without the one before. */
static AeStatus
check_order (const AeDecoder *d, const AePacket *p, AeError *err)
{
  bool follows = d->changes.valid && d->number + 1 == p->number;
  if (p->key || (follows && !d->recovery.gap))
    return AE_OK;
  if (!p->refresh.on)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "frame %u needs the one before, which is not there", p->number);
  if (d->changes.valid && (uint16_t) (d->number - p->number) < MOST_LATE)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "frame %u comes after frame %u", p->number, d->number);
  return AE_OK;
}

static void
set_level (AeDecoder *d, const AePacket *p)
{
  if (!p->key) {
    ae_changes_set_level (&d->changes, p->level, &p->refresh);
    return;
  }
  ae_latent_level_set (&d->level, p->level);
  if (d->steps)
    ae_latent_level_set (&d->steps_level, p->level);
}

static int
decode_slices (
    AeDecoder *d, const AePacket *p, const AeSlice *slices, uint8_t *bad)
{
  int damaged = 0;
  set_level (d, p);
  Frame f = { .d = d, .packet = p, .slices = slices, .bad = bad };
  ae_pool_run (ae_pool_shared (), ae_pool_threads (d->options.n_threads),
      (size_t) p->n_slices, slice_job, &f);
  for (int i = 0; i < p->n_slices; i++)
    damaged += bad[i];
  return damaged;
}

/* Damaged slices stay as they were, where there was a picture. */
static void
show_key (AeDecoder *d, const AePacket *p, const uint8_t *bad)
{
  ae_changes_begin (&d->changes,
      ae_codec_synthesise (
          d->session, &d->grid, d->points, d->steps, p->level),
      ae_pool_threads (d->options.n_threads));
  for (int i = 0; i < p->n_slices; i++) {
    AeGridSlice slice = ae_grid_slice (&d->grid, i);
    if (bad[i] && d->changes.valid)
      ae_changes_keep (&d->changes, &slice);
  }
}

/* Where nothing is known, deltas begin with grey. */
static void
begin_frame (AeDecoder *d, const AePacket *p)
{
  bool valid = d->changes.valid;
  if (p->key) {
    ae_recovery_begin (&d->recovery);
    return;
  }
  if (!valid || d->number + 1 != p->number)
    ae_recovery_lost (&d->recovery, true);
  if (!valid)
    ae_changes_begin_grey (&d->changes);
}

static void
end_frame (AeDecoder *d, const AePacket *p, int damaged)
{
  ae_changes_end (&d->changes);
  d->number = p->number;
  if (damaged > 0)
    ae_recovery_lost (&d->recovery, false);
  else if (!p->key)
    ae_recovery_go_on (&d->recovery, &p->refresh, d->grid.columns);
  if (p->key)
    d->key = *p;
}

AeStatus
ae_decoder_decode (AeDecoder *d, const uint8_t *packet, size_t size,
    const AeImage *out, int *damaged, AeError *err)
{
  AePacket p;
  AeSlice slices[AE_PACKET_MAX_SLICES];
  uint8_t bad[AE_PACKET_MAX_SLICES];
  AeStatus status = ae_packet_read (
      &p, d->key.size > 0 ? &d->key : NULL, packet, size, err);
  if (status == AE_OK)
    status = check_known (d, &p, err);
  if (status == AE_OK)
    status = check_packet (d, &p, out, err);
  if (status == AE_OK)
    status = check_order (d, &p, err);
  if (status != AE_OK)
    return status;
  ae_packet_slices (&p, packet, size, slices);
  status = check_slices (d, &p, slices, err);
  if (status == AE_OK)
    status = bind (d, p.width, p.height, err);
  if (status != AE_OK)
    return status;
  begin_frame (d, &p);
  *damaged = decode_slices (d, &p, slices, bad);
  if (p.key)
    show_key (d, &p, bad);
  else
    ae_changes_smooth (
        &d->changes, ae_pool_threads (d->options.n_threads));
  end_frame (d, &p, *damaged);
  ae_reference_show (&d->changes.before, out);
  return AE_OK;
}

/* Another header of the stream that is being decoded changes nothing: a key
 * frame tells more. */
AeStatus
ae_decoder_header (
    AeDecoder *d, const uint8_t *packet, size_t size, AeError *err)
{
  AePacket p;
  AeStatus status = ae_packet_read (&p, NULL, packet, size, err);
  if (status == AE_OK && !p.key)
    return ae_fail (err, AE_ERROR_FORMAT, "a delta frame is no header");
  if (status == AE_OK)
    status = check_model (d, &p, err);
  if (status != AE_OK || (d->key.size > 0 && same_pictures (&d->key, &p)))
    return status;
  p.n_slices = ae_grid_of (d->codec, p.width, p.height).n_slices;
  d->key = p;
  d->changes.valid = false;
  return AE_OK;
}

static AeStatus
check_latents (const AeDecoder *d, const AeLatentImage *l, const AeImage *out,
    AeError *err)
{
  if (l->channels != d->codec->channels || l->rows < 1 || l->columns < 1)
    return ae_fail (err, AE_ERROR_SHAPE,
        "latents of %d x %d x %d, wanted %d channels of at least 1 x 1",
        l->channels, l->rows, l->columns, d->codec->channels);
  if (out->width < 1 || out->width > 16 * l->columns || out->height < 1
      || out->height > 16 * l->rows)
    return ae_fail (err, AE_ERROR_SHAPE,
        "a picture of %dx%d from %d x %d latents, which hold %dx%d",
        out->width, out->height, l->rows, l->columns, 16 * l->columns,
        16 * l->rows);
  return AE_OK;
}

AeStatus
ae_decoder_synthesise (AeDecoder *d, const AeLatentImage *latents,
    const AeImage *out, AeError *err)
{
  AeStatus status = check_latents (d, latents, out, err);
  if (status == AE_OK)
    status = bind (d, 16 * latents->columns, 16 * latents->rows, err);
  if (status != AE_OK)
    return status;
  memcpy (ae_session_input (d->session, 0)->data, latents->values,
      d->grid.n * sizeof (float));
  *(float *) ae_session_input (d->session, 1)->data
      = (float) AE_LATENT_IMAGE_LEVEL / 255;
  ae_session_run (d->session);
  ae_changes_begin (&d->changes, ae_session_output (d->session, 0)->data,
      ae_pool_threads (d->options.n_threads));
  ae_reference_show (&d->changes.now, out);
  d->changes.valid = false;
  return AE_OK;
}
