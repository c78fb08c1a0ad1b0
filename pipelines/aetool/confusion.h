/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_CONFUSION_H
#define AETOOL_CONFUSION_H

/* How often each class is taken for which: the confusion matrix. */

#include <glib.h>

#include "json.h"

G_BEGIN_DECLS

typedef struct {
  int classes;
  guint n;
  guint *count; /* classes (true) x classes (said) */
} Confusion;

Confusion *confusion_new (int classes);
void confusion_free (Confusion *confusion);
void confusion_add (Confusion *confusion, int label, int said);

/* The largest of `classes` numbers. */
int confusion_largest (const float *numbers, int classes);

/* Share that is told right; 0 of none. */
double confusion_accuracy (const Confusion *confusion);

/* Of one class: pictures, and those that are taken for another. */
guint confusion_pictures (const Confusion *confusion, int label);
guint confusion_errors (const Confusion *confusion, int label);

void confusion_print (const Confusion *confusion);

/* Members "accuracy", "classes" and "confusion" of the object that is open. */
void confusion_json (const Confusion *confusion, Json *json);

/* Writes an SVG: rows are what is true, columns what was said. */
gboolean confusion_draw (
    const Confusion *confusion, const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Confusion, confusion_free)

G_END_DECLS

#endif
