/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models that our writer makes give the same numbers in onnxruntime as here.
 *
 *   compare_onnxruntime ORT-BENCH.JS FOLDER [MODEL.onnx NAME=1x3x8x8,...]...
 *
 * Files given are loaded, written again and then compared, too. */
#include <ae/session.h>

#include "graph/build.h"
#include "util/file.h"
#include "util/mem.h"

#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Sums of thousands of products in another order differ by about this. */
#define ABSOLUTE 1e-5
#define RELATIVE 1e-3

#define MAX_IO 8

extern char **environ;

static const char *script, *folder;

static AeModel *
end (AeBuilder *b)
{
  AeModel *model;
  AeError err = { 0 };
  if (ae_builder_end (b, &model, &err) != AE_OK)
    printf ("%s\n", err.text);
  return model;
}

static AeModel *
make_residual (void)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "x", ae_shape (4, 1, 3, -1, -1));
  int s = ae_build_input (&b, "s", ae_shape (4, 1, 1, -1, -1));
  int y[2] = { ae_build_space_to_depth (&b, x, 2), s };
  int a = ae_build_concat (&b, y, 2, 1);
  AeConvSpec spec = { .ic = 13, .oc = 16, .kernel = 3, .gain = 1 };
  a = ae_build_unary (&b, "Relu", ae_build_conv (&b, a, spec, "first"));
  spec.ic = 16;
  a = ae_build_unary (&b, "LeakyRelu", ae_build_conv (&b, a, spec, "middle"));
  spec.oc = 12;
  a = ae_build_conv (&b, a, spec, "last");
  a = ae_build_binary (&b, "Sub", x, ae_build_depth_to_space (&b, a, 2));
  ae_build_output (&b, a, "y");
  return end (&b);
}

static AeModel *
make_u_net (void)
{
  AeBuilder b;
  ae_builder_start (&b, 2);
  int x = ae_build_input (&b, "x", ae_shape (4, 2, 4, -1, -1));
  AeConvSpec spec
      = { .ic = 4, .oc = 8, .kernel = 3, .stride = 2, .groups = 2, .gain = 1 };
  int down = ae_build_unary (&b, "Relu", ae_build_conv (&b, x, spec, "down"));
  spec = (AeConvSpec){ .ic = 8, .oc = 4, .kernel = 4, .stride = 2, .gain = 1 };
  int parts[2] = { ae_build_conv_transpose (&b, down, spec, "up"),
    ae_build_slice (&b, ae_build_resize2 (&b, down), 1, 2, 5) };
  int y = ae_build_concat (&b, parts, 2, 1);
  y = ae_build_binary (&b, "Mul", y, ae_build_scalar (&b, 0.5f));
  ae_build_output (&b, ae_build_unary (&b, "Sigmoid", y), "y");
  ae_build_output (&b, ae_build_unary (&b, "Tanh", down), "latent");
  return end (&b);
}

static AeModel *
make_dense (void)
{
  AeBuilder b;
  ae_builder_start (&b, 3);
  int x = ae_build_input (&b, "x", ae_shape (2, -1, 20));
  int y = ae_build_unary (&b, "Relu", ae_build_dense (&b, x, 20, 30, 1, "a"));
  y = ae_build_dense (&b, y, 30, 10, 1, "b");
  ae_build_output (&b, ae_build_unary (&b, "Softmax", y), "y");
  return end (&b);
}

/* "1x3x8x8" */
static AeShape
parse_shape (const char *text)
{
  AeShape shape = { 0 };
  while (shape.rank < AE_MAX_RANK && *text >= '0' && *text <= '9') {
    char *rest;
    shape.dim[shape.rank++] = strtoll (text, &rest, 10);
    text = rest + (*rest == 'x');
  }
  return shape;
}

static bool
must (AeStatus status, const AeError *err)
{
  if (status != AE_OK)
    printf ("%s\n", err->text);
  return status == AE_OK;
}

/* Random numbers in 0..1, in the session and in FOLDER/input_N.bin. */
static bool
fill_inputs (AeSession *session)
{
  AeRng rng;
  ae_rng_seed (&rng, 5);
  for (size_t i = 0; i < ae_session_n_inputs (session); i++) {
    AeTensor *in = ae_session_input (session, i);
    size_t n = ae_shape_count (&in->shape);
    char path[4096];
    AeError err;
    for (size_t k = 0; k < n; k++)
      ((float *) in->data)[k] = ae_rng_uniform (&rng);
    snprintf (path, sizeof path, "%s/input_%zu.bin", folder, i);
    if (!must (ae_file_replace (path, in->data, n * sizeof (float), &err),
            &err))
      return false;
  }
  return true;
}

static bool
compare_output (const AeSession *session, size_t index)
{
  const AeTensor *got = ae_session_output (session, index);
  char path[4096];
  void *bytes;
  size_t size, n = ae_shape_count (&got->shape);
  AeError err;
  double worst = 0;
  snprintf (path, sizeof path, "%s/output_%zu.bin", folder, index);
  if (!must (ae_file_read (path, (size_t) 1 << 30, &bytes, &size, &err), &err))
    return false;
  bool ok = size == n * sizeof (float);
  for (size_t i = 0; ok && i < n; i++) {
    double a = (double) ((float *) got->data)[i];
    double b = (double) ((float *) bytes)[i];
    double excess = fabs (a - b) / (ABSOLUTE + RELATIVE * fabs (b));
    worst = excess > worst || isnan (excess) ? excess : worst;
  }
  printf ("  %s: %zu elements, %.2f of the tolerance\n",
      ae_session_output_name (session, index), n, worst);
  ae_free (bytes);
  return ok && worst <= 1;
}

/* Runs the script on FOLDER/model.onnx. */
static bool
run_script (const char *const *shapes, size_t n_shapes)
{
  char path[4096];
  char *argv[16 + MAX_IO] = { (char *) "node", (char *) script, (char *) "2",
    (char *) "1", path, (char *) "--inputs", (char *) folder,
    (char *) "--outputs", (char *) folder };
  for (size_t i = 0; i < n_shapes; i++)
    argv[9 + i] = (char *) shapes[i];
  snprintf (path, sizeof path, "%s/model.onnx", folder);
  pid_t child;
  int status;
  fflush (stdout);
  if (posix_spawnp (&child, "node", NULL, NULL, argv, environ) != 0)
    return false;
  while (waitpid (child, &status, 0) < 0 && errno == EINTR)
    ;
  return WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

static bool
compare (const char *name, AeModel *model, const char *const *shapes,
    size_t n_shapes)
{
  char path[4096];
  AeTensor in[MAX_IO] = { 0 };
  AeSession *session = NULL;
  AeError err = { 0 };
  printf ("%s\n", name);
  if (!model || ae_model_n_inputs (model) != n_shapes)
    return false;
  for (size_t i = 0; i < n_shapes; i++) {
    in[i].type = AE_F32;
    in[i].shape = parse_shape (strchr (shapes[i], '=') + 1);
  }
  snprintf (path, sizeof path, "%s/model.onnx", folder);
  bool ok = must (ae_model_save (model, path, &err), &err)
      && must (ae_session_new (&session, model, NULL, &err), &err)
      && must (ae_session_bind (session, in, n_shapes, &err), &err)
      && fill_inputs (session) && run_script (shapes, n_shapes);
  if (ok)
    ae_session_run (session);
  for (size_t i = 0; ok && i < ae_session_n_outputs (session); i++)
    ok = compare_output (session, i);
  ae_session_free (&session);
  return ok;
}

static bool
compare_and_free (const char *name, AeModel *model,
    const char *const *shapes, size_t n_shapes)
{
  bool ok = compare (name, model, shapes, n_shapes);
  if (!ok)
    printf ("FAILED: %s\n", name);
  ae_model_unref (&model);
  return ok;
}

static bool
compare_file (const char *path, char *shapes)
{
  const char *list[MAX_IO];
  size_t n = 0;
  AeModel *model;
  AeError err = { 0 };
  char *state = NULL;
  for (char *shape = strtok_r (shapes, ",", &state); shape && n < MAX_IO;
       shape = strtok_r (NULL, ",", &state))
    if (strchr (shape, '='))
      list[n++] = shape;
  return must (ae_model_load (&model, path, &err), &err)
      && compare_and_free (path, model, list, n);
}

int
main (int argc, char **argv)
{
  if (argc < 3) {
    printf ("usage: %s ORT-BENCH.JS FOLDER [MODEL SHAPES]...\n", argv[0]);
    return EXIT_FAILURE;
  }
  script = argv[1];
  folder = argv[2];
  bool ok = compare_and_free ("residual", make_residual (),
      (const char *[]){ "x=1x3x14x22", "s=1x1x7x11" }, 2);
  ok &= compare_and_free (
      "u-net", make_u_net (), (const char *[]){ "x=2x4x12x10" }, 1);
  ok &= compare_and_free (
      "dense", make_dense (), (const char *[]){ "x=5x20" }, 1);
  for (int i = 3; i + 1 < argc; i += 2)
    ok &= compare_file (argv[i], argv[i + 1]);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
