/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_NODE_TEST_H
#define AE_NODE_TEST_H

/* Runs a test folder in the layout of ONNX's backend tests: model.onnx and
 * test_data_set_0, test_data_set_1, ... that hold input_N.pb and output_N.pb,
 * each one serialized TensorProto. */

#include <ae/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  AE_NODE_TEST_PASSED,
  AE_NODE_TEST_WRONG,  /* ran, and gave other values, types or shapes */
  AE_NODE_TEST_REFUSED /* not loaded, not bound, or the folder is broken */
} AeNodeTestOutcome;

typedef struct {
  AeNodeTestOutcome outcome;
  char text[1000]; /* why, one line; "" when passed */
} AeNodeTestResult;

/* Passed: every output of every data set has the type and shape wanted, and
 * |got - want| <= 1e-7 + 1e-3 |want| for each element; NaN equals NaN. Each
 * model runs twice: optimised, and as written. */
AE_API void ae_node_test_run (const char *folder, AeNodeTestResult *result);

#ifdef __cplusplus
}
#endif

#endif
