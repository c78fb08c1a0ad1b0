/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Included by conv_plain.c once per element type T; no include guard. */

/* What one tap does with one row: `in` is at the first output's place. */
static void
NAME (row_forward) (T *y, const T *in, T w, int n, int stride)
{
  if (stride == 1)
    for (int i = 0; i < n; i++)
      y[i] += w * in[i];
  else
    for (int i = 0; i < n; i++)
      y[i] += w * in[(size_t) i * stride];
}

static void
NAME (row_transposed) (T *in, const T *y, T w, int n, int stride)
{
  if (stride == 1)
    for (int i = 0; i < n; i++)
      in[i] += w * y[i];
  else
    for (int i = 0; i < n; i++)
      in[(size_t) i * stride] += w * y[i];
}

static double
NAME (row_dot) (const T *in, const T *y, int n, int stride)
{
  T sum = 0;
  for (int i = 0; i < n; i++)
    sum += in[(size_t) i * stride] * y[i];
  return sum;
}

enum { NAME (FORWARD), NAME (TRANSPOSED), NAME (DOT) };

/* One pair of channel planes and one tap. */
static double
NAME (tap) (const AeConvPlain *c, int what, int z, int y, int x, T w, T *in,
    T *out)
{
  Span sz = span_of (c, 0, z), sy = span_of (c, 1, y), sx = span_of (c, 2, x);
  int n = sx.end - sx.first, stride = c->stride[2];
  double sum = 0;
  if (n <= 0)
    return 0;
  for (int oz = sz.first; oz < sz.end; oz++)
    for (int oy = sy.first; oy < sy.end; oy++) {
      size_t iz = (size_t) oz * c->stride[0] + sz.shift;
      size_t iy = (size_t) oy * c->stride[1] + sy.shift;
      T *from = in + (iz * c->in[1] + iy) * c->in[2]
          + ((ptrdiff_t) sx.first * stride + sx.shift);
      T *to = out + ((size_t) oz * c->out[1] + oy) * c->out[2] + sx.first;
      if (what == NAME (FORWARD))
        NAME (row_forward) (to, from, w, n, stride);
      else if (what == NAME (TRANSPOSED))
        NAME (row_transposed) (from, to, w, n, stride);
      else
        sum += NAME (row_dot) (from, to, n, stride);
    }
  return sum;
}

/* All taps of one pair of planes; `w` is the pair's kernel, or with DOT
 * where the gradients go. */
static void
NAME (pair) (
    const AeConvPlain *c, int what, T *w, T *in, T *out, bool add, bool image0)
{
  for (int z = 0; z < c->kernel[0]; z++)
    for (int y = 0; y < c->kernel[1]; y++)
      for (int x = 0; x < c->kernel[2]; x++, w++) {
        double sum = NAME (tap) (c, what, z, y, x, *w, in, out);
        if (what == NAME (DOT))
          *w = (T) (sum + (add || !image0 ? *w : 0));
      }
}

static void
NAME (forward) (void *arg, size_t index, int thread)
{
  const Job *job = arg;
  const AeConvPlain *c = job->c;
  (void) thread;
  size_t pixels = volume (c->out), taps = volume (c->kernel);
  int image = index / c->oc, oc = index % c->oc;
  int group_in = c->ic / c->groups, group = oc / (c->oc / c->groups);
  T *y = (T *) job->to + index * pixels;
  T bias = job->bias ? ((const T *) job->bias)[oc] : 0;
  for (size_t i = 0; i < pixels; i++)
    y[i] = job->add ? y[i] + bias : bias;
  for (int i = 0; i < group_in; i++) {
    size_t plane = (size_t) image * c->ic + group * group_in + i;
    NAME (pair) (c, NAME (FORWARD),
        (T *) job->w + ((size_t) oc * group_in + i) * taps,
        (T *) job->x + plane * volume (c->in), y, false, true);
  }
}

static void
NAME (transposed) (void *arg, size_t index, int thread)
{
  const Job *job = arg;
  const AeConvPlain *c = job->c;
  (void) thread;
  size_t pixels = volume (c->in), taps = volume (c->kernel);
  int image = index / c->ic, ic = index % c->ic;
  int group_in = c->ic / c->groups, group_out = c->oc / c->groups;
  T *x = (T *) job->to + index * pixels;
  T bias = job->bias ? ((const T *) job->bias)[ic] : 0;
  for (size_t i = 0; i < pixels; i++)
    x[i] = job->add ? x[i] + bias : bias;
  for (int o = 0; o < group_out; o++) {
    size_t oc = (size_t) ic / group_in * group_out + o;
    NAME (pair) (c, NAME (TRANSPOSED),
        (T *) job->w + (oc * group_in + ic % group_in) * taps, x,
        (T *) job->y + ((size_t) image * c->oc + oc) * volume (c->out), false,
        true);
  }
}

static void
NAME (weights) (void *arg, size_t index, int thread)
{
  const Job *job = arg;
  const AeConvPlain *c = job->c;
  (void) thread;
  int group_in = c->ic / c->groups, group_out = c->oc / c->groups;
  size_t oc = index / group_in;
  size_t ic = oc / group_out * group_in + index % group_in;
  for (int image = 0; image < c->n; image++)
    NAME (pair) (c, NAME (DOT), (T *) job->to + index * volume (c->kernel),
        (T *) job->x + ((size_t) image * c->ic + ic) * volume (c->in),
        (T *) job->y + ((size_t) image * c->oc + oc) * volume (c->out),
        job->add, image == 0);
}

static void
NAME (bias) (void *arg, size_t index, int thread)
{
  const Job *job = arg;
  (void) thread;
  T *db = (T *) job->to + index;
  double sum = job->add ? *db : 0;
  for (int image = 0; image < job->c->n; image++) {
    const T *dy = (const T *) job->y
        + ((size_t) image * job->channels + index) * job->pixels;
    for (size_t i = 0; i < job->pixels; i++)
      sum += dy[i];
  }
  *db = (T) sum;
}
