/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make_sampler FILE...: writes small models that make pictures of codes, each
 * named by its kind: ".../sampler_vae.onnx". What they make is easily told: the
 * four numbers of a code are how bright the quarters of a picture are. */
#include "graph/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { W = 8, H = 6, VALUES = W * H, QUARTERS = 4, MOST_CLASSES = 10 };

typedef struct {
  const char *name;
  int latent, classes;
  int variational; /* codes have deviations of 0.1 */
  int encodes;     /* else any generator, of R, G, B, or a GAN */
  int clusters;    /* its classes are such, the first most often drawn */
} Kind;

static const Kind kinds[] = {
  { "vae", QUARTERS, 0, 1, 1, 0 },
  { "plain", QUARTERS, 0, 0, 1, 0 },
  { "labelled", QUARTERS, 3, 1, 1, 0 },
  { "digits", QUARTERS, 10, 1, 1, 0 },
  { "two", 2, 0, 1, 1, 0 },
  { "colours", 3, 0, 0, 0, 0 },
  { "clustered", QUARTERS, 3, 0, 0, 1 },
};

static int
quarter_of (int pixel)
{
  return pixel / W / (H / 2) * 2 + pixel % W / (W / 2);
}

/* Codes are means of quarters, and pictures are what codes say. */
static void
make_matrices (const Kind *k, float *means, float *fills)
{
  memset (means, 0, VALUES * QUARTERS * sizeof *means);
  memset (fills, 0, VALUES * QUARTERS * sizeof *fills);
  for (int i = 0; i < VALUES; i++) {
    int q = quarter_of (i) % k->latent;
    means[i * k->latent + q] = 1.f * (float) k->latent / VALUES;
    fills[q * VALUES + i] = 1;
  }
}

/* 0.2 more for each class. */
static int
add_class (AeBuilder *b, int x, int y, int classes)
{
  float add[MOST_CLASSES * VALUES];
  for (int i = 0; i < classes * VALUES; i++)
    add[i] = 0.2f * (float) (i / VALUES);
  int w = ae_build_values (b, ae_shape (2, classes, VALUES), add, NULL);
  return ae_build_binary (b, "Add", x, ae_build_binary (b, "MatMul", y, w));
}

static void
build_autoencoder (AeBuilder *b, const Kind *k)
{
  float means[VALUES * QUARTERS], fills[VALUES * QUARTERS];
  int64_t flat[2] = { -1, VALUES }, picture[4] = { -1, 1, H, W };
  int y = -1;
  make_matrices (k, means, fills);
  int frame = ae_build_input (b, "frame", ae_shape (4, -1, 1, H, W));
  if (k->classes)
    y = ae_build_input (b, "class", ae_shape (2, -1, k->classes));
  int code = ae_build_binary (b, "MatMul",
      ae_build_reshape (b, frame, flat, 2),
      ae_build_values (b, ae_shape (2, VALUES, k->latent), means, NULL));
  int made = ae_build_binary (b, "MatMul", code,
      ae_build_values (b, ae_shape (2, k->latent, VALUES), fills, NULL));
  if (k->classes)
    made = add_class (b, made, y, k->classes);
  ae_build_output (
      b, ae_build_reshape (b, made, picture, 4), "reconstruction");
  ae_build_output (b, code, "latent");
  if (k->variational)
    ae_build_output (b,
        ae_build_binary (b, "Add",
            ae_build_binary (b, "Mul", code, ae_build_scalar (b, 0)),
            ae_build_scalar (b, 0.1f)),
        "deviation");
}

/* R, G, B of a picture of one colour. */
static void
build_colours (AeBuilder *b)
{
  int64_t shape[4] = { -1, 3, 1, 1 };
  int z = ae_build_input (b, "z", ae_shape (2, -1, 3));
  int x = ae_build_reshape (b, z, shape, 4);
  x = ae_build_resize2 (b, ae_build_resize2 (b, x));
  ae_build_output (b, x, "picture");
}

/* What a GAN that found clusters has for making pictures. */
static void
build_clustered (AeBuilder *b, const Kind *k)
{
  static const float shares[] = { 0.75f, 0.25f, 0 };
  float means[VALUES * QUARTERS], fills[VALUES * QUARTERS];
  int64_t picture[4] = { -1, 1, H, W };
  make_matrices (k, means, fills);
  int z = ae_build_input (b, "latent", ae_shape (2, -1, k->latent));
  int y = ae_build_input (b, "class", ae_shape (2, -1, k->classes));
  int made = ae_build_binary (b, "MatMul", z,
      ae_build_values (b, ae_shape (2, k->latent, VALUES), fills, NULL));
  made = add_class (b, made, y, k->classes);
  ae_build_output (b, ae_build_reshape (b, made, picture, 4), "generated");
  ae_build_output (b,
      ae_build_values (b, ae_shape (2, 1, k->classes), shares, NULL),
      "shares");
}

static void
set (AeBuilder *b, const char *key, const char *value)
{
  ae_model_set_meta (b->model, key, value, &b->error);
}

static void
describe (AeBuilder *b, const Kind *k)
{
  char number[16];
  set (b, "ae.task", "autoencoder");
  snprintf (number, sizeof number, "%d", k->latent);
  set (b, "ae.autoencoder.latent", number);
  snprintf (number, sizeof number, "%d", k->classes);
  set (b, "ae.autoencoder.classes", number);
  set (b, "ae.autoencoder.code", k->variational ? "variational" : "plain");
  if (k->latent != QUARTERS)
    return;
  set (b, "ae.attributes", "bright,left");
  set (b, "ae.attribute.bright", "0.25,0.25,0.25,0.25");
  set (b, "ae.attribute.left", "0.5,0,0.5,0");
}

static void
describe_clustered (AeBuilder *b)
{
  set (b, "ae.task", "gan");
  set (b, "ae.gan.latent", "4");
  set (b, "ae.gan.classes", "0");
  set (b, "ae.gan.clusters", "3");
}

static void
write_kind (const Kind *k, const char *path)
{
  AeBuilder b;
  AeModel *model;
  AeError err;
  ae_builder_start (&b, 1);
  if (k->encodes) {
    build_autoencoder (&b, k);
    describe (&b, k);
  } else if (k->clusters) {
    build_clustered (&b, k);
    describe_clustered (&b);
  } else
    build_colours (&b);
  if (ae_builder_end (&b, &model, &err) != AE_OK
      || ae_model_save (model, path, &err) != AE_OK) {
    fprintf (stderr, "make_sampler: %s\n", err.text);
    exit (1);
  }
  ae_model_unref (&model);
}

/* The kind that a file is named by. */
static const Kind *
kind_of (const char *path)
{
  const char *slash = strrchr (path, '/');
  const char *name = slash ? slash + 1 : path;
  char wanted[64];
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    snprintf (wanted, sizeof wanted, "sampler_%s.onnx", kinds[i].name);
    if (strcmp (name, wanted) == 0)
      return &kinds[i];
  }
  fprintf (stderr, "make_sampler: %s is no kind\n", name);
  exit (1);
}

int
main (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    write_kind (kind_of (argv[i]), argv[i]);
  return 0;
}
