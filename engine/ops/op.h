/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_OP_H
#define AE_OPS_OP_H

/* The operator table. Each operator is one file in ops/ that defines one (or
 * one family of) `const AeOp`, one line in op_list.h, and one test. An
 * operator knows tensors, attributes and kernels; it knows no graph, no
 * session and no other operator. */

#include "kernels/rows.h"
#include "ops/attrs.h"
#include "tensor/tensor.h"
#include "util/pool.h"

/* AeOp.max_in or max_out: as many as the node has. What is kept per input or
 * output is sized by the call. */
#define AE_ANY_NUMBER INT32_MAX

/* Calls with more inputs or outputs are not made by rows (AeOp.rows). */
#define AE_MAX_ROW_IO 32

typedef struct AeOp AeOp;

/* One use of an operator: what infer, prepare, forward and backward are given.
 * Arrays have n_in / n_out entries; an absent optional input (output) is NULL.
 *
 * In `infer`, inputs have type and shape; data is NULL unless the value is
 * known at bind time (initializers, folded constants). infer sets type and
 * shape of every output that is not NULL.
 *
 * In `forward` and `backward` all data pointers are set. Layouts are plain
 * unless the operator said otherwise through `layout`. */
typedef struct {
  const AeOp *op;
  const AeAttrs *attrs;
  int opset;     /* of the operator's domain */
  bool training; /* dropout drops, batch norm uses batch statistics */
  bool bf16;     /* products may be made of bf16 where that is faster */
  int n_in, n_out;
  const AeTensor **in;
  AeTensor **out;

  /* backward only: gradients of outputs (never NULL where out is not, same
   * shape and layout as out), and of inputs. din[i] is NULL where no gradient
   * is wanted. overwrite[i]: din[i] is undefined and must be fully written;
   * otherwise the gradient is added to it. */
  const AeTensor **dout;
  AeTensor **din;
  const bool *overwrite;

  AePool *pool;
  int n_threads;
  void *state; /* made by prepare, NULL if the operator has none */
  void *work;  /* scratch of at least op->work_size() bytes, 64-aligned */
  uint64_t seed; /* random operators: changes with every training step */
} AeOpCall;

enum {
  /* backward reads in[] / out[]; the planner keeps them alive until then */
  AE_GRAD_READS_IN = 1 << 0,
  AE_GRAD_READS_OUT = 1 << 1,
  /* out[0] has the type and size of in[0] and forward may be called with
   * out[0]->data == in[0]->data. With AE_OP_UNARY too, backward may be called
   * with din[0]->data == dout[0]->data. */
  AE_OP_IN_PLACE = 1 << 2,
  /* every output element depends on the same element of in[0] alone (other
   * inputs absent or scalars): runs on storage of any layout */
  AE_OP_UNARY = 1 << 3,
  /* gives other results in training (or random ones): never folded then */
  AE_OP_TRAINING = 1 << 4,
  /* forward reads only the shapes of its inputs, never their data: foldable as
   * soon as shapes are known (Shape, Size) */
  AE_OP_SHAPE_ONLY = 1 << 5
};

/* Some rows (axis 2) of the outputs of a call, of one image: what
 * AeOp.forward_rows makes. in, out: where the rows of the image lie, for
 * inputs that AeOp.rows told rows of. Their tensors' data is not valid. */
typedef struct {
  AeRows rows;
  const AeRowBuffer *in, *out;
  void *work; /* at least op->rows_work() bytes, 64-aligned */
} AeRowCall;

/* What an operator wants for a given call (see AeOp.layout). Bit i of
 * `in_blocked`: input i in the blocked layout; the last bit stands for all
 * inputs from there on. */
typedef struct {
  uint64_t in_blocked;
  bool out_blocked; /* all outputs */
  uint64_t in_either; /* bit i: input i is also good plain, if it is so */
} AeOpLayout;

/* Which of a call's blocked inputs and outputs may lie as bf16 pixels instead
 * (see AeOp.pixels). Bit i of `in`: input i; of `tied`: input i only if the
 * output does, and the other way round; the last bit stands for all inputs
 * from there on. */
typedef struct {
  uint64_t in, tied;
  bool out; /* output 0; there is no other then */
} AeOpPixels;

static inline bool
ae_layout_blocked (const AeOpLayout *want, int i)
{
  return want->in_blocked >> (i < 63 ? i : 63) & 1;
}

struct AeOp {
  const char *name;   /* "Conv" */
  const char *domain; /* "" = ai.onnx, "ae" = made by our passes */
  int since;          /* first opset with this name */
  int until;          /* last opset, 0 = still there */
  int min_in, max_in; /* counts of inputs */
  int min_out, max_out;
  unsigned flags;

  /* Validates attributes, types and shapes; sets the outputs'. Error texts
   * name the value found and the one wanted; the caller prefixes operator and
   * node. Reads shape-deciding inputs from their data and answers
   * AE_ERROR_NEEDS_DATA when that is NULL. */
  AeStatus (*infer) (const AeOpCall *call, AeError *err);

  /* Computes out[]. Uses pool/n_threads for large work; the results are the
   * same bits for every n_threads. Cannot fail, does not allocate. */
  void (*forward) (const AeOpCall *call);

  /* Computes din[] from dout[]. NULL = no gradient is defined. */
  void (*backward) (const AeOpCall *call);

  /* Optional. Scratch bytes for forward (backward when `grad`). Called after
   * infer, layouts set. */
  size_t (*work_size) (const AeOpCall *call, bool grad);

  /* Optional. Called once per bind after layouts are set and before the first
   * run: packs constant weights, chooses a kernel. Inputs with constant data
   * have it; in training weights change every step and must not be packed
   * here. *state is freed with `release`. */
  AeStatus (*prepare) (const AeOpCall *call, void **state, AeError *err);
  void (*release) (void *state);

  /* Optional: can this call run with the blocked layout? Called after infer.
   * Fills *want with the layouts of the fast form and returns true; false or
   * absent = plain only. The runtime converts where producers and consumers
   * differ, and may still call the operator with everything plain. */
  bool (*layout) (const AeOpCall *call, AeOpLayout *want);

  /* Optional: what of a call with bf16 whose layouts are chosen may lie in
   * AE_LAYOUT_PIXELS; *can is zeroed. Absent = nothing. */
  void (*pixels) (const AeOpCall *call, AeOpPixels *can);

  /* Optional: can outputs of rank 4 be made some rows at a time? Called with
   * state and layouts set. Widens *out to the rows that are made at once (of
   * every output; begin and end do not shrink when the caller's grow), and
   * sets in[i] to the rows of input i they depend on, maybe none; begin is -1
   * for inputs that are read whole. */
  bool (*rows) (const AeOpCall *call, AeRows *out, AeRows *in);

  /* With `rows`: makes r->rows, not empty and not to be widened, in the
   * calling thread; the same bits as forward. May run in several threads at
   * once on one call. */
  void (*forward_rows) (const AeOpCall *call, const AeRowCall *r);

  /* Optional: scratch bytes for forward_rows. */
  size_t (*rows_work) (const AeOpCall *call);

  /* Optional: multiply-adds of one forward; default 0. */
  double (*mac) (const AeOpCall *call);

  /* For files that define several operators with the same functions: what
   * tells them apart. */
  const void *family;
};

/* The table, NULL-terminated; tests loop over it. */
extern const AeOp *const ae_ops[];

/* Finds an operator valid at `opset`; NULL when there is none. */
const AeOp *ae_op_find (const char *domain, const char *name, int opset);

#endif
