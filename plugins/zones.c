/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "zones.h"

#include "aeerror.h"

#include <math.h>
#include <string.h>

typedef struct {
  gdouble x, y;
} Point;

typedef struct {
  gchar *name;
  GArray *points; /* of Point */
} Zone;

struct _GstAeZones {
  GArray *zones; /* of Zone */
};

static void
clear_zone (gpointer data)
{
  Zone *zone = data;

  g_free (zone->name);
  g_array_unref (zone->points);
}

/* "0.25,0.5", both from 0 to 1. */
static gboolean
parse_point (
    const gchar *zone, const gchar *text, Point *point, AeError *error)
{
  gchar *end = NULL;

  point->x = g_ascii_strtod (text, &end);
  gboolean good = end != text && *end == ',';
  if (good) {
    const gchar *second = end + 1;
    point->y = g_ascii_strtod (second, &end);
    good = end != second && *end == '\0' && isfinite (point->x)
        && isfinite (point->y);
  }
  if (!good) {
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "zones: expected a point like 0.25,0.5 in zone \"%s\", found \"%s\"",
        zone, text);
    return FALSE;
  }
  if (point->x < 0 || point->x > 1 || point->y < 0 || point->y > 1) {
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "zones: point %s of zone \"%s\" is outside the picture: expected "
        "shares of its width and height, 0 to 1",
        text, zone);
    return FALSE;
  }
  return TRUE;
}

static gboolean
parse_points (const gchar *zone, const gchar *text, GArray *points,
    AeError *error)
{
  gchar **words = g_strsplit_set (text, " \t\n", -1);
  gboolean good = TRUE;

  for (guint i = 0; good && words[i] != NULL; i++) {
    Point point;
    if (words[i][0] == '\0')
      continue;
    good = parse_point (zone, words[i], &point, error);
    if (good)
      g_array_append_val (points, point);
  }
  g_strfreev (words);
  if (good && (points->len < 3 || points->len > GST_AE_MAX_ZONE_POINTS)) {
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "zones: zone \"%s\" has %u points, expected 3 to %d", zone,
        points->len, GST_AE_MAX_ZONE_POINTS);
    good = FALSE;
  }
  return good;
}

static gboolean
check_name (const GstAeZones *zones, const gchar *name, AeError *error)
{
  if (name[0] == '\0') {
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "zones: expected a name before \":\", found none");
    return FALSE;
  }
  for (guint i = 0; i < zones->zones->len; i++)
    if (strcmp (g_array_index (zones->zones, Zone, i).name, name) == 0) {
      gst_ae_error_set (error, AE_ERROR_ARGUMENT,
          "zones: expected names that differ, found \"%s\" twice", name);
      return FALSE;
    }
  if (zones->zones->len >= GST_AE_MAX_ZONES) {
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "zones: expected at most %d zones, found more", GST_AE_MAX_ZONES);
    return FALSE;
  }
  return TRUE;
}

/* "name:points" */
static gboolean
parse_zone (GstAeZones *zones, const gchar *text, AeError *error)
{
  const gchar *colon = strchr (text, ':');

  if (colon == NULL) {
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "zones: expected \"name:x,y x,y x,y\", found \"%.200s\"", text);
    return FALSE;
  }
  Zone zone = { g_strstrip (g_strndup (text, colon - text)),
    g_array_new (FALSE, FALSE, sizeof (Point)) };
  if (!check_name (zones, zone.name, error)
      || !parse_points (zone.name, colon + 1, zone.points, error)) {
    clear_zone (&zone);
    return FALSE;
  }
  g_array_append_val (zones->zones, zone);
  return TRUE;
}

static gboolean
is_blank (const gchar *text)
{
  return text[strspn (text, " \t\n")] == '\0';
}

GstAeZones *
gst_ae_zones_parse (const gchar *text, AeError *error)
{
  GstAeZones *zones = g_new0 (GstAeZones, 1);
  gchar **parts = g_strsplit (text != NULL ? text : "", ";", -1);
  gboolean good = TRUE;

  zones->zones = g_array_new (FALSE, FALSE, sizeof (Zone));
  g_array_set_clear_func (zones->zones, clear_zone);
  if (text != NULL && !g_utf8_validate (text, -1, NULL)) {
    gst_ae_error_set (
        error, AE_ERROR_ARGUMENT, "zones: expected UTF-8, found other bytes");
    good = FALSE;
  }
  for (guint i = 0; good && parts[i] != NULL; i++)
    if (!is_blank (parts[i]))
      good = parse_zone (zones, parts[i], error);
  g_strfreev (parts);
  if (!good)
    gst_ae_zones_free (&zones);
  return zones;
}

void
gst_ae_zones_free (GstAeZones **zones)
{
  if (*zones == NULL)
    return;
  g_array_unref ((*zones)->zones);
  g_clear_pointer (zones, g_free);
}

guint
gst_ae_zones_count (const GstAeZones *zones)
{
  return zones->zones->len;
}

/* Even-odd: how many edges a ray to the right crosses. An edge has its upper
 * end, not its lower one. */
static gboolean
holds (const Zone *zone, gdouble x, gdouble y)
{
  const Point *p = (const Point *) zone->points->data;
  gboolean inside = FALSE;

  for (guint i = 0, j = zone->points->len - 1; i < zone->points->len; j = i++)
    if ((p[i].y > y) != (p[j].y > y)
        && x < p[i].x + (y - p[i].y) / (p[j].y - p[i].y) * (p[j].x - p[i].x))
      inside = !inside;
  return inside;
}

const gchar *
gst_ae_zones_at (const GstAeZones *zones, gdouble x, gdouble y)
{
  for (guint i = 0; i < zones->zones->len; i++) {
    const Zone *zone = &g_array_index (zones->zones, Zone, i);
    if (holds (zone, x, y))
      return zone->name;
  }
  return "";
}

static gint
by_value (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *) a, y = *(const gdouble *) b;

  return x < y ? -1 : x > y;
}

/* Marks the pixels of a row whose centres lie between pairs of crossings. */
static void
mark_row (const Zone *zone, guint8 *row, gint width, gdouble y)
{
  const Point *p = (const Point *) zone->points->data;
  gdouble crossing[GST_AE_MAX_ZONE_POINTS];
  guint n = 0;

  for (guint i = 0, j = zone->points->len - 1; i < zone->points->len; j = i++)
    if ((p[i].y > y) != (p[j].y > y))
      crossing[n++]
          = p[i].x + (y - p[i].y) / (p[j].y - p[i].y) * (p[j].x - p[i].x);
  qsort (crossing, n, sizeof *crossing, by_value);
  for (guint i = 0; i + 1 < n; i += 2) {
    gint from = (gint) ceil (crossing[i] * width - 0.5);
    gint to = (gint) ceil (crossing[i + 1] * width - 0.5);
    for (gint x = MAX (from, 0); x < MIN (to, width); x++)
      row[x] = 1;
  }
}

void
gst_ae_zones_limit (
    const GstAeZones *zones, guint8 *mask, gint width, gint height)
{
  if (zones->zones->len == 0)
    return;
  guint8 *row = g_malloc ((gsize) width);
  for (gint y = 0; y < height; y++) {
    guint8 *out = mask + (gsize) y * width;
    memset (row, 0, (gsize) width);
    for (guint i = 0; i < zones->zones->len; i++)
      mark_row (&g_array_index (zones->zones, Zone, i), row, width,
          (y + 0.5) / height);
    for (gint x = 0; x < width; x++)
      out[x] = row[x] ? out[x] : 0;
  }
  g_free (row);
}
