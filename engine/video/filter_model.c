/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/filter_model.h"

#include "util/error.h"

#define NOT "does not make a picture of a picture: "
#define MOST_MULTIPLE 64
#define MOST_SCALE 16
#define LARGEST_SIDE 16384

AeStatus
ae_filter_model_session (AeSession **out, AeModel *model, int n_threads,
    AePrecision precision, AeError *err)
{
  *out = NULL;
  if (ae_model_n_inputs (model) != 1 || ae_model_n_outputs (model) < 1)
    return ae_fail (err, AE_ERROR_SHAPE,
        NOT "%zu inputs and %zu outputs, wanted 1 input",
        ae_model_n_inputs (model), ae_model_n_outputs (model));
  const char *output = ae_model_output_name (model, 0);
  AeSessionOptions options = { .n_threads = n_threads,
    .precision = precision,
    .outputs = &output,
    .n_outputs = 1 };
  return ae_session_new (out, model, &options, err);
}

static bool
is_side (int64_t dim)
{
  return dim == -1 || (dim >= 1 && dim <= LARGEST_SIDE);
}

static AeStatus
check_input (const AeModel *model, AeShape shape, AeError *err)
{
  char text[96];
  AeType type = ae_model_input_type (model, 0);
  if (type == AE_F32
      && (shape.rank == -1
          || (shape.rank == 4 && (shape.dim[0] == 1 || shape.dim[0] == -1)
              && (shape.dim[1] == 1 || shape.dim[1] == 3
                  || shape.dim[1] == -1)
              && is_side (shape.dim[2]) && is_side (shape.dim[3]))))
    return AE_OK;
  return ae_fail (err, AE_ERROR_SHAPE,
      NOT "input \"%s\" is %s %s, wanted f32 1x3xHxW or 1x1xHxW",
      ae_model_input_name (model, 0), ae_type_name (type),
      shape.rank < 0 ? "of any rank"
                     : ae_shape_text (&shape, text, sizeof text));
}

static AeStatus
bind (const AeFilterModel *f, AeSession *session, int h, int w, AeError *err)
{
  AeTensor input = { .type = AE_F32,
    .layout = AE_LAYOUT_PLAIN,
    .shape = ae_shape (4, 1, f->channels, h, w) };
  return ae_session_bind (session, &input, 1, err);
}

/* What the session, bound to planes of h x w, makes is no picture. */
static AeStatus
refuse (const AeSession *session, const AeFilterModel *f, int h, int w,
    AeError *err)
{
  const AeTensor *result = ae_session_output (session, 0);
  char text[96];
  return ae_fail (err, AE_ERROR_SHAPE,
      NOT "output \"%s\" is %s %s for an input of 1x%dx%dx%d, wanted f32 "
          "1x%dxHxW of the same size or a multiple of it",
      ae_session_output_name (session, 0), ae_type_name (result->type),
      ae_shape_text (&result->shape, text, sizeof text), f->channels, h, w,
      f->channels);
}

static bool
is_picture (const AeTensor *result, int channels)
{
  const AeShape *s = &result->shape;
  return result->type == AE_F32 && s->rank == 4 && s->dim[0] == 1
         && s->dim[1] == channels && s->dim[2] >= 1
         && s->dim[2] <= LARGEST_SIDE && s->dim[3] >= 1
         && s->dim[3] <= LARGEST_SIDE;
}

/* False when an open side does not become a multiple of itself. */
static bool
learn_side (AeFilterSide *side, int in, int out)
{
  bool whole = out % in == 0 && out / in <= MOST_SCALE;
  side->scale = whole ? out / in : 1;
  if (side->in > 0)
    side->out = out;
  return whole || side->in > 0;
}

/* An odd number of times `multiple`, so that no larger one is found by
 * chance. */
static int
trial_side (const AeFilterSide *side, int multiple, int more)
{
  return side->in > 0 ? side->in : multiple * ((64 / multiple + more) | 1);
}

static AeStatus
try_multiple (AeFilterModel *f, AeSession *session, AeError *err)
{
  int h = trial_side (&f->down, f->multiple, 1);
  int w = trial_side (&f->across, f->multiple, 3);
  AeStatus status = bind (f, session, h, w, err);
  if (status != AE_OK)
    return status;
  const AeTensor *result = ae_session_output (session, 0);
  if (!is_picture (result, f->channels)
      || !learn_side (&f->down, h, (int) result->shape.dim[2])
      || !learn_side (&f->across, w, (int) result->shape.dim[3]))
    return refuse (session, f, h, w, err);
  return AE_OK;
}

static AeStatus
try_channels (AeFilterModel *f, AeSession *session, AeError *err)
{
  bool open = f->down.in == 0 || f->across.in == 0;
  AeStatus status;
  f->multiple = 1;
  for (;;) {
    status = try_multiple (f, session, err);
    if (status != AE_ERROR_SHAPE || !open || f->multiple >= MOST_MULTIPLE)
      return status;
    f->multiple *= 2;
  }
}

AeStatus
ae_filter_model_learn (AeFilterModel *f, const AeModel *model,
    AeSession *session, AeError *err)
{
  AeShape shape = ae_model_input_shape (model, 0);
  AeStatus status = check_input (model, shape, err);
  if (status != AE_OK)
    return status;
  bool ranked = shape.rank == 4;
  *f = (AeFilterModel){ 0 };
  f->channels = ranked && shape.dim[1] > 0 ? (int) shape.dim[1] : 3;
  f->down.in = ranked && shape.dim[2] > 0 ? (int) shape.dim[2] : 0;
  f->across.in = ranked && shape.dim[3] > 0 ? (int) shape.dim[3] : 0;
  status = try_channels (f, session, err);
  if (status == AE_ERROR_SHAPE && (!ranked || shape.dim[1] < 0)) {
    AeError grey;
    f->channels = 1;
    if (try_channels (f, session, &grey) == AE_OK)
      return AE_OK;
  }
  return status;
}

static int
bound_side (const AeFilterModel *f, const AeFilterSide *side, int n)
{
  return side->in > 0 ? side->in
                      : (n + f->multiple - 1) / f->multiple * f->multiple;
}

static bool
side_holds (const AeFilterSide *side, int in, int64_t out)
{
  return out == (side->in > 0 ? side->out : (int64_t) side->scale * in);
}

static AeStatus
bind_and_check (const AeFilterModel *f, AeSession *session, int h, int w,
    AeError *err)
{
  AeStatus status = bind (f, session, h, w, err);
  if (status != AE_OK)
    return status;
  const AeTensor *result = ae_session_output (session, 0);
  if (result->type == AE_F32 && result->shape.rank == 4
      && result->shape.dim[0] == 1 && result->shape.dim[1] == f->channels
      && side_holds (&f->down, h, result->shape.dim[2])
      && side_holds (&f->across, w, result->shape.dim[3]))
    return AE_OK;
  return refuse (session, f, h, w, err);
}

/* Graphs with wide mirrored margins of their own refuse small pictures. */
AeStatus
ae_filter_model_bind (const AeFilterModel *f, AeSession *session, int *h,
    int *w, AeError *err)
{
  static const int least[] = { 1, 16, 32, 64, 128 };
  AeStatus status = AE_OK;
  int last_h = 0, last_w = 0;
  for (size_t i = 0; i < sizeof least / sizeof *least; i++) {
    int to_h = bound_side (f, &f->down, *h > least[i] ? *h : least[i]);
    int to_w = bound_side (f, &f->across, *w > least[i] ? *w : least[i]);
    if (to_h == last_h && to_w == last_w)
      continue;
    last_h = to_h;
    last_w = to_w;
    status = bind_and_check (f, session, to_h, to_w, err);
    if (status != AE_ERROR_SHAPE)
      break;
  }
  *h = last_h;
  *w = last_w;
  return status;
}
