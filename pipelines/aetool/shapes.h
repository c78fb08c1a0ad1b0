/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_SHAPES_H
#define AETOOL_SHAPES_H

/* Which input shapes a model is bound to for a picture of a given size. */

#include <ae/session.h>
#include <glib.h>

G_BEGIN_DECLS

/* TRUE when the model is one of our denoisers, whose inputs have half the
 * picture's size. */
gboolean shapes_is_denoiser (const AeModel *model);

/* Shape of input `index`: dimensions that the model leaves open become 1
 * (batch and the like) or, for the last two of four, height and width. */
AeShape shapes_input (
    const AeModel *model, size_t index, int width, int height);

/* Binds all inputs so. */
AeStatus shapes_bind (AeSession *session, const AeModel *model, int width,
    int height, AeError *err);

/* Picture pixels that one run covers, for figures per pixel. */
double shapes_pixels (const AeModel *model, int width, int height);

/* "1x?x3x3" into a new string. */
char *shapes_text (const AeShape *shape);

/* The same of an input or output, or "[1, height, 3, 3]" when it
 * names a dimension. */
char *shapes_text_input (const AeModel *model, size_t index);
char *shapes_text_output (const AeModel *model, size_t index);

G_END_DECLS

#endif
