/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_PICTURE_NET_H
#define AETOOL_PICTURE_NET_H

/* A network that makes rows of numbers of small pictures: codes, features,
 * logits. */

#include <ae/model.h>
#include <glib.h>

#include "picture_set.h"

G_BEGIN_DECLS

typedef struct PictureNet PictureNet;

#define PICTURE_NET_MOST 2 /* outputs */

/* The model at `path`, of the task `task` ("classifier"), with the parts that
 * lead from `frame` (and `class`) to these outputs; NULL and an error when it is
 * no such model. */
PictureNet *picture_net_new (const char *path, const char *task,
    const char *const *outputs, guint n_outputs, int threads, GError **error);

/* The same of a model, which is kept; `name` is what errors call it. */
PictureNet *picture_net_of_model (AeModel *model, const char *name,
    const char *task, const char *const *outputs, guint n_outputs,
    int threads, GError **error);
void picture_net_free (PictureNet *net);

/* Numbers of a picture in an output; classes that it is told of, or tells of (0:
 * none). */
gsize picture_net_values (const PictureNet *net, guint output);
int picture_net_classes (const PictureNet *net);

/* FALSE and an error when the pictures have another size, or no labels where the
 * network has to be told. */
gboolean picture_net_takes (
    const PictureNet *net, const PictureSet *set, GError **error);

/* Scales the pictures of *set to the network's size and channels where they are
 * of others: then it is freed and another takes its place. FALSE and an error
 * when they cannot be scaled, or as above. */
gboolean picture_net_fit (
    const PictureNet *net, PictureSet **set, GError **error);

/* Runs all pictures of a set that it takes: rows[k], n x the values of output k,
 * are written. */
void picture_net_run (
    PictureNet *net, const PictureSet *set, float *const *rows);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PictureNet, picture_net_free)

G_END_DECLS

#endif
