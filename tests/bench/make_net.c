/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes networks to time:
 *
 *   make_net NAME OUT.onnx              one of ae/timing_nets.h
 *   make_net --generator IN.onnx OUT.onnx
 *                                       what makes pictures of codes, alone
 *
 * Prints the shapes of its inputs for one sample: "latent=1x20 class=1x10". */
#include <ae/timing_nets.h>

#include "graph/model.h"
#include "graph/passes.h"
#include "sample/generator_model.h"

#include <stdio.h>
#include <string.h>

/* Says what the inputs are, which were values on the way. */
static AeStatus
declare (AeModel *model, const AeGeneratorModel *m, AeError *err)
{
  AeTensor code = { .type = AE_F32, .shape = ae_shape (2, 1, m->latent) };
  AeTensor class_input
      = { .type = AE_F32, .shape = ae_shape (2, 1, m->classes) };
  if (m->square)
    code.shape = ae_shape (4, 1, m->latent, 1, 1);
  AeStatus status
      = ae_graph_set_input (ae_model_edit (model), 0, &code, err);
  return status == AE_OK && m->class_name
      ? ae_graph_set_input (ae_model_edit (model), 1, &class_input, err)
      : status;
}

/* The part between codes and pictures, for one at a time. */
static AeStatus
cut (AeModel **out, const AeModel *model, AeError *err)
{
  AeGeneratorModel m = { 0 };
  AeStatus status = ae_generator_model_learn (&m, model, err);
  if (status != AE_OK)
    return status;
  const char *inputs[] = { m.code, m.class_name };
  status = ae_model_copy (out, model, err);
  if (status == AE_OK)
    status = ae_graph_cut (ae_model_edit (*out), inputs,
        m.class_name ? 2 : 1, &m.picture, 1, err);
  if (status == AE_OK)
    status = declare (*out, &m, err);
  return status == AE_OK ? ae_model_seal (*out, err) : status;
}

static AeStatus
generator (AeModel **out, const char *path, AeError *err)
{
  AeModel *model;
  AeStatus status = ae_model_load (&model, path, err);
  if (status != AE_OK)
    return status;
  status = cut (out, model, err);
  ae_model_unref (&model);
  return status;
}

static void
print_shapes (const AeModel *model)
{
  for (size_t i = 0; i < ae_model_n_inputs (model); i++) {
    AeShape s = ae_model_input_shape (model, i);
    printf ("%s%s=", i ? " " : "", ae_model_input_name (model, i));
    for (int k = 0; k < s.rank; k++)
      printf ("%s%lld", k ? "x" : "",
          s.dim[k] < 0 ? 1LL : (long long) s.dim[k]);
  }
  printf ("\n");
}

int
main (int argc, char **argv)
{
  bool whole = argc == 3;
  AeModel *model = NULL;
  AeError err = { 0 };
  if (!whole && (argc != 4 || strcmp (argv[1], "--generator") != 0)) {
    fprintf (stderr, "usage: make_net NAME OUT.onnx | make_net --generator "
                     "IN.onnx OUT.onnx\n");
    return 2;
  }
  AeStatus status = whole ? ae_timing_net_new (&model, argv[1], -1, &err)
                          : generator (&model, argv[2], &err);
  if (status == AE_OK)
    status = ae_model_save (model, argv[argc - 1], &err);
  if (status == AE_OK)
    print_shapes (model);
  else
    fprintf (stderr, "make_net: %s\n", err.text);
  ae_model_unref (&model);
  return status != AE_OK;
}
