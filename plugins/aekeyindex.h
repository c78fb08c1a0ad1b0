/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_KEY_INDEX_H
#define GST_AE_KEY_INDEX_H

/* Where the key frames of a coded stream are, found by its packets' headers as
 * far as they were asked for. Any thread may ask. */

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  GstClockTime time;
  guint64 offset;
} GstAeKey;

typedef struct {
  GMutex lock;
  GArray *keys; /* of GstAeKey */
  guint64 next; /* where to go on */
} GstAeKeyIndex;

void gst_ae_key_index_init (GstAeKeyIndex *index);
void gst_ae_key_index_clear (GstAeKeyIndex *index);

/* Forgets all keys. */
void gst_ae_key_index_reset (GstAeKeyIndex *index);

/* The last key frame that is not later than `time`, in what the sink pad, in
 * pull mode, can read. FALSE: there is none. */
gboolean gst_ae_key_index_find (
    GstAeKeyIndex *index, GstPad *pad, GstClockTime time, GstAeKey *key);

G_END_DECLS

#endif
