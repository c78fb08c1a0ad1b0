/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "properties.h"

#include <stdbool.h>

void
gst_ae_properties_install (
    const GstAePropertyTable *table, GObjectClass *object_class)
{
  for (guint i = 0; i < table->n; i++)
    g_object_class_install_property (
        object_class, i + 1, table->properties[i].make ());
}

static void
set_boolean (gpointer place, gsize size, gboolean value)
{
  if (size == sizeof (bool))
    *(bool *) place = value;
  else
    *(gboolean *) place = value;
}

static void
set_text (gchar **place, const GValue *value)
{
  g_free (*place);
  *place = g_value_dup_string (value);
}

void
gst_ae_properties_set (const GstAePropertyTable *table, gpointer settings,
    guint id, const GValue *value)
{
  const GstAeProperty *property = &table->properties[id - 1];
  gpointer place = G_STRUCT_MEMBER_P (settings, property->offset);

  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value))) {
    case G_TYPE_STRING:
      set_text (place, value);
      break;
    case G_TYPE_INT64:
      *(gint64 *) place = g_value_get_int64 (value);
      break;
    case G_TYPE_UINT64:
      *(guint64 *) place = g_value_get_uint64 (value);
      break;
    case G_TYPE_DOUBLE:
      *(gdouble *) place = g_value_get_double (value);
      break;
    case G_TYPE_FLOAT:
      *(gfloat *) place = g_value_get_float (value);
      break;
    case G_TYPE_INT:
      *(gint *) place = g_value_get_int (value);
      break;
    case G_TYPE_UINT:
      *(guint *) place = g_value_get_uint (value);
      break;
    case G_TYPE_ENUM:
      *(gint *) place = g_value_get_enum (value);
      break;
    case G_TYPE_BOOLEAN:
      set_boolean (place, property->size, g_value_get_boolean (value));
      break;
    default:
      g_assert_not_reached ();
  }
}

static gboolean
get_boolean (gconstpointer place, gsize size)
{
  return size == sizeof (bool) ? *(const bool *) place
                               : *(const gboolean *) place;
}

void
gst_ae_properties_get (const GstAePropertyTable *table,
    gconstpointer settings, guint id, GValue *value)
{
  const GstAeProperty *property = &table->properties[id - 1];
  gconstpointer place = G_STRUCT_MEMBER_P (settings, property->offset);

  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value))) {
    case G_TYPE_STRING:
      g_value_set_string (value, *(gchar *const *) place);
      break;
    case G_TYPE_INT64:
      g_value_set_int64 (value, *(const gint64 *) place);
      break;
    case G_TYPE_UINT64:
      g_value_set_uint64 (value, *(const guint64 *) place);
      break;
    case G_TYPE_DOUBLE:
      g_value_set_double (value, *(const gdouble *) place);
      break;
    case G_TYPE_FLOAT:
      g_value_set_float (value, *(const gfloat *) place);
      break;
    case G_TYPE_INT:
      g_value_set_int (value, *(const gint *) place);
      break;
    case G_TYPE_UINT:
      g_value_set_uint (value, *(const guint *) place);
      break;
    case G_TYPE_ENUM:
      g_value_set_enum (value, *(const gint *) place);
      break;
    case G_TYPE_BOOLEAN:
      g_value_set_boolean (value, get_boolean (place, property->size));
      break;
    default:
      g_assert_not_reached ();
  }
}

static gboolean
is_text (const GParamSpec *spec)
{
  return G_PARAM_SPEC_VALUE_TYPE (spec) == G_TYPE_STRING;
}

void
gst_ae_properties_init (const GstAePropertyTable *table, gpointer settings)
{
  for (guint i = 0; i < table->n; i++) {
    GParamSpec *spec = g_param_spec_ref_sink (table->properties[i].make ());
    if (is_text (spec))
      *(gchar **) G_STRUCT_MEMBER_P (settings, table->properties[i].offset)
          = NULL;
    gst_ae_properties_set (
        table, settings, i + 1, g_param_spec_get_default_value (spec));
    g_param_spec_unref (spec);
  }
}

/* Calls `func` with the place of each text. */
static void
each_text (const GstAePropertyTable *table, gpointer settings,
    void (*func) (gchar **text))
{
  for (guint i = 0; i < table->n; i++) {
    GParamSpec *spec = g_param_spec_ref_sink (table->properties[i].make ());
    if (is_text (spec))
      func ((gchar **) G_STRUCT_MEMBER_P (
          settings, table->properties[i].offset));
    g_param_spec_unref (spec);
  }
}

static void
own (gchar **text)
{
  *text = g_strdup (*text);
}

static void
forget (gchar **text)
{
  g_clear_pointer (text, g_free);
}

void
gst_ae_properties_own_texts (
    const GstAePropertyTable *table, gpointer settings)
{
  each_text (table, settings, own);
}

void
gst_ae_properties_clear (const GstAePropertyTable *table, gpointer settings)
{
  each_text (table, settings, forget);
}
