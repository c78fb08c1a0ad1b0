/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gemm: Y = alpha A' B' + beta C, C broadcast to Y (opset < 7: where
 * `broadcast` is set, which is not needed to read the file right). */
#include "ops/broadcast.h"
#include "ops/check.h"
#include "ops/matmul_core.h"
#include "util/mem.h"

static AeGemm
make_gemm (const AeOpCall *call)
{
  const int64_t *a = call->in[0]->shape.dim, *b = call->in[1]->shape.dim;
  bool ta = ae_attrs_int (call->attrs, "transA", 0) != 0;
  bool tb = ae_attrs_int (call->attrs, "transB", 0) != 0;
  return (AeGemm){ .ta = ta, .tb = tb, .m = (size_t) a[ta ? 1 : 0],
    .n = (size_t) b[tb ? 0 : 1], .k = (size_t) a[ta ? 0 : 1],
    .alpha = ae_attrs_float (call->attrs, "alpha", 1) };
}

static float
beta_of (const AeOpCall *call)
{
  return ae_attrs_float (call->attrs, "beta", 1);
}

static AeStatus
check_matrices (const AeOpCall *call, AeError *err)
{
  char text[200];
  for (int i = 0; i < 2; i++)
    if (call->in[i]->shape.rank != 2)
      return ae_fail (err, AE_ERROR_SHAPE,
          "input %d has shape %s, wanted rank 2", i,
          ae_shape_text (&call->in[i]->shape, text, sizeof text));
  AeGemm g = make_gemm (call);
  size_t k = (size_t) call->in[1]->shape.dim[g.tb ? 1 : 0];
  if (k != g.k)
    return ae_fail (err, AE_ERROR_SHAPE,
        "the inner dimension of input 1 is %zu, wanted %zu as in input 0",
        k, g.k);
  return AE_OK;
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  AeStatus status = ae_check_type (call, 0, AE_TYPES_NUMBER, err);
  for (int i = 1; i < 3 && status == AE_OK; i++)
    status = ae_check_same_type (call, i, err);
  if (status == AE_OK)
    status = check_matrices (call, err);
  if (status != AE_OK)
    return status;
  AeGemm g = make_gemm (call);
  AeShape shape = { 2, { (int64_t) g.m, (int64_t) g.n } };
  const AeTensor *c = ae_input (call, 2);
  if (c && !ae_broadcast_fits (&c->shape, &shape)) {
    char from[200], to[200];
    return ae_fail (err, AE_ERROR_SHAPE,
        "input 2 has shape %s, wanted one that broadcasts to %s",
        ae_shape_text (&c->shape, from, sizeof from),
        ae_shape_text (&shape, to, sizeof to));
  }
  ae_set_output (call->out[0], call->in[0]->type, &shape);
  return AE_OK;
}

typedef struct {
  const AeOpCall *call;
  AeBroadcast plan;
  float beta;
} Bias;

static Bias
make_bias (const AeOpCall *call)
{
  Bias bias = { .call = call, .beta = beta_of (call) };
  const AeShape *in[] = { &call->in[2]->shape };
  ae_broadcast_plan (&bias.plan, &call->out[0]->shape, in, 1);
  return bias;
}

static void
bias_row (void *arg, size_t out, const size_t *at, size_t n)
{
  const Bias *bias = arg;
  const AeTensor *c = bias->call->in[2];
  AeTensor *y = bias->call->out[0];
  size_t step = (size_t) bias->plan.step[0];
  if (y->type == AE_F32) {
    const float *from = (const float *) c->data + at[0];
    float *to = (float *) y->data + out;
    for (size_t i = 0; i < n; i++)
      to[i] = from[i * step] * bias->beta;
    return;
  }
  for (size_t i = 0; i < n; i++)
    ae_tensor_set (
        y, out + i, bias->beta * ae_tensor_get (c, at[0] + i * step));
}

static void
forward (const AeOpCall *call)
{
  AeGemm g = make_gemm (call);
  if (ae_input (call, 2)) {
    Bias bias = make_bias (call);
    ae_broadcast_run (call, &bias.plan, bias_row, &bias);
    g.beta = 1;
  }
  if (call->state)
    ae_gemm_packed (call, &g, call->in[0]->data, call->state,
        call->out[0]->data, call->work);
  else if (call->out[0]->type == AE_F32)
    ae_gemm (call, &g, call->in[0]->data, call->in[1]->data,
        call->out[0]->data, call->work);
  else
    ae_gemm_any (&g, call->in[0], 0, call->in[1], 0, call->out[0], 0);
}

static void
bias_grad (void *arg, float *terms, size_t out, const size_t *at, size_t n)
{
  const Bias *bias = arg;
  const float *dy = (const float *) bias->call->dout[0]->data + out;
  (void) at;
  for (size_t i = 0; i < n; i++)
    terms[i] = dy[i] * bias->beta;
}

/* dA' = alpha dY B'^T, dB' = alpha A'^T dY; transposed when stored so. */
static AeGemm
gemm_of_da (const AeOpCall *call)
{
  AeGemm g = make_gemm (call);
  float keep = call->overwrite && call->overwrite[0] ? 0 : 1;
  return g.ta ? (AeGemm){ g.tb, true, g.k, g.m, g.n, g.alpha, keep }
              : (AeGemm){ false, !g.tb, g.m, g.k, g.n, g.alpha, keep };
}

static AeGemm
gemm_of_db (const AeOpCall *call)
{
  AeGemm g = make_gemm (call);
  float keep = call->overwrite && call->overwrite[1] ? 0 : 1;
  return g.tb ? (AeGemm){ true, g.ta, g.n, g.k, g.m, g.alpha, keep }
              : (AeGemm){ !g.ta, false, g.k, g.n, g.m, g.alpha, keep };
}

static void
backward (const AeOpCall *call)
{
  AeGemm g = make_gemm (call);
  const float *a = call->in[0]->data, *b = call->in[1]->data;
  const float *dy = call->dout[0]->data;
  AeGemm da = gemm_of_da (call), db = gemm_of_db (call);
  if (call->din[0])
    ae_gemm (call, &da, g.ta ? b : dy, g.ta ? dy : b, call->din[0]->data,
        call->work);
  if (call->din[1])
    ae_gemm (call, &db, g.tb ? dy : a, g.tb ? a : dy, call->din[1]->data,
        call->work);
  if (ae_din (call, 2)) {
    Bias bias = make_bias (call);
    ae_broadcast_reduce (call, &bias.plan, 0, bias_grad, &bias,
        call->din[2]->data, call->overwrite[2]);
  }
}

static size_t
work_size (const AeOpCall *call, bool grad)
{
  AeGemm g = make_gemm (call);
  if (!grad)
    return ae_gemm_work (&g);
  AeGemm da = gemm_of_da (call), db = gemm_of_db (call);
  size_t size_a = ae_gemm_work (&da), size_b = ae_gemm_work (&db);
  return size_a > size_b ? size_a : size_b;
}

/* A constant matrix is packed once. */
static AeStatus
prepare (const AeOpCall *call, void **state, AeError *err)
{
  *state = NULL;
  const AeTensor *b = call->in[1];
  if (call->training || !b->data || b->type != AE_F32)
    return AE_OK;
  AeGemm g = make_gemm (call);
  *state = ae_gemm_pack (&g, b->data);
  return *state ? AE_OK
                : ae_fail (err, AE_ERROR_MEMORY, "no memory for weights");
}

static double
mac (const AeOpCall *call)
{
  AeGemm g = make_gemm (call);
  return (double) g.m * (double) g.n * (double) g.k;
}

const AeOp ae_op_gemm = {
  .name = "Gemm",
  .domain = "",
  .since = 1,
  .min_in = 2,
  .max_in = 3,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_GRAD_READS_IN,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .work_size = work_size,
  .prepare = prepare,
  .release = ae_free,
  .mac = mac,
};
