/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_EVAL_SETS_H
#define AETOOL_EVAL_SETS_H

/* What is evaluated, from files. */

#include "evaluate.h"

G_BEGIN_DECLS

/* Arrays of EvalItem. max_frames: 0 = all. */

/* Folders of pictures, GRAY8, one frame each. */
GPtrArray *eval_load_stills (char **folders, int max_frames, GError **error);

/* Files, folders, patterns or URIs of clips, I420. */
GPtrArray *eval_load_clips (char **names, int max_frames, GError **error);

/* Folders of NAME_noisy.* and NAME_clean.*, RGB. */
GPtrArray *eval_load_pairs (char **folders, int max_frames, GError **error);

G_END_DECLS

#endif
