/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool info: what a model is. */

#include <ae/session.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aetool.h"
#include "json.h"
#include "shapes.h"

#define LONGEST_META 8000 /* characters that are printed */

static struct {
  gboolean json, dot, nodes;
  char *size;
} option;

static const GOptionEntry entries[] = {
  { "json", 0, 0, G_OPTION_ARG_NONE, &option.json, "print JSON", NULL },
  { "dot", 0, 0, G_OPTION_ARG_NONE, &option.dot,
      "print the graph for Graphviz", NULL },
  { "nodes", 0, 0, G_OPTION_ARG_NONE, &option.nodes, "list the nodes", NULL },
  { "size", 0, 0, G_OPTION_ARG_STRING, &option.size,
      "picture size for what depends on it (default: 640x480)", "WxH" },
  { 0 }
};

/* What binding to a picture size tells; NaN when it cannot be bound. */
typedef struct {
  double mac, pixels, arena_bytes, param_bytes;
  AeError err;
} Cost;

static Cost
measure_cost (AeModel *model, int width, int height)
{
  Cost cost = { .mac = NAN, .arena_bytes = NAN, .param_bytes = NAN };
  AeSession *session = NULL;
  cost.pixels = shapes_pixels (model, width, height);
  if (ae_session_new (&session, model, NULL, &cost.err) == AE_OK
      && shapes_bind (session, model, width, height, &cost.err) == AE_OK) {
    AeSessionInfo info = ae_session_info (session);
    cost.mac = info.mac;
    cost.arena_bytes = info.arena_bytes;
    cost.param_bytes = info.param_bytes;
  }
  ae_session_free (&session);
  return cost;
}

/* Operator -> how often, sorted by name. */
static GList *
count_operators (const AeModel *model, GHashTable *counts)
{
  for (size_t i = 0; i < ae_model_n_nodes (model); i++) {
    const char *op = ae_model_node_op (model, i);
    int n = GPOINTER_TO_INT (g_hash_table_lookup (counts, op));
    g_hash_table_insert (counts, (gpointer) op, GINT_TO_POINTER (n + 1));
  }
  return g_list_sort (
      g_hash_table_get_keys (counts), (GCompareFunc) strcmp);
}

static void
print_values (const AeModel *model)
{
  for (size_t i = 0; i < ae_model_n_inputs (model); i++) {
    g_autofree char *text = shapes_text_input (model, i);
    printf ("input       %s %s %s\n", ae_model_input_name (model, i),
        ae_type_name (ae_model_input_type (model, i)), text);
  }
  for (size_t i = 0; i < ae_model_n_outputs (model); i++) {
    g_autofree char *text = shapes_text_output (model, i);
    printf ("output      %s %s\n", ae_model_output_name (model, i), text);
  }
}

static void
print_layers (const AeModel *model)
{
  g_autoptr (GHashTable) counts = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GList) names = count_operators (model, counts);
  printf ("layers      %zu:", ae_model_n_nodes (model));
  for (GList *l = names; l; l = l->next)
    printf (" %d %s%s",
        GPOINTER_TO_INT (g_hash_table_lookup (counts, l->data)),
        (char *) l->data, l->next ? "," : "");
  printf ("\n");
}

static void
print_cost (const Cost *cost, int width, int height)
{
  if (isnan (cost->mac)) {
    printf ("cost        not known: %s\n", cost->err.text);
    return;
  }
  printf ("cost        %.2f kMAC per pixel", cost->mac / cost->pixels / 1e3);
  printf (" (%.3g GMAC at %dx%d, %.1f MiB of activations, %.1f MiB of "
          "parameters)\n",
      cost->mac / 1e9, width, height, cost->arena_bytes / 1048576,
      cost->param_bytes / 1048576);
}

/* Metadata, values of several lines indented; of what is no text for people
 * only the length. */
static void
print_meta (const AeModel *model)
{
  for (size_t i = 0; i < ae_model_n_meta (model); i++) {
    const char *value = ae_model_meta_value (model, i);
    if (strlen (value) > LONGEST_META) {
      printf ("%s: %zu characters\n", ae_model_meta_key (model, i),
          strlen (value));
      continue;
    }
    g_auto (GStrv) lines = g_strsplit (value, "\n", -1);
    guint n = g_strv_length (lines);
    printf ("%s%s", ae_model_meta_key (model, i), n > 1 ? ":\n" : " = ");
    for (guint j = 0; j < n; j++)
      if (n == 1 || lines[j][0])
        printf ("%s%s\n", n > 1 ? "  " : "", lines[j]);
    if (n == 0)
      printf ("\n");
  }
}

static void
print_text (const AeModel *model, const char *path, const Cost *cost,
    int width, int height)
{
  const char *task = ae_model_meta (model, "ae.task");
  printf ("%s\n", path);
  printf ("task        %s\n", task ? task : "not said in the file");
  printf ("id          %s\n", ae_model_id (model));
  print_values (model);
  print_layers (model);
  printf ("parameters  %zu\n", ae_model_n_params (model));
  print_cost (cost, width, height);
  print_meta (model);
  if (!option.nodes)
    return;
  for (size_t i = 0; i < ae_model_n_nodes (model); i++)
    printf ("%4zu %-20s %s\n", i, ae_model_node_op (model, i),
        ae_model_node_name (model, i));
}

/* "dims": names of the dimensions, "" for those without. */
static void
json_value (Json *json, const AeModel *model, size_t index, const char *name,
    AeShape shape, const char *type,
    const char *(*dim_name) (const AeModel *, size_t, int) )
{
  json_open (json, NULL, '{');
  json_string (json, "name", name);
  if (type)
    json_string (json, "type", type);
  json_open (json, "shape", '[');
  for (int i = 0; i < shape.rank; i++)
    json_number (json, NULL, shape.dim[i]);
  json_close (json, '[');
  json_open (json, "dims", '[');
  for (int i = 0; i < shape.rank; i++)
    json_string (json, NULL, dim_name (model, index, i));
  json_close (json, '[');
  json_close (json, '{');
}

static void
print_json (const AeModel *model, const char *path, const Cost *cost)
{
  g_autoptr (Json) json = json_new ();
  json_open (json, NULL, '{');
  json_string (json, "file", path);
  json_string (json, "id", ae_model_id (model));
  json_open (json, "inputs", '[');
  for (size_t i = 0; i < ae_model_n_inputs (model); i++)
    json_value (json, model, i, ae_model_input_name (model, i),
        ae_model_input_shape (model, i),
        ae_type_name (ae_model_input_type (model, i)),
        ae_model_input_dim_name);
  json_close (json, '[');
  json_open (json, "outputs", '[');
  for (size_t i = 0; i < ae_model_n_outputs (model); i++)
    json_value (json, model, i, ae_model_output_name (model, i),
        ae_model_output_shape (model, i), NULL, ae_model_output_dim_name);
  json_close (json, '[');
  json_number (json, "nodes", ae_model_n_nodes (model));
  json_number (json, "parameters", ae_model_n_params (model));
  json_number (json, "mac", cost->mac);
  json_number (json, "mac_per_pixel", cost->mac / cost->pixels);
  json_number (json, "activation_bytes", cost->arena_bytes);
  json_open (json, "metadata", '{');
  for (size_t i = 0; i < ae_model_n_meta (model); i++)
    json_string (
        json, ae_model_meta_key (model, i), ae_model_meta_value (model, i));
  json_close (json, '{');
  json_close (json, '{');
  json_print (json);
}

int
aetool_info (int argc, char **argv)
{
  int width = 640, height = 480;
  if (!aetool_parse (&argc, &argv, "MODEL", "Prints what a model is.", NULL,
          entries))
    return AETOOL_USAGE;
  if (argc != 2)
    return aetool_usage ("wanted one model file, found %d", argc - 1);
  if (option.size && !aetool_parse_size (option.size, &width, &height))
    return aetool_usage ("--size %s: wanted WxH, 1x1 to 16384x16384",
        option.size);
  AeError err;
  AeModel *model;
  if (ae_model_load (&model, argv[1], &err) != AE_OK)
    return aetool_ae_error (&err);
  if (option.dot) {
    char *dot = ae_model_dot (model);
    if (dot)
      fputs (dot, stdout);
    free (dot);
  } else {
    Cost cost = measure_cost (model, width, height);
    if (option.json)
      print_json (model, argv[1], &cost);
    else
      print_text (model, argv[1], &cost, width, height);
  }
  ae_model_unref (&model);
  return AETOOL_OK;
}
