/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "filtercaps.h"

#define LARGEST_SIDE 16384

/* One of width and height. */
typedef struct {
  const gchar *field;
  gint fixed, scale; /* see AeImageFilterSize */
} Side;

/* Sides of pictures to those of results; FALSE when there is none. */
static gboolean
forward (const Side *side, gint *least, gint *most)
{
  if (side->fixed > 0) {
    *least = *most = side->fixed;
    return TRUE;
  }
  if (*least > LARGEST_SIDE / side->scale)
    return FALSE;
  *least *= side->scale;
  *most = MIN (*most, LARGEST_SIDE / side->scale) * side->scale;
  return TRUE;
}

/* And back. */
static gboolean
backward (const Side *side, gint *least, gint *most)
{
  if (side->fixed > 0) {
    gboolean holds = *least <= side->fixed && side->fixed <= *most;
    *least = 1;
    *most = LARGEST_SIDE;
    return holds;
  }
  *least = (*least + side->scale - 1) / side->scale;
  *most = MIN (*most, LARGEST_SIDE) / side->scale;
  return *least <= *most;
}

static void
read_side (const GValue *value, gint *least, gint *most)
{
  *least = 1;
  *most = LARGEST_SIDE;
  if (value != NULL && G_VALUE_HOLDS_INT (value)) {
    *least = *most = CLAMP (g_value_get_int (value), 1, LARGEST_SIDE);
  } else if (value != NULL && GST_VALUE_HOLDS_INT_RANGE (value)) {
    *least = CLAMP (gst_value_get_int_range_min (value), 1, LARGEST_SIDE);
    *most = CLAMP (gst_value_get_int_range_max (value), 1, LARGEST_SIDE);
  }
}

static gboolean
convert_side (
    const Side *side, GstPadDirection direction, GstStructure *structure)
{
  gint least, most;

  read_side (gst_structure_get_value (structure, side->field), &least, &most);
  if (!(direction == GST_PAD_SINK ? forward (side, &least, &most)
                                  : backward (side, &least, &most)))
    return FALSE;
  if (least == most)
    gst_structure_set (structure, side->field, G_TYPE_INT, least, NULL);
  else
    gst_structure_set (
        structure, side->field, GST_TYPE_INT_RANGE, least, most, NULL);
  return TRUE;
}

/* Results of another shape show the same scene: their pixels get the shape
 * that makes up for it. */
static void
convert_aspect (const GstStructure *from, GstStructure *to)
{
  gint w, h, to_w, to_h, n = 1, d = 1;

  gst_structure_get_fraction (from, "pixel-aspect-ratio", &n, &d);
  if (gst_structure_get_int (from, "width", &w)
      && gst_structure_get_int (from, "height", &h)
      && gst_structure_get_int (to, "width", &to_w)
      && gst_structure_get_int (to, "height", &to_h)
      && gst_util_fraction_multiply (n, d, w, to_w, &n, &d)
      && gst_util_fraction_multiply (n, d, to_h, h, &n, &d)) {
    gst_structure_set (
        to, "pixel-aspect-ratio", GST_TYPE_FRACTION, n, d, NULL);
    return;
  }
  gst_structure_remove_field (to, "pixel-aspect-ratio");
}

static gboolean
convert (const AeImageFilterSize *size, GstPadDirection direction,
    GstStructure *structure)
{
  const Side sides[] = { { "width", size->width, size->scale_x },
    { "height", size->height, size->scale_y } };
  GstStructure *from = gst_structure_copy (structure);
  gboolean good = TRUE;

  for (gsize i = 0; good && i < G_N_ELEMENTS (sides); i++)
    good = convert_side (&sides[i], direction, structure);
  if (good && direction == GST_PAD_SINK)
    convert_aspect (from, structure);
  else
    gst_structure_remove_field (structure, "pixel-aspect-ratio");
  gst_structure_free (from);
  return good;
}

static void
open_size (GstStructure *structure)
{
  gst_structure_set (structure, "width", GST_TYPE_INT_RANGE, 1, LARGEST_SIDE,
      "height", GST_TYPE_INT_RANGE, 1, LARGEST_SIDE, NULL);
  gst_structure_remove_field (structure, "pixel-aspect-ratio");
}

static gboolean
keeps_size (const AeImageFilterSize *size)
{
  return size->width == 0 && size->height == 0 && size->scale_x == 1
      && size->scale_y == 1;
}

GstCaps *
gst_ae_filter_caps (const AeImageFilterSize *size, GstPadDirection direction,
    const GstCaps *caps)
{
  GstCaps *result = gst_caps_new_empty ();

  if (size != NULL && keeps_size (size)) {
    gst_caps_unref (result);
    return gst_caps_copy (caps);
  }
  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    GstStructure *s = gst_structure_copy (gst_caps_get_structure (caps, i));
    GstCapsFeatures *features
        = gst_caps_features_copy (gst_caps_get_features (caps, i));
    if (size == NULL)
      open_size (s);
    if (size == NULL || convert (size, direction, s)) {
      gst_caps_append_structure_full (result, s, features);
    } else {
      gst_structure_free (s);
      gst_caps_features_free (features);
    }
  }
  return result;
}
