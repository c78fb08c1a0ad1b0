/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DepthToSpace and SpaceToDepth. "Deep" is the tensor (N, C*b*b, H, W) and
 * "wide" the tensor (N, C, H*b, W*b); the two operators and their gradients
 * move the same elements one way or the other. Deep channel of wide channel c
 * at offset (y, x) of its b x b square: (y*b + x)*C + c, or with mode CRD
 * (c*b + y)*b + x. */
#include "ops/loop.h"
#include "ops/params.h"
#include "ops/strided.h"

#include <string.h>

typedef struct {
  const AeTensor *deep, *wide;
  int64_t b, channels; /* block size, channels of wide */
  bool crd;
} Shuffle;

static AeStatus
read_block (const AeOpCall *call, int64_t *block, AeError *err)
{
  *block = ae_attrs_int (call->attrs, "blocksize", 0);
  if (call->in[0]->shape.rank != 4)
    return ae_fail (err, AE_ERROR_SHAPE, "input has rank %d, wanted 4",
        call->in[0]->shape.rank);
  if (*block < 1 || *block > 65535)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "blocksize is %lld, wanted 1 to 65535", (long long) *block);
  return AE_OK;
}

static AeStatus
infer_depth_to_space (const AeOpCall *call, AeError *err)
{
  int64_t b;
  AeStatus status = read_block (call, &b, err);
  if (status != AE_OK)
    return status;
  const char *mode = ae_attrs_string (call->attrs, "mode", "DCR");
  if (strcmp (mode, "DCR") != 0 && strcmp (mode, "CRD") != 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "mode is \"%s\", wanted DCR or CRD", mode);
  AeShape shape = call->in[0]->shape;
  if (shape.dim[1] % (b * b) != 0)
    return ae_fail (err, AE_ERROR_SHAPE,
        "%lld channels, wanted a multiple of %lld", (long long) shape.dim[1],
        (long long) (b * b));
  shape.dim[1] /= b * b;
  shape.dim[2] *= b;
  shape.dim[3] *= b;
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

static AeStatus
infer_space_to_depth (const AeOpCall *call, AeError *err)
{
  int64_t b;
  AeStatus status = read_block (call, &b, err);
  if (status != AE_OK)
    return status;
  AeShape shape = call->in[0]->shape;
  if (shape.dim[2] % b != 0 || shape.dim[3] % b != 0)
    return ae_fail (err, AE_ERROR_SHAPE,
        "%lld rows and %lld columns, wanted multiples of %lld",
        (long long) shape.dim[2], (long long) shape.dim[3], (long long) b);
  shape.dim[1] *= b * b;
  shape.dim[2] /= b;
  shape.dim[3] /= b;
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

static Shuffle
make_shuffle (
    const AeOpCall *call, const AeTensor *deep, const AeTensor *wide)
{
  const char *mode = ae_attrs_string (call->attrs, "mode", "DCR");
  return (Shuffle) { deep, wide,
    ae_attrs_int (call->attrs, "blocksize", 1), wide->shape.dim[1],
    strcmp (mode, "CRD") == 0 };
}

/* Wide is `to`, in its order (N, c, H, y, W, x). */
static AeStrided
plain_view (const Shuffle *p)
{
  const int64_t *d = p->deep->shape.dim;
  int64_t b = p->b, c = p->channels, plane = d[2] * d[3];
  int64_t step_c = p->crd ? b * b : 1, step_x = p->crd ? 1 : c;
  AeStrided s = { 0 };
  ae_strided_push (&s, d[0], c * plane * b * b, d[1] * plane);
  ae_strided_push (&s, c, plane * b * b, step_c * plane);
  ae_strided_push (&s, d[2], d[3] * b * b, d[3]);
  ae_strided_push (&s, b, d[3] * b, step_x * b * plane);
  ae_strided_push (&s, d[3], b, 1);
  ae_strided_push (&s, b, 1, step_x * plane);
  return s;
}

/* Both blocked, DCR, whole blocks of channels: pixels of 16 lanes move as
 * they are. Wide is (N, H, y, C/16, W, x, 16). */
static AeStrided
blocked_view (const Shuffle *p)
{
  const int64_t *d = p->deep->shape.dim;
  int64_t b = p->b, blocks = p->channels / AE_BLOCK;
  int64_t line = d[3] * AE_BLOCK; /* of deep */
  int64_t deep_row = line * blocks * b * b, wide_row = line * b * blocks;
  AeStrided s = { 0 };
  ae_strided_push (&s, d[0], d[2] * b * wide_row, d[2] * deep_row);
  ae_strided_push (&s, d[2], b * wide_row, deep_row);
  ae_strided_push (&s, b, wide_row, b * blocks * line);
  ae_strided_push (&s, blocks, line * b, line);
  ae_strided_push (&s, d[3], b * AE_BLOCK, AE_BLOCK);
  ae_strided_push (&s, b, AE_BLOCK, blocks * line);
  ae_strided_push (&s, AE_BLOCK, 1, 1);
  return s;
}

/* One row of one channel in either layout: `step` floats from pixel to
 * pixel. */
static float *
channel_row (const AeTensor *t, int64_t n, int64_t c, int64_t y, int64_t *step)
{
  const int64_t *d = t->shape.dim;
  float *data = t->data;
  if (t->layout == AE_LAYOUT_PLAIN) {
    *step = 1;
    return data + ((n * d[1] + c) * d[2] + y) * d[3];
  }
  int64_t blocks = (d[1] + AE_BLOCK - 1) / AE_BLOCK;
  *step = AE_BLOCK;
  return data + ((n * d[2] + y) * blocks + c / AE_BLOCK) * d[3] * AE_BLOCK
      + c % AE_BLOCK;
}

typedef struct {
  Shuffle shuffle;
  bool to_wide, add;
} Mixed;

static void
move_line (float *to, int64_t t, const float *from, int64_t f, int64_t n,
    bool add)
{
  if (add)
    for (int64_t i = 0; i < n; i++)
      to[i * t] += from[i * f];
  else
    for (int64_t i = 0; i < n; i++)
      to[i * t] = from[i * f];
}

/* Lanes past the channels of a blocked row hold numbers too. */
static void
clear_lanes (const AeTensor *t, int64_t n, int64_t y)
{
  int64_t channels = t->shape.dim[1], step;
  if (t->layout != AE_LAYOUT_BLOCKED || channels % AE_BLOCK == 0)
    return;
  float *row = channel_row (t, n, channels - 1, y, &step);
  int64_t lanes = AE_BLOCK - channels % AE_BLOCK;
  for (int64_t x = 0; x < t->shape.dim[3]; x++)
    for (int64_t l = 1; l <= lanes; l++)
      row[x * step + l] = 0;
}

/* Pixels moved before the next channel's turn: their lanes stay in L1. */
#define STRIP 128

static void
move_row (const Mixed *m, int64_t n, int64_t h)
{
  const Shuffle *p = &m->shuffle;
  int64_t b = p->b, width = p->deep->shape.dim[3];
  for (int64_t w = 0; w < width; w += STRIP) {
    int64_t count = width - w < STRIP ? width - w : STRIP;
    for (int64_t i = 0; i < b * b * p->channels; i++) {
      int64_t c = p->crd ? i / (b * b) : i % p->channels;
      int64_t yx = p->crd ? i % (b * b) : i / p->channels;
      int64_t ds, ws;
      float *deep = channel_row (p->deep, n, i, h, &ds);
      float *wide = channel_row (p->wide, n, c, h * b + yx / b, &ws);
      deep += w * ds;
      wide += (w * b + yx % b) * ws;
      if (m->to_wide)
        move_line (wide, ws * b, deep, ds, count, m->add);
      else
        move_line (deep, ds, wide, ws * b, count, m->add);
    }
  }
}

static void
mixed_rows (void *arg, size_t begin, size_t end, int thread)
{
  const Mixed *m = arg;
  const Shuffle *p = &m->shuffle;
  size_t rows = (size_t) p->deep->shape.dim[2];
  for (size_t i = begin; i < end; i++) {
    int64_t n = (int64_t) (i / rows), h = (int64_t) (i % rows);
    if (!m->add && !m->to_wide)
      clear_lanes (p->deep, n, h);
    for (int64_t y = 0; !m->add && m->to_wide && y < p->b; y++)
      clear_lanes (p->wide, n, h * p->b + y);
    move_row (m, n, h);
  }
}

static void
shuffle (const AeOpCall *call, const Shuffle *p, bool to_wide, bool add)
{
  bool deep_plain = p->deep->layout == AE_LAYOUT_PLAIN;
  bool wide_plain = p->wide->layout == AE_LAYOUT_PLAIN;
  AeStrided s;
  if (deep_plain && wide_plain) {
    s = plain_view (p);
  } else if (!deep_plain && !wide_plain && !p->crd
      && p->channels % AE_BLOCK == 0) {
    s = blocked_view (p);
  } else {
    Mixed m = { *p, to_wide, add };
    const int64_t *d = p->deep->shape.dim;
    size_t line = (size_t) (d[1] * d[3]);
    ae_for_range (call, (size_t) (d[0] * d[2]), 16384 / (line + 1) + 1,
        mixed_rows, &m);
    return;
  }
  const AeTensor *to = to_wide ? p->wide : p->deep;
  const AeTensor *from = to_wide ? p->deep : p->wide;
  if (!to_wide)
    s = ae_strided_swap (&s);
  if (add)
    ae_strided_add (call, &s, to->data, from->data);
  else
    ae_strided_copy (
        call, &s, ae_type_size (to->type), to->data, from->data);
}

static void
forward_depth_to_space (const AeOpCall *call)
{
  Shuffle p = make_shuffle (call, call->in[0], call->out[0]);
  shuffle (call, &p, true, false);
}

static void
forward_space_to_depth (const AeOpCall *call)
{
  Shuffle p = make_shuffle (call, call->out[0], call->in[0]);
  shuffle (call, &p, false, false);
}

static void
backward_depth_to_space (const AeOpCall *call)
{
  if (!call->din[0])
    return;
  Shuffle p = make_shuffle (call, call->din[0], call->dout[0]);
  shuffle (call, &p, false, !call->overwrite[0]);
}

static void
backward_space_to_depth (const AeOpCall *call)
{
  if (!call->din[0])
    return;
  Shuffle p = make_shuffle (call, call->dout[0], call->din[0]);
  shuffle (call, &p, true, !call->overwrite[0]);
}

/* A wide tensor of few channels is an image and stays plain; a deep one is
 * where the network works. */
static bool
wants (const AeTensor *deep, const AeTensor *wide, bool *wide_blocked)
{
  *wide_blocked = wide->shape.dim[1] >= AE_BLOCK;
  return deep->type == AE_F32;
}

static bool
layout_depth_to_space (const AeOpCall *call, AeOpLayout *want)
{
  want->in_blocked = 1;
  return wants (call->in[0], call->out[0], &want->out_blocked);
}

static bool
layout_space_to_depth (const AeOpCall *call, AeOpLayout *want)
{
  bool wide_blocked;
  want->out_blocked = true;
  if (!wants (call->out[0], call->in[0], &wide_blocked))
    return false;
  want->in_blocked = wide_blocked;
  return true;
}

const AeOp ae_op_depth_to_space = {
  .name = "DepthToSpace",
  .domain = "",
  .since = 1,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .infer = infer_depth_to_space,
  .forward = forward_depth_to_space,
  .backward = backward_depth_to_space,
  .layout = layout_depth_to_space,
};

const AeOp ae_op_space_to_depth = {
  .name = "SpaceToDepth",
  .domain = "",
  .since = 1,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .infer = infer_space_to_depth,
  .forward = forward_space_to_depth,
  .backward = backward_space_to_depth,
  .layout = layout_space_to_depth,
};
