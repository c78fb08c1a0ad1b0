/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_MODELS_H
#define GST_AE_MODELS_H

/* Loaded models, shared by all elements of the process, and the search for
 * the files that come with the plugin. Safe from any thread. */

#include <ae/model.h>
#include <glib.h>

G_BEGIN_DECLS

/* A share in a loaded model. The model leaves memory with its last share. */
typedef struct _GstAeModel GstAeModel;

/* The path of a bundled file ("denoise-fast.onnx"), to be freed; NULL with
 * `error` saying where it was looked for: the folders of AE_MODEL_PATH,
 * beside the plugin, the install folder. */
gchar *gst_ae_models_find (const gchar *name, AeError *error);

/* Loads the model at `path`, or shares it when the same file (or one of equal
 * content) is loaded. NULL on failure; the text names the file. */
GstAeModel *gst_ae_model_acquire (const gchar *path, AeError *error);

/* Gives the share back and sets *model to NULL; NULL is accepted. */
void gst_ae_model_release (GstAeModel **model);

/* The engine's model; belongs to the share. */
AeModel *gst_ae_model_get (const GstAeModel *model);

/* What the share was loaded from. */
const gchar *gst_ae_model_path (const GstAeModel *model);

G_END_DECLS

#endif
