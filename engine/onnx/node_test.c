/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/node_test.h>

#include <ae/session.h>

#include "onnx/tensor.h"
#include "ops/op.h"

#include "util/mem.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ABSOLUTE 1e-7
#define RELATIVE 1e-3

/* The tensors of one data set, in the order of the model's inputs (outputs);
 * NULL where the folder has none. */
typedef struct {
  AeTensor **in, **out; /* in one block */
  size_t n_in, n_out;
} DataSet;

static void
clear_set (DataSet *set)
{
  for (size_t i = 0; set->in && i < set->n_in + set->n_out; i++)
    ae_tensor_free (&set->in[i]);
  ae_free (set->in);
}

/* Files folder/test_data_set_<set>/<kind>_0.pb and so on, up to the first
 * that is not there. A tensor's name, if it is one of the model's, decides its
 * place, else its number does. */
static AeStatus
load_tensors (const char *folder, int set, const char *kind,
    int (*find) (const AeSession *, const char *), const AeSession *session,
    AeTensor **list, size_t n, AeError *err)
{
  for (size_t i = 0; i < n; i++) {
    char path[PATH_MAX], *name;
    snprintf (path, sizeof path, "%s/test_data_set_%d/%s_%zu.pb", folder, set,
        kind, i);
    if (access (path, F_OK) != 0)
      return AE_OK;
    AeTensor *tensor;
    AeStatus status = ae_onnx_tensor_load (&tensor, &name, path, err);
    if (status != AE_OK)
      return status;
    int place = find (session, name);
    ae_free (name);
    place = place < 0 ? (int) i : place;
    ae_tensor_free (&list[place]);
    list[place] = tensor;
  }
  return AE_OK;
}

static AeStatus
load_set (DataSet *set, const char *folder, int index,
    const AeSession *session, AeError *err)
{
  *set = (DataSet){ .n_in = ae_session_n_inputs (session),
    .n_out = ae_session_n_outputs (session) };
  set->in = ae_calloc (set->n_in + set->n_out, sizeof *set->in);
  if (!set->in)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a data set");
  set->out = set->in + set->n_in;
  AeStatus status = load_tensors (folder, index, "input",
      ae_session_find_input, session, set->in, set->n_in, err);
  if (status == AE_OK)
    status = load_tensors (folder, index, "output", ae_session_find_output,
        session, set->out, set->n_out, err);
  for (size_t i = 0; status == AE_OK && i < set->n_in; i++)
    if (!set->in[i])
      status = ae_fail (err, AE_ERROR_NOT_FOUND,
          "data set %d has no tensor for input '%s'", index,
          ae_session_input_name (session, i));
  return status;
}

/* What is given as a constant: nothing at first; then whole numbers and
 * truth values, which are sizes and axes; then lists of floats too, which may
 * be scales. */
static bool
is_constant (const AeTensor *tensor, int attempt)
{
  bool is_float = tensor->type == AE_F32 || tensor->type == AE_F64
      || tensor->type == AE_F16 || tensor->type == AE_BF16;
  return attempt > (is_float ? 1 : 0)
      && (!is_float || tensor->shape.rank <= 1);
}

static AeStatus
bind (AeSession *session, const DataSet *set, int *attempt, AeError *err)
{
  AeStatus status = AE_ERROR_NEEDS_DATA;
  AeTensor *in = ae_calloc (set->n_in, sizeof *in);
  if (!in)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a data set");
  for (*attempt = 0; *attempt < 3; ++*attempt) {
    for (size_t i = 0; i < set->n_in; i++) {
      in[i] = *set->in[i];
      if (!is_constant (set->in[i], *attempt))
        in[i].data = NULL;
    }
    status = ae_session_bind (session, in, set->n_in, err);
    if (status != AE_ERROR_NEEDS_DATA)
      break;
  }
  ae_free (in);
  return status;
}

static bool
is_close (double got, double want)
{
  if (isnan (want) || isnan (got))
    return isnan (want) && isnan (got);
  return got == want || fabs (got - want) <= ABSOLUTE + RELATIVE * fabs (want);
}

/* Says in `text` what differs; true when nothing does. */
static bool
compare (const AeTensor *got, const AeTensor *want, const char *name,
    char *text, size_t size)
{
  if (got->type != want->type
      || !ae_shape_equal (&got->shape, &want->shape)) {
    char a[200], b[200];
    snprintf (text, size, "output '%.100s' is %s %s, wanted %s %s", name,
        ae_type_name (got->type), ae_shape_text (&got->shape, a, sizeof a),
        ae_type_name (want->type), ae_shape_text (&want->shape, b, sizeof b));
    return false;
  }
  size_t n = ae_shape_count (&got->shape), wrong = 0, first = 0;
  for (size_t i = n; i-- > 0;)
    if (!is_close (ae_tensor_get (got, i), ae_tensor_get (want, i))) {
      wrong++;
      first = i;
    }
  if (wrong)
    snprintf (text, size,
        "output '%.100s': %zu of %zu elements differ, element %zu is %.9g, "
        "wanted %.9g",
        name, wrong, n, first, ae_tensor_get (got, first),
        ae_tensor_get (want, first));
  return wrong == 0;
}

static AeNodeTestOutcome
run_set (AeSession *session, const DataSet *set, char *text,
    size_t size)
{
  AeError err = { 0 };
  int attempt = 0;
  if (bind (session, set, &attempt, &err) != AE_OK) {
    snprintf (text, size, "%s", err.text);
    return AE_NODE_TEST_REFUSED;
  }
  for (size_t i = 0; i < set->n_in; i++) {
    AeTensor *in = ae_session_input (session, i);
    if (!is_constant (set->in[i], attempt))
      memcpy (in->data, set->in[i]->data, ae_tensor_bytes (set->in[i]));
  }
  ae_session_run (session);
  for (size_t i = 0; i < set->n_out; i++)
    if (set->out[i]
        && !compare (ae_session_output (session, i), set->out[i],
            ae_session_output_name (session, i), text, size))
      return AE_NODE_TEST_WRONG;
  return AE_NODE_TEST_PASSED;
}

static bool
has_set (const char *folder, int index)
{
  char path[PATH_MAX];
  snprintf (path, sizeof path, "%s/test_data_set_%d", folder, index);
  return access (path, F_OK) == 0;
}

/* Every data set of the folder; stops at the first that does not pass. */
static AeNodeTestOutcome
run_sets (const char *folder, AeSession *session, char *text, size_t size)
{
  AeNodeTestOutcome outcome = AE_NODE_TEST_PASSED;
  if (!has_set (folder, 0)) {
    snprintf (text, size, "there is no test_data_set_0");
    return AE_NODE_TEST_REFUSED;
  }
  for (int i = 0; outcome == AE_NODE_TEST_PASSED && has_set (folder, i); i++) {
    DataSet set = { 0 };
    AeError err = { 0 };
    if (load_set (&set, folder, i, session, &err) == AE_OK) {
      outcome = run_set (session, &set, text, size);
    } else {
      snprintf (text, size, "%s", err.text);
      outcome = AE_NODE_TEST_REFUSED;
    }
    clear_set (&set);
  }
  return outcome;
}

static AeNodeTestOutcome
run_model (const char *folder, AeModel *model, bool no_optimise, char *text,
    size_t size)
{
  AeSessionOptions options = { .no_optimise = no_optimise };
  AeSession *session;
  AeError err = { 0 };
  if (ae_session_new (&session, model, &options, &err) != AE_OK) {
    snprintf (text, size, "%s", err.text);
    return AE_NODE_TEST_REFUSED;
  }
  AeNodeTestOutcome outcome = run_sets (folder, session, text, size);
  ae_session_free (&session);
  return outcome;
}

void
ae_node_test_run (const char *folder, AeNodeTestResult *result)
{
  char path[PATH_MAX], *text = result->text;
  size_t size = sizeof result->text;
  AeModel *model;
  AeError err = { 0 };
  *result = (AeNodeTestResult){ .outcome = AE_NODE_TEST_REFUSED };
  snprintf (path, sizeof path, "%s/model.onnx", folder);
  if (ae_model_load (&model, path, &err) != AE_OK) {
    snprintf (text, size, "%s", err.text);
    return;
  }
  result->outcome = run_model (folder, model, false, text, size);
  if (result->outcome == AE_NODE_TEST_PASSED)
    result->outcome = run_model (folder, model, true, text, size);
  ae_model_unref (&model);
}
