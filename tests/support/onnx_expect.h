/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TESTS_ONNX_EXPECT_H
#define AE_TESTS_ONNX_EXPECT_H

/* What reading a made file must come to. */

#include "ae_test.h"
#include "onnx_make.h"

#include "graph/model.h"
#include "util/mem.h"

#include <string.h>

static inline AeModel *
onnx_must_parse (OnnxMake *m)
{
  size_t size;
  unsigned char *bytes = onnx_make_pack (m, &size);
  AeModel *model;
  AeError err = { 0 };
  ck_assert_msg (ae_model_parse (&model, bytes, size, &err) == AE_OK, "%s",
      err.text);
  return model;
}

/* The file is refused with this status and a text that holds all of `words`
 * (separated by '|'), and nothing stays allocated. */
static inline void
onnx_must_refuse (OnnxMake *m, AeStatus status, const char *words)
{
  size_t size;
  unsigned char *bytes = onnx_make_pack (m, &size);
  AeModel *model;
  AeError err = { 0 };
  long live = ae_mem_live ();
  AeStatus got = ae_model_parse (&model, bytes, size, &err);
  ck_assert_msg (got == status, "status %d, wanted %d: %s", got, status,
      err.text);
  ck_assert_int_eq (err.status, status);
  ck_assert_ptr_null (model);
  ck_assert_int_eq (ae_mem_live (), live);
  char *copy = strdup (words), *state = NULL;
  for (char *word = strtok_r (copy, "|", &state); word;
       word = strtok_r (NULL, "|", &state))
    ck_assert_msg (strstr (err.text, word), "'%s' does not say '%s'",
        err.text, word);
  free (copy);
}

#endif
