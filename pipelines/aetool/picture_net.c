/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "picture_net.h"

#include <ae/session.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aetool.h"

#define BATCH 100

struct PictureNet {
  AeModel *model;
  AeSession *session;
  int width, height, channels, classes;
  gboolean told; /* the classes are an input */
  guint n_outputs;
};

/* "ae.classifier.size", ... */
static const char *
fact (const PictureNet *net, const char *task, const char *key)
{
  g_autofree char *name = g_strdup_printf ("ae.%s.%s", task, key);
  return ae_model_meta (net->model, name);
}

static int
whole (const char *text)
{
  return text ? atoi (text) : 0;
}

static gboolean
read_facts (
    PictureNet *net, const char *path, const char *task, GError **error)
{
  const char *found = ae_model_meta (net->model, "ae.task");
  const char *size = fact (net, task, "size");
  if (g_strcmp0 (found, task) != 0) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "%s: found the task '%s', wanted %s", path, found ? found : "none",
        task);
    return FALSE;
  }
  net->channels = whole (fact (net, task, "channels"));
  net->classes = whole (fact (net, task, "classes"));
  if (!size || sscanf (size, "%dx%d", &net->width, &net->height) != 2
      || net->width < 1 || net->height < 1 || net->width > 512
      || net->height > 512 || (net->channels != 1 && net->channels != 3)
      || net->classes < 0 || net->classes > 1000) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "%s: pictures of %s, %d channels and %d classes", path,
        size ? size : "no size", net->channels, net->classes);
    return FALSE;
  }
  return TRUE;
}

static gboolean
open_session (PictureNet *net, const char *const *outputs, int threads,
    GError **error)
{
  AeError err;
  const char *inputs[] = { "frame", "class" };
  size_t n = net->told ? 2 : 1;
  AeSessionOptions options = { .n_threads = threads, .inputs = inputs,
    .n_inputs = n, .outputs = outputs, .n_outputs = net->n_outputs };
  AeTensor in[2] = { { .type = AE_F32,
                         .shape = { 4, { BATCH, net->channels, net->height,
                                           net->width } } },
    { .type = AE_F32, .shape = { 2, { BATCH, net->classes } } } };
  if (ae_session_new (&net->session, net->model, &options, &err) == AE_OK
      && ae_session_bind (net->session, in, n, &err) == AE_OK)
    return TRUE;
  aetool_set_error (error, &err);
  return FALSE;
}

/* An output has a row of f32 for each picture; logits one for each class. */
static gboolean
has_rows (const PictureNet *net, guint output, const char *name)
{
  const AeTensor *x = ae_session_output (net->session, output);
  return x->type == AE_F32 && x->shape.rank >= 2 && x->shape.dim[0] == BATCH
         && picture_net_values (net, output) > 0
         && (!g_str_equal (name, "logits")
             || picture_net_values (net, output) == (gsize) net->classes);
}

static gboolean
check_outputs (const PictureNet *net, const char *path,
    const char *const *outputs, GError **error)
{
  for (guint k = 0; k < net->n_outputs; k++) {
    if (has_rows (net, k, outputs[k]))
      continue;
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "%s: wanted `%s' to be rows of numbers, one for each picture", path,
        outputs[k]);
    return FALSE;
  }
  return TRUE;
}

PictureNet *
picture_net_new (const char *path, const char *task,
    const char *const *outputs, guint n_outputs, int threads, GError **error)
{
  AeError err;
  AeModel *model;
  if (ae_model_load (&model, path, &err) != AE_OK) {
    aetool_set_error (error, &err);
    return NULL;
  }
  PictureNet *net = picture_net_of_model (
      model, path, task, outputs, n_outputs, threads, error);
  ae_model_unref (&model);
  return net;
}

PictureNet *
picture_net_of_model (AeModel *model, const char *name, const char *task,
    const char *const *outputs, guint n_outputs, int threads, GError **error)
{
  g_assert (n_outputs <= PICTURE_NET_MOST);
  g_autoptr (PictureNet) net = g_new0 (PictureNet, 1);
  net->n_outputs = n_outputs;
  net->model = ae_model_ref (model);
  if (!read_facts (net, name, task, error))
    return NULL;
  for (size_t i = 0; i < ae_model_n_inputs (net->model); i++)
    net->told |= g_str_equal (ae_model_input_name (net->model, i), "class");
  if (!open_session (net, outputs, threads, error)
      || !check_outputs (net, name, outputs, error))
    return NULL;
  return g_steal_pointer (&net);
}

void
picture_net_free (PictureNet *net)
{
  if (!net)
    return;
  ae_session_free (&net->session);
  ae_model_unref (&net->model);
  g_free (net);
}

gsize
picture_net_values (const PictureNet *net, guint output)
{
  const AeTensor *x = ae_session_output (net->session, output);
  gsize n = 1;
  for (int k = 1; k < x->shape.rank; k++)
    n *= (gsize) x->shape.dim[k];
  return n;
}

int
picture_net_classes (const PictureNet *net)
{
  return net->classes;
}

gboolean
picture_net_takes (
    const PictureNet *net, const PictureSet *set, GError **error)
{
  if (set->width == net->width && set->height == net->height
      && set->channels == net->channels)
    return !net->told || picture_set_check_labels (set, net->classes, error);
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
      "pictures of %dx%d and %d channels, wanted %dx%d and %d", set->width,
      set->height, set->channels, net->width, net->height, net->channels);
  return FALSE;
}

gboolean
picture_net_fit (const PictureNet *net, PictureSet **set, GError **error)
{
  const PictureSet *s = *set;
  if (s->width != net->width || s->height != net->height
      || s->channels != net->channels) {
    PictureSet *scaled = picture_set_scaled (
        s, net->width, net->height, net->channels, error);
    if (!scaled)
      return FALSE;
    picture_set_free (*set);
    *set = scaled;
  }
  return picture_net_takes (net, *set, error);
}

static void
tell_classes (PictureNet *net, const PictureSet *set, guint first, guint n)
{
  float *to = ae_session_input (net->session, 1)->data;
  memset (to, 0, (gsize) BATCH * net->classes * sizeof *to);
  for (guint i = 0; i < n; i++)
    to[i * net->classes + picture_set_label (set, first + i)] = 1;
}

void
picture_net_run (
    PictureNet *net, const PictureSet *set, float *const *rows)
{
  for (guint first = 0; first < set->n; first += BATCH) {
    guint n = MIN (BATCH, set->n - first);
    picture_set_get (
        set, first, n, ae_session_input (net->session, 0)->data);
    if (net->told)
      tell_classes (net, set, first, n);
    ae_session_run (net->session);
    for (guint k = 0; k < net->n_outputs; k++) {
      gsize values = picture_net_values (net, k);
      memcpy (rows[k] + first * values,
          ae_session_output (net->session, k)->data,
          n * values * sizeof (float));
    }
  }
}
