/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_GRAPH_BUILD_H
#define AE_GRAPH_BUILD_H

/* A short hand for writing graphs in C: every call adds a node of opset 17
 * and returns its output value. After the first failure every call does
 * nothing and returns -1; `ae_builder_end` reports it. */

#include "graph/model.h"
#include "util/rng.h"

typedef struct {
  AeModel *model;
  AeRng rng; /* initialises parameters */
  AeError error;
  int counter; /* makes names unique */
} AeBuilder;

void ae_builder_start (AeBuilder *b, uint64_t seed);

/* Seals and hands over the model; frees everything on failure. */
AeStatus ae_builder_end (AeBuilder *b, AeModel **out, AeError *err);

/* `shape` may hold -1. f32. */
int ae_build_input (AeBuilder *b, const char *name, AeShape shape);
void ae_build_output (AeBuilder *b, int value, const char *name);

/* An f32 constant that is not trained, of one element and rank 0. */
int ae_build_scalar (AeBuilder *b, float value);

/* An f32 constant with these values (copied): a parameter where it has a name,
 * not trained where that is NULL. */
int ae_build_values (
    AeBuilder *b, AeShape shape, const float *values, const char *name);

/* The same of i16, not trained. */
int ae_build_int16s (AeBuilder *b, AeShape shape, const int16_t *values);

/* The same of i64. */
int ae_build_int64s (AeBuilder *b, AeShape shape, const int64_t *values);

/* The same of i8. */
int ae_build_int8s (AeBuilder *b, AeShape shape, const int8_t *values);

/* A parameter that is `value` everywhere at first. */
int ae_build_parameter (
    AeBuilder *b, AeShape shape, float value, const char *name);

/* x as it is, whose gradient is turned round: the strength (an f32 of one
 * element) times it is taken off. */
int ae_build_gradient_reversal (AeBuilder *b, int x, int strength);

/* Any node with one output: inputs end with -2; attributes are moved. */
int ae_build_node (
    AeBuilder *b, const char *op, AeAttrs *attrs, const int *in, int n_in);
int ae_build_unary (AeBuilder *b, const char *op, int x);
int ae_build_binary (AeBuilder *b, const char *op, int x, int y);

/* Parameters: He-normal weights scaled by `gain` (0 = zeros), zero bias. The
 * number of input channels is given because shapes are not inferred here. */
typedef struct {
  int ic, oc, kernel, stride, groups; /* stride and groups: 0 means 1 */
  float gain;
  bool no_bias;
} AeConvSpec;
int ae_build_conv (AeBuilder *b, int x, AeConvSpec spec, const char *name);
int ae_build_conv_transpose (
    AeBuilder *b, int x, AeConvSpec spec, const char *name);
int ae_build_dense (
    AeBuilder *b, int x, int in, int out, float gain, const char *name);
int ae_build_concat (AeBuilder *b, const int *x, int n, int axis);
int ae_build_depth_to_space (AeBuilder *b, int x, int block);
int ae_build_space_to_depth (AeBuilder *b, int x, int block);
int ae_build_resize2 (AeBuilder *b, int x); /* nearest, x2 */
int ae_build_slice (AeBuilder *b, int x, int axis, int from, int to);

/* 0 keeps a dimension, -1 (once) takes what is left. */
int ae_build_reshape (AeBuilder *b, int x, const int64_t *shape, int rank);

#endif
