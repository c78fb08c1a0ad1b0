/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SAMPLER_H
#define AE_SAMPLER_H

/* Makes pictures of codes, and codes of pictures: the decoder of an autoencoder
 * or VAE, or the generator of a GAN. One sampler is used by one thread at a
 * time. Usable without GStreamer; the elements `vaesample` and `vaeaugment` wrap
 * it.
 *
 * Models of the tasks `autoencoder` and `gan` are known by their metadata. Of
 * any other model the first input is a code, (N,L) or (N,L,1,1) of f32, a second
 * one (N,C) its class (1 for it, 0 for others), and the first output the picture
 * (N,1 or 3,height,width), with values as metadata "ae.output_range" says: 0-1,
 * which it is without, -1-1 or 0-255. */

#include <ae/cpu.h>
#include <ae/image.h>
#include <ae/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct AeSampler AeSampler;

typedef struct {
  int n_threads; /* 0 = all cores */
  AePrecision precision;
  int batch; /* pictures that are made together; 0 = 1, 4096 at most */
  bool normal_prior; /* draw codes from the standard normal distribution also
                        where the model has one of its own */
} AeSamplerOptions;

typedef struct {
  int width, height, channels; /* of a picture; 1 (grey) or 3 (R, G, B) */
  int latent;                  /* numbers of a code */
  int classes;                 /* 0: it is not told what to make */
  bool clusters; /* these are no labels, but clusters that it found itself */
  int batch;
  bool encodes;     /* it makes codes of pictures, too */
  bool variational; /* with deviations */
  size_t attributes;
} AeSamplerFacts;

/* Keeps a reference to `model`. options may be NULL. Errors: FORMAT, SHAPE (with
 * what was found and wanted: it does not make pictures of codes), ARGUMENT, and
 * those of ae_session_bind(). */
AE_API AeStatus ae_sampler_new (AeSampler **out, AeModel *model,
    const AeSamplerOptions *options, AeError *err);
AE_API void ae_sampler_free (AeSampler **sampler);

AE_API AeSamplerFacts ae_sampler_facts (const AeSampler *sampler);

/* Draws number `index` of the codes that `seed` gives, into `code` (latent), and
 * which class it is to be, into *label (may be NULL): any one, each as often, or
 * as often as it was learned from where the model says so ("shares"). The same on every machine. Deviations are `temperature` times those of the
 * distribution: 0 gives its means, 1 samples. */
AE_API void ae_sampler_draw (const AeSampler *sampler, uint64_t seed,
    uint64_t index, float temperature, float *code, int *label);

/* The same from around a code: `temperature` times `deviation` (latent) away
 * from `mean` (latent), as ae_sampler_encode gives them. */
AE_API void ae_sampler_draw_around (const AeSampler *sampler, uint64_t seed,
    uint64_t index, const float *mean, const float *deviation,
    float temperature, float *code);

/* Standard deviations (latent) of the codes that are drawn, within 5 %. */
AE_API void ae_sampler_spread (const AeSampler *sampler, float *deviation);

/* `share` (0..1) of the way from one code to another, on an arc: codes half way
 * are as far from 0 as those that are drawn. */
AE_API void ae_sampler_between (const AeSampler *sampler, const float *from,
    const float *to, float share, float *code);

/* Finds n (>= 2) shares of the way from one code to another, the first 0 and the
 * last 1, between which what pictures of `label` show changes evenly (root mean
 * squares of their differences). Errors: MEMORY. */
AE_API AeStatus ae_sampler_pace (AeSampler *sampler, const float *from,
    const float *to, int label, float *shares, size_t n, AeError *err);

/* Name of an attribute, owned by the sampler; number of a name, or -1. */
AE_API const char *ae_sampler_attribute (
    const AeSampler *sampler, size_t index);
AE_API int ae_sampler_find_attribute (
    const AeSampler *sampler, const char *name);

/* Changes `code` by so much of an attribute: in standard deviations of it over
 * the pictures that it was learned from. */
AE_API void ae_sampler_shift (
    const AeSampler *sampler, size_t attribute, float amount, float *code);

/* Makes `n` (<= batch) pictures (n,channels,height,width) of 0..1 of `codes`
 * (n,latent) and `labels` (n: 0..classes-1; may be NULL without classes). What
 * is no number becomes 0. */
AE_API void ae_sampler_decode (AeSampler *sampler, const float *codes,
    const int *labels, size_t n, float *pictures);

/* Plans for pictures like `format` (planes are ignored), of any size, for the
 * two below. Errors: ARGUMENT, MEMORY. */
AE_API AeStatus ae_sampler_bind (
    AeSampler *sampler, const AeImage *format, AeError *err);

/* The code (latent) of a picture of the bound format: its mean, and (may be
 * NULL) its deviation, 0 where the model has none. label: what it shows, of
 * models with classes. Errors: UNSUPPORTED (the model does not make codes),
 * ARGUMENT (label), NUMERIC. */
AE_API AeStatus ae_sampler_encode (AeSampler *sampler, const AeImage *picture,
    int label, float *mean, float *deviation, AeError *err);

/* Writes a picture that was made, scaled, to one of the bound format. `like` is
 * one of that format (may be `out`) whose colours are kept where the model makes
 * grey pictures. */
AE_API void ae_sampler_paint (AeSampler *sampler, const float *picture,
    const AeImage *like, const AeImage *out);

#ifdef __cplusplus
}
#endif

#endif
