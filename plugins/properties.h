/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_PROPERTIES_H
#define GST_AE_PROPERTIES_H

/* An element's properties as members of a plain struct: a table says which is
 * which. */

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  GParamSpec *(*make) (void);
  gsize offset, size; /* of the member */
  guint role;         /* what a change of it means: the element's own business */
} GstAeProperty;

typedef struct {
  const GstAeProperty *properties;
  guint n;
} GstAePropertyTable;

/* Members are gchar *, integers of the property's type, gfloat, gdouble, gboolean
 * or bool, and of enums any type as large as an int. */
#define GST_AE_PROPERTY(type, member, make, role) \
  { make, G_STRUCT_OFFSET (type, member), sizeof (((type *) NULL)->member), \
      role }

/* Defines the function make_NAME of a specification. */
#define GST_AE_MAKE_PROPERTY(name, spec) \
  static GParamSpec *make_##name (void) \
  { \
    return spec; \
  }

/* Installs them with the ids 1 to n. */
void gst_ae_properties_install (
    const GstAePropertyTable *table, GObjectClass *object_class);

/* The value of property `id`. A text that was there is freed. Not locked. */
void gst_ae_properties_set (const GstAePropertyTable *table,
    gpointer settings, guint id, const GValue *value);
void gst_ae_properties_get (const GstAePropertyTable *table,
    gconstpointer settings, guint id, GValue *value);

/* Gives all members of the table their defaults; what was there is not looked
 * at. */
void gst_ae_properties_init (
    const GstAePropertyTable *table, gpointer settings);

/* Makes texts of the table, which a plain copy of the struct shares, copies. */
void gst_ae_properties_own_texts (
    const GstAePropertyTable *table, gpointer settings);

/* Frees texts. */
void gst_ae_properties_clear (
    const GstAePropertyTable *table, gpointer settings);

G_END_DECLS

#endif
