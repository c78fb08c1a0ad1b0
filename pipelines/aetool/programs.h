/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_PROGRAMS_H
#define AETOOL_PROGRAMS_H

/* Other programs that work on raw pictures in files. */

#include "method.h"

G_BEGIN_DECLS

/* Debian's own Python has Debian's OpenCV. */
#define PROGRAMS_PYTHON "/usr/bin/python3"

/* Runs it to its end, its output thrown away; the error has what it said. */
gboolean program_run (const char *const *argv, GError **error);

gboolean program_has_ffmpeg (void);
gboolean program_has_opencv (void);

/* "yuv420p", ... as ffmpeg names a format. */
const char *program_pixels (GstVideoFormat format);

/* All pictures, one after the other. */
gboolean raw_write (
    const Pictures *pictures, const char *path, GError **error);

/* As many pictures as went in; a program may not give fewer. */
Pictures *raw_read (const Picture *format, guint count, const char *path,
    GError **error);

G_END_DECLS

#endif
