/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_THUMBNAIL_H
#define AE_TRAIN_THUMBNAIL_H

/* What trainers of small pictures keep: see ae/thumbnail.h. */

#include <ae/thumbnail.h>

#include "util/error.h"

#endif
