/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TEST_Y4M_H
#define AE_TEST_Y4M_H

/* Luma of pictures and clips of any format, through the program ffmpeg. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  FILE *pipe;
  int width, height;
} Y4m;

/* False when there is no such file or no ffmpeg. Frames after the first
 * `n_frames` are not decoded. */
static inline int
y4m_open (Y4m *y, const char *path, int n_frames)
{
  char command[600], header[200] = "";
  snprintf (command, sizeof command,
      "ffmpeg -nostdin -v error -i '%s' -frames:v %d -vf format=gray "
      "-strict -1 -f yuv4mpegpipe - 2>&1",
      path, n_frames);
  y->pipe = popen (command, "r");
  if (y->pipe && fgets (header, sizeof header, y->pipe)
      && sscanf (header, "YUV4MPEG2 W%d H%d", &y->width, &y->height) == 2)
    return 1;
  fprintf (stderr, "%s: %s\n", path, header);
  if (y->pipe)
    pclose (y->pipe);
  y->pipe = NULL;
  return 0;
}

/* Fills width x height bytes; false at the end. */
static inline int
y4m_read (Y4m *y, uint8_t *luma)
{
  char line[200];
  size_t n = (size_t) y->width * (size_t) y->height;
  return fgets (line, sizeof line, y->pipe)
         && strncmp (line, "FRAME", 5) == 0
         && fread (luma, 1, n, y->pipe) == n;
}

static inline void
y4m_close (Y4m *y)
{
  if (y->pipe)
    pclose (y->pipe);
  y->pipe = NULL;
}

#endif
