/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Prints the element pages as Markdown: what gst-inspect-1.0 knows, and the
 * text of each element's SECTION comment.
 *
 *   element-docs PLUGIN.so SOURCE_FOLDER > plugins/README.md
 */

#include <gst/gst.h>
#include <string.h>

/* The text of the SECTION comment in the folder's source files, or NULL. */
static gchar *
find_section (const gchar *folder, const gchar *element)
{
  gchar *start = g_strdup_printf ("SECTION:element-%s\n", element);
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;
  gchar *found = NULL;

  while (dir != NULL && found == NULL && (name = g_dir_read_name (dir))) {
    gchar *path = g_build_filename (folder, name, NULL);
    gchar *text = NULL;
    const gchar *from, *to;
    if (g_str_has_suffix (name, ".c")
        && g_file_get_contents (path, &text, NULL, NULL)
        && (from = strstr (text, start)) != NULL
        && (to = strstr (from, "\n */")) != NULL)
      found = g_strndup (from, to - from);
    g_free (text);
    g_free (path);
  }
  g_clear_pointer (&dir, g_dir_close);
  g_free (start);
  return found;
}

/* "#GstDenoise:speed-preset" becomes "`speed-preset`", "#gdouble" "gdouble". */
static void
print_words (const gchar *line)
{
  for (const gchar *p = line; *p != '\0'; p++) {
    if (*p != '#' || !g_ascii_isalpha (p[1]) || (p > line && p[-1] == '#')) {
      g_print ("%c", *p);
      continue;
    }
    gsize type = strspn (p + 1, "abcdefghijklmnopqrstuvwxyz0123456789"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (p[1 + type] != ':') {
      g_print ("%.*s", (int) type, p + 1);
      p += type;
      continue;
    }
    gsize name = strspn (p + 2 + type, "abcdefghijklmnopqrstuvwxyz-");
    g_print ("`%.*s`", (int) name, p + 2 + type);
    p += 1 + type + name;
  }
  g_print ("\n");
}

/* A line of gtk-doc's Markdown, without the comment's star. */
static void
print_section_line (const gchar *line, gboolean *code)
{
  if (strcmp (line, "|[") == 0 || strcmp (line, "]|") == 0) {
    g_print ("```\n");
    *code = !*code;
  } else if (*code) {
    g_print ("%s\n", line);
  } else if (g_str_has_prefix (line, "## ")) {
    g_print ("#");
    print_words (line);
  } else {
    print_words (line);
  }
}

static void
print_section (const gchar *section)
{
  gchar **lines = g_strsplit (section, "\n", -1);
  gboolean code = FALSE;

  for (guint i = 1; lines[i] != NULL; i++) {
    const gchar *line = lines[i];
    line += g_str_has_prefix (line, " * ") ? 3 : strlen (line);
    if (line[0] != '@') /* title and short description */
      print_section_line (line, &code);
  }
  g_print ("\n");
  g_strfreev (lines);
}

static void
print_templates_of (GstElementFactory *factory, GstPadDirection direction)
{
  const GList *l = gst_element_factory_get_static_pad_templates (factory);

  for (; l != NULL; l = l->next) {
    GstStaticPadTemplate *template = l->data;
    if (template->direction != direction)
      continue;
    GstCaps *caps = gst_static_pad_template_get_caps (template);
    gchar *text = gst_caps_to_string (caps);
    g_print ("- `%s`: `%s`\n", template->name_template, text);
    g_free (text);
    gst_caps_unref (caps);
  }
}

/* A registry that is read from its file lists them the other way round. */
static void
print_templates (GstElementFactory *factory)
{
  g_print ("### Pads\n\n");
  print_templates_of (factory, GST_PAD_SINK);
  print_templates_of (factory, GST_PAD_SRC);
  g_print ("\n");
}

static void
append_choices (GString *text, GParamSpec *spec)
{
  const GEnumClass *class = G_PARAM_SPEC_ENUM (spec)->enum_class;

  for (guint i = 0; i < class->n_values; i++)
    g_string_append_printf (text, "%s`%s` (%s)", i ? ", " : " Values: ",
        class->values[i].value_nick, class->values[i].value_name);
  g_string_append_c (text, '.');
}

static gchar *
default_text (GParamSpec *spec)
{
  const GValue *value = g_param_spec_get_default_value (spec);

  if (!(spec->flags & G_PARAM_WRITABLE))
    return g_strdup ("read-only");
  if (G_IS_PARAM_SPEC_ENUM (spec))
    return g_strdup (g_enum_get_value (G_PARAM_SPEC_ENUM (spec)->enum_class,
        g_value_get_enum (value))->value_nick);
  if (G_IS_PARAM_SPEC_FLOAT (spec))
    return g_strdup_printf ("%g", g_value_get_float (value));
  if (G_IS_PARAM_SPEC_DOUBLE (spec))
    return g_strdup_printf ("%g", g_value_get_double (value));
  return g_strdup_value_contents (value);
}

static void
print_property (GParamSpec *spec)
{
  GString *text = g_string_new (g_param_spec_get_blurb (spec));
  gchar *value = default_text (spec);

  g_string_append_c (text, '.');
  if (G_IS_PARAM_SPEC_ENUM (spec))
    append_choices (text, spec);
  if (spec->flags & GST_PARAM_CONTROLLABLE)
    g_string_append (text, " Controllable.");
  if (spec->flags & GST_PARAM_MUTABLE_READY)
    g_string_append (text, " Not changeable above READY.");
  g_print ("| `%s` | %s | %s |\n", spec->name, value, text->str);
  g_string_free (text, TRUE);
  g_free (value);
}

static void
print_properties (GstElement *element)
{
  guint n;
  GParamSpec **specs
      = g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);

  g_print ("### Properties\n\n| name | default | meaning |\n"
           "| --- | --- | --- |\n");
  for (guint i = 0; i < n; i++)
    if (specs[i]->owner_type == G_OBJECT_TYPE (element))
      print_property (specs[i]);
  g_print ("\n");
  g_free (specs);
}

static void
print_signals (GstElement *element)
{
  guint n;
  guint *ids = g_signal_list_ids (G_OBJECT_TYPE (element), &n);

  for (guint i = 0; i < n; i++) {
    GSignalQuery query;
    g_signal_query (ids[i], &query);
    g_print ("%s- `%s`%s\n%s", i == 0 ? "### Signals\n\n" : "",
        query.signal_name,
        query.signal_flags & G_SIGNAL_ACTION ? " (action)" : "",
        i + 1 == n ? "\n" : "");
  }
  g_free (ids);
}

static gboolean
print_element (GstElementFactory *factory, const gchar *folder)
{
  const gchar *name = GST_OBJECT_NAME (factory);
  gchar *section = find_section (folder, name);
  GstElement *element = gst_element_factory_create (factory, NULL);

  if (section == NULL || element == NULL) {
    g_printerr ("%s has no SECTION comment or cannot be made\n", name);
    return FALSE;
  }
  g_print ("## %s\n\n%s. Klass %s.\n", name,
      gst_element_factory_get_metadata (factory, "description"),
      gst_element_factory_get_metadata (factory, "klass"));
  print_section (section);
  print_templates (factory);
  print_properties (element);
  print_signals (element);
  g_free (section);
  gst_object_unref (element);
  return TRUE;
}

static gint
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp (GST_OBJECT_NAME (a), GST_OBJECT_NAME (b));
}

int
main (int argc, char **argv)
{
  GError *error = NULL;
  gboolean good = TRUE;

  if (argc != 3) {
    g_printerr ("usage: element-docs PLUGIN.so SOURCE_FOLDER\n");
    return 2;
  }
  gst_init (NULL, NULL);
  GstPlugin *plugin = gst_plugin_load_file (argv[1], &error);
  if (plugin == NULL) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  g_print ("# Elements\n\n%s. Made by `element-docs`; do not edit.\n\n",
      gst_plugin_get_description (plugin));
  GList *features = g_list_sort (gst_registry_get_feature_list_by_plugin (
                                     gst_registry_get (),
                                     gst_plugin_get_name (plugin)),
      by_name);
  for (GList *l = features; l != NULL; l = l->next)
    if (GST_IS_ELEMENT_FACTORY (l->data))
      good = print_element (l->data, argv[2]) && good;
  gst_plugin_feature_list_free (features);
  gst_object_unref (plugin);
  return good ? 0 : 1;
}
