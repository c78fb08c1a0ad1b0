/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_ORT_H
#define AETOOL_ORT_H

/* Times a model in onnxruntime, which is a node.js package here and need not
 * be installed. */

#include <glib.h>

G_BEGIN_DECLS

/* Folder to put on NODE_PATH, found below AE_ORT, on NODE_PATH or in the
 * user's cache folder; NULL when onnxruntime-node is in none of them. Caller
 * frees. */
char *ort_find (void);

/* Installs it into the cache folder with npm, after saying so. */
gboolean ort_install (GError **error);

typedef struct {
  double median_ms;
  double peak_mib; /* memory of its whole process, node.js with it */
} OrtResult;

/* Median of `runs` runs. `shapes`: "name=1x3x480x640,...". `folder` has the
 * inputs as raw input_N.bin and gets output_N.bin. */
gboolean ort_bench (const char *node_path, const char *model,
    const char *shapes, const char *folder, int threads, int runs,
    OrtResult *result, GError **error);

G_END_DECLS

#endif
