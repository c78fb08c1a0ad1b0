/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_ATTRIBUTES_H
#define AE_ATTRIBUTES_H

/* Teaches a model directions of its codes along which something that can be
 * named changes: what ae_sampler_shift() goes along. */

#include <ae/model.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AE_MOST_ATTRIBUTES 64
#define AE_ATTRIBUTE_NAME 48 /* bytes of a name with the end */

/* Finds `directions` (n_attributes, latent) from the codes of n pictures (n,
 * latent) and how much each has of each attribute (n, n_attributes), in any
 * units. Predicted by a linear regression of the codes, one more of a direction
 * is one standard deviation more of its attribute and none of the others, by the
 * shortest way that codes of pictures take:
 *     D = C (W' C)^-1, where C is the covariance of codes and attributes and W
 *     the weights of the regression.
 * explained (n_attributes; may be NULL): share of an attribute's variance that
 * the regression explains. Errors: ARGUMENT (fewer than 2 pictures; numbers out
 * of range), NUMERIC (an attribute that is the same for all pictures, or that the
 * others tell; values that are not finite), MEMORY. */
AE_API AeStatus ae_attributes_learn (float *directions, double *explained,
    const float *codes, const float *values, size_t n, size_t latent,
    size_t n_attributes, AeError *err);

/* Numbers that say how an attribute curves, in the space of codes of `latent`
 * numbers. */
AE_API size_t ae_attribute_curve_values (size_t latent);

/* The same as polynomials of the second degree, for codes that tell an attribute
 * otherwise here than there: `curves` (n_attributes,
 * ae_attribute_curve_values(latent)) are the gradient at code 0, then the rows of
 * the upper triangle of the second derivatives, of an attribute in its
 * deviations. ae_sampler_shift() then goes along the gradients, by small steps
 * on each of which the other attributes stay what they are. Errors: as above,
 * and LIMIT (codes of more than AE_MOST_CURVED numbers, or fewer than ten
 * pictures for each number to be found). */
#define AE_MOST_CURVED 40
AE_API AeStatus ae_attributes_learn_curves (float *curves, double *explained,
    const float *codes, const float *values, size_t n, size_t latent,
    size_t n_attributes, AeError *err);

/* The model with these directions in place of any that it has; curves: NULL where
 * shifts are to go straight along them. Names are of 1 to 47 bytes, without
 * commas, and each another one. Errors: ARGUMENT, MEMORY. */
AE_API AeStatus ae_attributes_store (AeModel **out, const AeModel *model,
    const char *const *names, const float *directions, const float *curves,
    size_t latent, size_t n_attributes, AeError *err);

#ifdef __cplusplus
}
#endif

#endif
