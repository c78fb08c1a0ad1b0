/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make_filter FILE...: writes small models, each named by what it does to
 * pictures: ".../filter_blur.onnx". Some do what no filter may. */
#include "graph/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From the network's input to its output; it may add inputs. */
typedef int (*Body) (AeBuilder *b, int x);

static int
identity (AeBuilder *b, int x)
{
  return ae_build_unary (b, "Identity", x);
}

static int
negative (AeBuilder *b, int x)
{
  return ae_build_binary (b, "Sub", ae_build_scalar (b, 1), x);
}

/* The mean of 3 x 3; zeros outside. */
static int
blur (AeBuilder *b, int x)
{
  int64_t kernel[2] = { 3, 3 }, pads[4] = { 1, 1, 1, 1 };
  AeAttrs attrs = { 0 };
  if (!ae_attrs_set_ints (&attrs, "kernel_shape", kernel, 2)
      || !ae_attrs_set_ints (&attrs, "pads", pads, 4)
      || !ae_attrs_set_int (&attrs, "count_include_pad", 1))
    exit (1);
  return ae_build_node (b, "AveragePool", &attrs, &x, 1);
}

static int
rectify (AeBuilder *b, int x)
{
  return ae_build_unary (b, "Relu", x);
}

static int
twice (AeBuilder *b, int x)
{
  return ae_build_resize2 (b, x);
}

/* Sides must be multiples of 4. */
static int
fours (AeBuilder *b, int x)
{
  return ae_build_depth_to_space (b, ae_build_space_to_depth (b, x, 4), 4);
}

/* Grows by a small part, so that 8-bit input becomes something else. */
static int
brighter (AeBuilder *b, int x)
{
  return ae_build_binary (b, "Add", x, ae_build_scalar (b, 0.1f));
}

static int
undefined (AeBuilder *b, int x)
{
  return ae_build_binary (b, "Div", x, ae_build_binary (b, "Sub", x, x));
}

static int
two_inputs (AeBuilder *b, int x)
{
  int y = ae_build_input (b, "more", ae_shape (4, 1, 3, -1, -1));
  return ae_build_binary (b, "Add", x, y);
}

static int
one_colour (AeBuilder *b, int x)
{
  return ae_build_slice (b, x, 1, 0, 1);
}

static int
one_pixel (AeBuilder *b, int x)
{
  return ae_build_unary (b, "GlobalAveragePool", x);
}

static int
vector (AeBuilder *b, int x)
{
  return ae_build_unary (b, "Flatten", x);
}

static const struct {
  const char *name;
  Body body;
  int rank, channels, h, w;
  const char *range; /* metadata */
} kinds[] = {
  { "identity", identity, 4, 3, -1, -1, NULL },
  { "negative", negative, 4, 3, -1, -1, NULL },
  { "blur", blur, 4, 3, -1, -1, NULL },
  { "rectify", rectify, 4, 3, -1, -1, NULL },
  { "rectify_signed", rectify, 4, 3, -1, -1, "-1-1" },
  { "odd_range", identity, 4, 3, -1, -1, "0-42" },
  { "twice", twice, 4, 3, -1, -1, NULL },
  { "fours", fours, 4, 3, -1, -1, NULL },
  { "open", identity, 4, -1, -1, -1, NULL },
  { "half_open", identity, 4, 3, 24, -1, NULL },
  { "fixed", identity, 4, 3, 24, 32, NULL },
  { "fixed_twice", twice, 4, 3, 24, 32, NULL },
  { "grey", brighter, 4, 1, -1, -1, NULL },
  { "grey_identity", identity, 4, 1, -1, -1, NULL },
  { "undefined", undefined, 4, 3, -1, -1, NULL },
  { "two_inputs", two_inputs, 4, 3, -1, -1, NULL },
  { "one_colour", one_colour, 4, 3, -1, -1, NULL },
  { "one_pixel", one_pixel, 4, 3, -1, -1, NULL },
  { "vector", vector, 4, 3, -1, -1, NULL },
  { "rank3", identity, 3, 3, -1, -1, NULL },
  { "two_colours", identity, 4, 2, -1, -1, NULL },
};

#define N_KINDS (sizeof kinds / sizeof *kinds)

static void
must (AeStatus status, const AeError *err)
{
  if (status == AE_OK)
    return;
  fprintf (stderr, "make_filter: %s\n", err->text);
  exit (1);
}

static void
write_kind (size_t i, const char *path)
{
  AeBuilder b;
  AeModel *model;
  AeError err;
  ae_builder_start (&b, 1);
  AeShape shape
      = kinds[i].rank == 4
            ? ae_shape (4, 1, kinds[i].channels, kinds[i].h, kinds[i].w)
            : ae_shape (3, kinds[i].channels, kinds[i].h, kinds[i].w);
  int x = ae_build_input (&b, "x", shape);
  ae_build_output (&b, kinds[i].body (&b, x), "y");
  if (kinds[i].range)
    must (ae_model_set_meta (
              b.model, "ae.input_range", kinds[i].range, &err),
        &err);
  must (ae_builder_end (&b, &model, &err), &err);
  must (ae_model_save (model, path, &err), &err);
  ae_model_unref (&model);
}

/* The kind that a file is named by. */
static size_t
kind_of (const char *path)
{
  const char *slash = strrchr (path, '/');
  const char *name = slash ? slash + 1 : path;
  char wanted[64];
  for (size_t i = 0; i < N_KINDS; i++) {
    snprintf (wanted, sizeof wanted, "filter_%s.onnx", kinds[i].name);
    if (strcmp (name, wanted) == 0)
      return i;
  }
  fprintf (stderr, "make_filter: %s is no kind\n", name);
  exit (1);
}

int
main (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    write_kind (kind_of (argv[i]), argv[i]);
  return 0;
}
