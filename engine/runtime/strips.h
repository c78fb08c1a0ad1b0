/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_RUNTIME_STRIPS_H
#define AE_RUNTIME_STRIPS_H

/* Runs of consecutive steps that are executed together, some rows at a time,
 * so that what lies between them stays in the core's own cache.
 *
 * The images of a run are cut into chunks of rows. Every thread goes down its
 * own share of the chunks; of each value between the steps it keeps the last
 * rows, as many as the next chunk's steps still look back to, in a ring. Only
 * where a thread starts are rows made that another thread makes too. Which
 * thread makes which rows does not show in the results: forward_rows gives
 * the bits of forward. */

#include "kernels/rows.h"
#include "runtime/plan.h"

typedef enum {
  AE_STRIP_READ,   /* made before the run: its whole tensor is read */
  AE_STRIP_HIDDEN, /* only the run needs it: lives in rings */
  AE_STRIP_COPIED, /* in rings; each chunk's own rows are copied out */
  AE_STRIP_DIRECT  /* chunks make just their own rows: in its whole tensor */
} AeStripKind;

typedef struct {
  int value; /* of the plan's graph */
  int maker; /* step of the run that makes it, -1 for AE_STRIP_READ */
  AeStripKind kind;
  int height;
  size_t row;    /* floats of one row; plain: of one plane */
  size_t planes; /* plain: channels; blocked: 1 */
  int ring;      /* rows in a ring */
  bool kept;     /* of one chunk for the next */
  size_t offset; /* of the ring in a thread's arena, bytes */
} AeStripValue;

typedef struct {
  int n_in, n_out;
  int *in, *out; /* indices into values; -1: absent or read whole */
} AeStripStep;

struct AeStrips {
  int first, n_steps; /* of the plan */
  int n_values;
  AeStripValue *values;
  AeStripStep *steps;
  int *lists;            /* storage of the steps' lists */
  int n_images, n_chunks;
  int chunk_rows;        /* rows of the highest value per chunk */
  int max_height;
  int *unit;             /* per step: rows it makes at once */
  /* [chunk][step]: the first row that a thread which starts with the chunk
   * makes, and how far it is after the chunk. */
  int *start, *done;
  int *warm_up; /* per chunk: where a thread that starts with it begins */
  size_t arena; /* bytes of a thread's rings, then of its scratch */
  size_t work;
  int restart; /* what starting anew costs, in chunks */
};

/* Chooses the runs of a plan for inference whose steps are prepared: sets
 * plan->strips and plan->hidden. */
AeStatus ae_strips_plan (
    AePlan *plan, const AePlanOptions *options, AeError *err);

/* The run of n_steps steps from `first` on in chunks of chunk_rows rows; *out
 * stays NULL where they cannot be run so. Errors: MEMORY. */
AeStatus ae_strips_new (AeStrips **out, const AePlan *plan, int first,
    int n_steps, int chunk_rows, AeError *err);
void ae_strips_free (AeStrips **strips);

/* The rows of a value that belong to chunks before `chunk`. */
int ae_strips_own (const AeStrips *s, const AeStripValue *v, int chunk);

/* Scratch bytes for a run with n_threads. */
size_t ae_strips_scratch (const AeStrips *s, int n_threads);

/* Executes the run; ms, unless NULL: per step of the plan, the time of a
 * thread is added. */
void ae_strips_run (const AePlan *plan, const AeStrips *s, double *ms);

#endif
