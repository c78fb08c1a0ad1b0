/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SESSION_H
#define AE_SESSION_H

/* Runs a model. Make a session once, bind it to input shapes (which plans
 * everything and allocates), then run it as often as you like: running never
 * allocates and never fails. One session is used by one thread at a time;
 * different sessions may run at the same time and share the worker pool. */

#include <ae/cpu.h>
#include <ae/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct AeSession AeSession;

/* Whether consecutive operators are run together, some rows of a picture at a
 * time. The results are the same bits either way. */
typedef enum {
  AE_STRIPS_AUTO,  /* where it pays */
  AE_STRIPS_NEVER,
  AE_STRIPS_ALWAYS /* wherever it can be done, few rows at a time: for tests */
} AeStripMode;

typedef struct {
  int n_threads; /* 0 = one per core */
  /* Run only the part of the graph between these values; NULL = the model's
   * own inputs / outputs. The strings are only read during the call. */
  const char *const *inputs;
  size_t n_inputs;
  const char *const *outputs;
  size_t n_outputs;
  bool no_optimise; /* keep every node as written: for tests and debugging */
  size_t max_memory; /* bytes an arena may take; 0 = 2 GiB */
  AeStripMode strips;
  AePrecision precision;
} AeSessionOptions;

/* options may be NULL. Errors: NOT_FOUND (a name), ARGUMENT, UNSUPPORTED (the
 * precision), MEMORY. */
AE_API AeStatus ae_session_new (AeSession **out, AeModel *model,
    const AeSessionOptions *options, AeError *err);

/* Frees and sets *session to NULL; NULL is accepted. */
AE_API void ae_session_free (AeSession **session);

/* Plans for these input types and shapes, in the order of the session's
 * inputs. A tensor whose data is not NULL is taken as a constant: needed for
 * inputs that decide shapes (NEEDS_DATA says which); such an input's values
 * are copied and it is no longer filled before runs. Binding again replaces
 * the plan; on failure the session is unbound.
 * Errors: SHAPE, NEEDS_DATA, UNSUPPORTED, LIMIT, MEMORY. */
AE_API AeStatus ae_session_bind (AeSession *session, const AeTensor *inputs,
    size_t n_inputs, AeError *err);

AE_API size_t ae_session_n_inputs (const AeSession *session);
AE_API const char *ae_session_input_name (const AeSession *s, size_t index);
AE_API size_t ae_session_n_outputs (const AeSession *session);
AE_API const char *ae_session_output_name (const AeSession *s, size_t index);

/* The bound input's storage (plain layout), to be filled before each run.
 * Owned by the session, valid until the next bind. Its content is undefined
 * after a run. */
AE_API AeTensor *ae_session_input (AeSession *session, size_t index);

/* The output's storage (plain layout), valid until the next run or bind;
 * filling inputs leaves it whole. */
AE_API const AeTensor *ae_session_output (
    const AeSession *session, size_t index);

/* Index of a named input or output; -1 when there is none. */
AE_API int ae_session_find_input (const AeSession *session, const char *name);
AE_API int ae_session_find_output (const AeSession *session, const char *name);

/* Runs the bound plan. Must be bound. */
AE_API void ae_session_run (AeSession *session);

typedef struct {
  size_t arena_bytes; /* activations and scratch */
  size_t param_bytes; /* constants in the form the kernels use */
  double mac;         /* multiply-adds of one run */
  size_t n_steps;
} AeSessionInfo;
AE_API AeSessionInfo ae_session_info (const AeSession *session);

/* Step `index` of the plan, in execution order: what runs and how long the
 * last profiled run took in it. */
typedef struct {
  const char *op;
  const char *node;
  AeShape out_shape;
  AeLayout out_layout;
  double mac;
  double ms; /* 0 unless ae_session_profile ran */
} AeStepInfo;
AE_API AeStepInfo ae_session_step (const AeSession *session, size_t index);

/* Like ae_session_run, and takes each step's time. */
AE_API void ae_session_profile (AeSession *session);

#ifdef __cplusplus
}
#endif

#endif
