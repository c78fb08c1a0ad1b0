/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_PICTURE_SET_H
#define AETOOL_PICTURE_SET_H

/* Small pictures of one size in memory, with their labels. */

#include <glib.h>

#include "frames.h"

G_BEGIN_DECLS

typedef struct {
  int width, height, channels; /* 1, or 3: R, G, B */
  guint n;
  GByteArray *pixels; /* n x (channels, height, width) */
  GArray *labels;     /* n x int; -1: none */
} PictureSet;

PictureSet *picture_set_new (int width, int height, int channels);
void picture_set_free (PictureSet *set);

/* Reads files in MNIST's format, `most` pictures of each at most (0: all).
 * NULL and an error when one cannot be read, their sizes differ or there is no
 * picture. */
PictureSet *picture_set_read (
    char *const *files, guint n_files, guint most, GError **error);

/* The same pictures of another size, 1 or 3 channels, scaled and turned grey or
 * into colours as for training. NULL and an error when they are of other
 * proportions or less than half as large. */
PictureSet *picture_set_scaled (const PictureSet *set, int width, int height,
    int channels, GError **error);

/* Of a picture. */
gsize picture_set_values (const PictureSet *set);

/* Copies pictures first .. first + n as values of 0..1. */
void picture_set_get (
    const PictureSet *set, guint first, guint n, float *to);

/* Appends a picture of values of 0..1, which are limited to that. */
void picture_set_add (PictureSet *set, const float *values, int label);

int picture_set_label (const PictureSet *set, guint index);

/* FALSE and an error when a picture has none of the labels 0 to classes - 1. */
gboolean picture_set_check_labels (
    const PictureSet *set, int classes, GError **error);

/* As many classes as its labels tell of; 0: some have none. */
int picture_set_classes (const PictureSet *set);

/* A picture, grey or RGB. */
Picture *picture_set_picture (const PictureSet *set, guint index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PictureSet, picture_set_free)

G_END_DECLS

#endif
