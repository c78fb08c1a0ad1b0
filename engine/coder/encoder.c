/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures to packets. */
#include "coder/encoder.h"

#include "coder/changes.h"
#include "coder/masking.h"
#include "coder/packet_info.h"
#include "coder/pictures.h"
#include "coder/refresh.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a bit is worth, in squared steps of the quantiser: at high rates the
 * slope of rate over distortion is 2 ln 2 / 12. */
#define BIT_WORTH 0.13f
/* Of bits, about, when a frame was too large. */
#define LEVELS_PER_DOUBLING 70
/* A picture with more places, of 16, that resemble nothing before is a new
 * scene. */
#define NEW_SCENE 9
/* By how much finer key frames are: of 40 to 105 levels, more took less rate on
 * clips of a fixed camera, and where the camera moves more from 75 on. */
#define KEY_LEVELS 90

typedef struct {
  AeRansWriter writer;
  uint8_t *bytes;
  size_t room, size;
  AeStatus status;
} SliceCoder;

struct AeEncoder {
  AeCodec *codec;
  AeCodecOptions options;
  AeSession *session;   /* frame to latents */
  AeSession *synthesis; /* back; from the first change on */
  AeImage format;
  AeGrid grid;
  AeLatentLevel level, steps_level; /* of key frames */
  int16_t *values;     /* of the last one */
  int16_t *steps; /* of the places of the picture that was loaded last; NULL
                     in codecs without masking */
  float *points;  /* which they stand for, [channel][row][column] */
  float *worths;  /* of a bit, per channel */
  bool pending;        /* it was not decoded yet */
  int key_level;       /* of the last key frame */
  AeChanges changes;
  AeReference picture; /* this one, in bytes */
  SliceCoder *slices;
  AeLatentScratch latent_scratch[AE_CODER_THREADS];
  uint8_t *packet;
  size_t packet_room;
  void *scratch;
  AeSweep sweep;
  AePacket key;    /* the last key frame's */
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
    status = ae_latent_level_init (&e->level, &codec->tables.intra, err);
  if (status == AE_OK && codec->masking > 0)
    status = ae_latent_level_init (&e->steps_level, &codec->tables.steps, err);
  if (status == AE_OK)
    status = ae_changes_init (&e->changes, codec, err);
  e->changes.speed = e->options.speed;
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
  ae_reference_clear (&e->picture);
  void **all[] = { (void **) &e->slices, (void **) &e->values,
    (void **) &e->steps, (void **) &e->points, (void **) &e->worths,
    &e->scratch };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    ae_free (*all[i]);
    *all[i] = NULL;
  }
  for (int i = 0; i < AE_CODER_THREADS; i++)
    ae_latent_scratch_clear (&e->latent_scratch[i]);
  e->changes.valid = e->pending = false;
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
  ae_latent_level_clear (&e->steps_level);
  ae_changes_clear (&e->changes);
  ae_session_free (&e->synthesis);
  ae_session_free (&e->session);
  ae_codec_unref (&e->codec);
  ae_free (e);
}

AeStatus
ae_encoder_bind (AeEncoder *e, const AeImage *format, AeError *err)
{
  AeStatus status = ae_packet_check_size (format->width, format->height, err);
  if (status != AE_OK)
    return status;
  free_buffers (e);
  ae_session_free (&e->synthesis);
  e->format = *format;
  e->grid = ae_grid_of (e->codec, format->width, format->height);
  const AeGrid *g = &e->grid;
  status = ae_codec_bind_analysis (e->session, g, err);
  if (status == AE_OK)
    status = ae_changes_bind (&e->changes, g, true, err);
  if (status == AE_OK)
    status = ae_reference_init (&e->picture, 2 * g->w, 2 * g->h, err);
  if (status != AE_OK)
    return status;
  e->values = ae_calloc (g->n, sizeof *e->values);
  e->points = ae_calloc (g->n, sizeof *e->points);
  e->worths = ae_calloc ((size_t) g->channels, sizeof *e->worths);
  e->slices = ae_calloc ((size_t) g->n_slices, sizeof *e->slices);
  e->scratch = ae_alloc (ae_picture_scratch (
      format, ae_pool_threads (e->options.n_threads)));
  if (e->codec->masking > 0)
    e->steps = ae_calloc ((size_t) g->rows * g->columns, sizeof *e->steps);
  if (e->values && e->points && e->worths && e->slices && e->scratch
      && (e->steps || e->codec->masking <= 0))
    return AE_OK;
  free_buffers (e);
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for an encoder");
}

/* The last key frame as decoders see it, for changes of it. */
static AeStatus
decode_key (AeEncoder *e, AeError *err)
{
  AeStatus status = AE_OK;
  if (!e->synthesis) {
    status = ae_codec_session (e->codec, &e->options, "integers", "decoded",
        &e->synthesis, err);
    if (status == AE_OK)
      status = ae_codec_bind_synthesis (e->synthesis, &e->grid, err);
    if (status != AE_OK) {
      ae_session_free (&e->synthesis);
      return status;
    }
  }
  ae_changes_begin (&e->changes,
      ae_codec_synthesise (
          e->synthesis, &e->grid, e->points, e->steps, e->key_level),
      ae_pool_threads (e->options.n_threads));
  ae_changes_end (&e->changes);
  e->pending = false;
  return AE_OK;
}

/* One frame's work. */
typedef struct {
  AeEncoder *e;
  float *latents; /* [channel][row][column] of a key frame */
  bool key;
  float worth; /* of a bit of changes */
} Frame;

static AeLatents
steps_of (const AeEncoder *e, const AeGridSlice *slice)
{
  return (AeLatents){ .channels = 1, .rows = slice->n_rows,
    .columns = e->grid.columns,
    .values = e->steps + (size_t) slice->row * e->grid.columns };
}

/* Codes the steps of a slice's places, and makes the latents as coarse. */
static AeStatus
apply_steps (const Frame *f, const AeGridSlice *slice, SliceCoder *s,
    AeLatentScratch *scratch)
{
  AeEncoder *e = f->e;
  const AeGrid *g = &e->grid;
  AeLatents l = steps_of (e, slice);
  ae_steps_apply (l.values, (size_t) l.rows * l.columns, true, g->channels,
      (size_t) g->rows * g->columns,
      f->latents + (size_t) slice->row * g->columns);
  return ae_latents_put (&s->writer, &e->steps_level, &l, scratch, NULL);
}

static AeStatus
choose_latents (const Frame *f, const AeGridSlice *slice, SliceCoder *s,
    AeLatentScratch *scratch)
{
  AeEncoder *e = f->e;
  const AeGrid *g = &e->grid;
  size_t at = (size_t) slice->row * g->columns;
  AeLatents l = { .channels = g->channels,
    .rows = slice->n_rows,
    .columns = g->columns,
    .values = e->values + slice->at,
    .wanted = f->latents + at,
    .points = e->points + at,
    .wanted_step = (size_t) g->rows * g->columns,
    .worths = e->worths };
  AeStatus status
      = e->steps ? apply_steps (f, slice, s, scratch) : AE_OK;
  if (status != AE_OK)
    return status;
  return ae_latents_choose (
      &s->writer, &e->level, &l, BIT_WORTH, scratch, NULL);
}

static AeStatus
write_slice (const Frame *f, const AeGridSlice *slice, SliceCoder *s,
    AeLatentScratch *scratch)
{
  s->writer.n = 0;
  AeStatus status = f->key
      ? choose_latents (f, slice, s, scratch)
      : ae_changes_put (&f->e->changes, slice, &f->e->picture.image,
          f->worth, &s->writer, scratch);
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
reserve_packet (AeEncoder *e, size_t bytes, AeError *err)
{
  if (bytes <= e->packet_room)
    return AE_OK;
  ae_free (e->packet);
  e->packet = ae_alloc (bytes + bytes / 2);
  e->packet_room = e->packet ? bytes + bytes / 2 : 0;
  return e->packet ? AE_OK : out_of_memory (err);
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
  if (status == AE_OK)
    status = reserve_packet (
        e, ae_packet_bound (slices, e->grid.n_slices), err);
  if (status == AE_OK)
    ae_packet_write (p, &e->key, slices, e->packet);
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
  if (!key)
    p.refresh = e->changes.refresh;
  memcpy (p.model_id, e->codec->id, sizeof p.model_id);
  memcpy (p.colour, info->colour, sizeof p.colour);
  return p;
}

/* Whether most of a picture is not like the one before. */
static bool
is_new_scene (const AeEncoder *e)
{
  const AeRefresh *band = &e->changes.refresh;
  size_t columns = (size_t) (e->grid.columns - (band->end - band->begin));
  size_t places = e->grid.rows * columns, intra = 0;
  for (int i = 0; i < e->grid.n_slices; i++) {
    AeGridSlice slice = ae_grid_slice (&e->grid, i);
    AeLatents motion = ae_changes_motion (&e->changes, &slice);
    int n = motion.rows * motion.columns;
    for (int place = 0; place < n; place++)
      intra += motion.values[place] == AE_PLACE_INTRA
          && !ae_refresh_has (band, place % motion.columns);
  }
  return places >= 16 && intra * 16 > places * NEW_SCENE;
}

static void
run_slices (AeEncoder *e, const Frame *f)
{
  ae_pool_run (ae_pool_shared (), ae_pool_threads (e->options.n_threads),
      (size_t) e->grid.n_slices, slice_job, (void *) f);
}

/* The picture, and the steps of its places where the codec has masking: the
 * session writes over its inputs when it runs. */
static void
load_picture (AeEncoder *e, const AeImage *in)
{
  float *frame = ae_session_input (e->session, 0)->data;
  ae_picture_load (in, frame, e->grid.h, e->grid.w,
      ae_pool_threads (e->options.n_threads), e->scratch);
  if (e->steps)
    ae_masking_steps (
        frame, e->grid.h, e->grid.w, e->codec->masking, e->steps);
}

/* The picture in bytes, at full places. */
static void
keep_picture (AeEncoder *e, const AeImage *in)
{
  load_picture (e, in);
  ae_picture_store (ae_session_input (e->session, 0)->data, e->grid.h,
      e->grid.w, &e->picture.image, ae_pool_threads (e->options.n_threads));
}

static AeStatus
encode_key (AeEncoder *e, const AeImage *in, int level, AeError *err)
{
  load_picture (e, in);
  *(float *) ae_session_input (e->session, 1)->data = (float) level / 255;
  ae_session_run (e->session);
  Frame f = { .e = e, .latents = ae_session_output (e->session, 0)->data,
    .key = true };
  e->changes.valid = e->pending = false;
  if (!all_finite (f.latents, e->grid.n))
    return ae_fail (
        err, AE_ERROR_NUMERIC, "the codec's latents are not finite");
  ae_latent_level_set (&e->level, level);
  if (e->steps)
    ae_latent_level_set (&e->steps_level, level);
  ae_codec_worths (e->codec, level, e->worths);
  run_slices (e, &f);
  e->pending = true;
  e->key_level = level;
  return AE_OK;
}

/* Codes what changed. *key: the picture is a new scene, and nothing was coded. */
static void
code_change (
    AeEncoder *e, int level, float worth, AeRefresh refresh, bool *key)
{
  Frame f = { .e = e, .worth = worth };
  e->changes.steps = e->steps;
  ae_changes_set_level (&e->changes, level, &refresh);
  run_slices (e, &f);
  *key = is_new_scene (e);
}

static void
end_change (AeEncoder *e)
{
  ae_sweep_go_on (&e->sweep, &e->changes.refresh);
  ae_changes_smooth (&e->changes, ae_pool_threads (e->options.n_threads));
  ae_changes_end (&e->changes);
}

static int
lower_level (int level, size_t size, size_t most)
{
  double doublings = log2 ((double) size / (double) most);
  level -= 4 + (int) ceil (LEVELS_PER_DOUBLING * doublings);
  return level < 0 ? 0 : level;
}

/* One frame's packet, as often as it takes to make it small enough. */
static AeStatus
code_frame (AeEncoder *e, const AeImage *in, const AePacketInfo *info,
    AePacket *p, AeError *err)
{
  bool key = p->key;
  float worth = BIT_WORTH;
  AeStatus status = !key && e->pending ? decode_key (e, err) : AE_OK;
  if (!key || info->measure)
    keep_picture (e, in);
  AeRefresh band
      = ae_sweep_band (&e->sweep, info->refresh, e->grid.columns);
  for (int level = p->level; status == AE_OK;) {
    if (!key)
      code_change (
          e, level, worth, ae_sweep_band_at (&band, level, worth), &key);
    if (key)
      status = encode_key (e, in, level, err);
    *p = packet_of (e, info, key);
    p->level = (uint8_t) level;
    if (status == AE_OK)
      status = join_slices (e, p, err);
    if (info->most_size == 0 || p->size <= info->most_size
        || (level == 0 && (key || isinf (worth))))
      break;
    if (level == 0)
      worth = HUGE_VALF;
    level = lower_level (level, p->size, info->most_size);
  }
  if (status == AE_OK && !key)
    end_change (e);
  return status;
}

/* Of the last frame, within the picture. */
static AeStatus
measure_psnr (AeEncoder *e, bool key, float *psnr, AeError *err)
{
  AeStatus status = key ? decode_key (e, err) : AE_OK;
  if (status == AE_OK)
    *psnr = (float) ae_luma_psnr (&e->picture.image,
        &e->changes.before.image, e->format.width, e->format.height);
  return status;
}

/* What the caller asked for stays; the rest is the packet's. */
static AeStatus
report (AeEncoder *e, const AePacket *p, AePacketInfo *info, AeError *err)
{
  AePacketInfo found;
  ae_packet_info_of (&found, p);
  found.most_size = info->most_size;
  found.measure = info->measure;
  found.refresh = info->refresh;
  *info = found;
  return info->measure ? measure_psnr (e, p->key, &info->psnr, err) : AE_OK;
}

AeStatus
ae_encoder_encode (AeEncoder *e, const AeImage *in, AePacketInfo *info,
    const uint8_t **packet, AeError *err)
{
  info->level = info->level < 0 ? 0 : info->level > 255 ? 255 : info->level;
  AePacket p = packet_of (
      e, info, info->key || !(e->changes.valid || e->pending));
  AeStatus status = code_frame (e, in, info, &p, err);
  if (status != AE_OK) {
    e->changes.valid = e->pending = false;
    return status;
  }
  if (p.key) {
    e->key = p;
    ae_sweep_restart (&e->sweep);
  }
  e->number++;
  e->was_key = p.key;
  *packet = e->packet;
  return report (e, &p, info, err);
}

AeStatus
ae_encoder_header (AeEncoder *e, AePacketInfo *info, const uint8_t **packet,
    AeError *err)
{
  AePacket p = packet_of (e, info, true);
  p.n_slices = 0;
  AeStatus status = reserve_packet (e, ae_packet_bound (NULL, 0), err);
  if (status != AE_OK)
    return status;
  ae_packet_write (&p, NULL, NULL, e->packet);
  *packet = e->packet;
  ae_packet_info_of (info, &p);
  return AE_OK;
}

void
ae_encoder_latent_shape (const AeEncoder *e, AeLatentImage *to)
{
  *to = (AeLatentImage){ e->grid.channels, e->grid.rows, e->grid.columns,
    NULL };
}

void
ae_encoder_analyse (AeEncoder *e, const AeImage *in, AeLatentImage *to)
{
  load_picture (e, in);
  *(float *) ae_session_input (e->session, 1)->data
      = (float) AE_LATENT_IMAGE_LEVEL / 255;
  ae_session_run (e->session);
  e->changes.valid = e->pending = false;
  ae_encoder_latent_shape (e, to);
  to->values = ae_session_output (e->session, 0)->data;
}

int
ae_encoder_key_level (int level)
{
  return level + KEY_LEVELS > 255 ? 255 : level + KEY_LEVELS;
}

int
ae_encoder_slices (const AeEncoder *e, AeLatentKind kind)
{
  bool of_key = kind == AE_LATENTS_INTRA || kind == AE_LATENTS_STEPS;
  if (kind == AE_LATENTS_STEPS && !e->steps)
    return 0;
  return e->was_key == of_key ? e->grid.n_slices : 0;
}

AeLatents
ae_encoder_latents (const AeEncoder *e, AeLatentKind kind, int i)
{
  AeGridSlice slice = ae_grid_slice (&e->grid, i);
  if (kind == AE_LATENTS_MOTION)
    return ae_changes_motion (&e->changes, &slice);
  if (kind == AE_LATENTS_CHANGE)
    return ae_changes_values (&e->changes, &slice);
  if (kind == AE_LATENTS_STEPS)
    return steps_of (e, &slice);
  return (AeLatents){ .channels = e->grid.channels,
    .rows = slice.n_rows,
    .columns = e->grid.columns,
    .values = e->values + slice.at,
    .wanted = (const float *) ae_session_output (e->session, 0)->data
        + (size_t) slice.row * e->grid.columns,
    .wanted_step = (size_t) e->grid.rows * e->grid.columns };
}

AeStatus
ae_encoder_count (
    AeEncoder *e, AeLatentKind kind, AeLatentCounts *counts, AeError *err)
{
  const AeLatentLevel *levels[] = { &e->level, &e->changes.motion_level,
    &e->changes.value_level, &e->steps_level };
  AeStatus status = AE_OK;
  for (int i = 0; status == AE_OK && i < ae_encoder_slices (e, kind); i++) {
    AeLatents l = ae_encoder_latents (e, kind, i);
    status = ae_latent_counts_add (
        counts, levels[kind], &l, e->latent_scratch, err);
  }
  return status;
}
