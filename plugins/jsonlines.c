/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "jsonlines.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long the thread waits before it looks whether it is to end. */
#define WAIT_MS 50
/* What is left at the end is written for so long. */
#define DRAIN_US G_USEC_PER_SEC

struct _GstAeJsonLines {
  gchar *location;
  gboolean is_pipe; /* a named one: its readers come and go */
  GstAeJsonLinesTrouble trouble;
  gpointer user;
  GThread *thread;

  GMutex lock;
  GCond cond;
  GQueue waiting; /* of gchar * */
  gboolean quit;
  gint64 quit_at; /* monotonic time, us: nothing is written after that */
  guint64 dropped;

  /* The thread's. */
  int fd;           /* -1 = a pipe without a reader */
  gboolean torn;    /* part of a line was written, its end was not */
  gboolean told_reader, told_write;
};

static void
drop (GstAeJsonLines *l, guint64 n)
{
  g_mutex_lock (&l->lock);
  l->dropped += n;
  g_mutex_unlock (&l->lock);
}

static gboolean
too_late (GstAeJsonLines *l)
{
  g_mutex_lock (&l->lock);
  gboolean late = l->quit && g_get_monotonic_time () >= l->quit_at;
  g_mutex_unlock (&l->lock);
  return late;
}

static void
tell (GstAeJsonLines *l, gboolean *told, const gchar *what)
{
  AeError error = { 0 };

  if (*told)
    return;
  *told = TRUE;
  gst_ae_error_set (&error, AE_ERROR_IO, "%s: %s: lines are dropped",
      l->location, what);
  l->trouble (l->user, &error);
}

/* TRUE when the pipe has a reader, at last. */
static gboolean
open_pipe (GstAeJsonLines *l)
{
  while (l->fd < 0 && !too_late (l)) {
    l->fd = open (l->location, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (l->fd >= 0)
      break;
    tell (l, &l->told_reader,
        errno == ENXIO ? "expected a reader of the pipe, found none"
                       : g_strerror (errno));
    g_mutex_lock (&l->lock);
    gboolean quit = l->quit;
    g_mutex_unlock (&l->lock);
    if (quit) /* nobody will come now */
      return FALSE;
    g_usleep (WAIT_MS * 1000);
  }
  return l->fd >= 0;
}

static void
lose_reader (GstAeJsonLines *l)
{
  tell (l, &l->told_reader, g_strerror (EPIPE));
  if (l->is_pipe) {
    close (l->fd);
    l->fd = -1;
  }
  l->torn = FALSE; /* the next reader sees none of it */
}

/* No more at once than fits into a pipe that has room: the standard output
 * is not ours to make non-blocking. */
static gboolean
write_all (GstAeJsonLines *l, const gchar *bytes, gsize size)
{
  for (gsize at = 0; at < size;) {
    struct pollfd p = { l->fd, POLLOUT, 0 };
    if (too_late (l))
      return FALSE;
    if (poll (&p, 1, WAIT_MS) <= 0)
      continue;
    gssize n = write (l->fd, bytes + at, MIN (size - at, PIPE_BUF));
    if (n > 0) {
      at += (gsize) n;
      l->torn = at < size;
    } else if (n < 0 && errno == EPIPE) {
      lose_reader (l);
      return FALSE;
    } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
      tell (l, &l->told_write, g_strerror (errno));
      return FALSE;
    }
  }
  return TRUE;
}

static void
write_line (GstAeJsonLines *l, const gchar *line)
{
  gboolean torn = l->torn;

  if (!open_pipe (l)) {
    drop (l, 1);
    return;
  }
  gchar *text = g_strdup_printf ("%s%s\n", torn ? "\n" : "", line);
  if (!write_all (l, text, strlen (text)))
    drop (l, 1);
  g_free (text);
}

static gpointer
writer_main (gpointer data)
{
  GstAeJsonLines *l = data;
  sigset_t set;

  /* A reader that leaves is an error here, not the end of the process. */
  sigemptyset (&set);
  sigaddset (&set, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &set, NULL);

  g_mutex_lock (&l->lock);
  while (!l->quit || !g_queue_is_empty (&l->waiting)) {
    gchar *line = g_queue_pop_head (&l->waiting);
    if (line == NULL) {
      g_cond_wait (&l->cond, &l->lock);
      continue;
    }
    g_mutex_unlock (&l->lock);
    write_line (l, line);
    g_free (line);
    g_mutex_lock (&l->lock);
  }
  g_mutex_unlock (&l->lock);
  return NULL;
}

/* A named pipe is opened by the thread, which can wait for its reader. Lines are
 * appended: a file that others write to as well, or cut, keeps whole lines. */
static gboolean
open_location (GstAeJsonLines *l, AeError *error)
{
  struct stat st;

  l->fd = -1;
  if (strcmp (l->location, "-") == 0) {
    l->fd = dup (STDOUT_FILENO);
  } else if (stat (l->location, &st) == 0 && S_ISFIFO (st.st_mode)) {
    l->is_pipe = TRUE;
    if (access (l->location, W_OK) == 0)
      return TRUE;
  } else {
    l->fd = open (l->location,
        O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NONBLOCK | O_CLOEXEC,
        0666);
  }
  if (l->fd >= 0)
    return TRUE;
  gst_ae_error_set (error,
      errno == ENOENT || errno == ENOTDIR ? AE_ERROR_NOT_FOUND : AE_ERROR_IO,
      "%s: expected a file or a pipe to write JSON lines to: %s", l->location,
      g_strerror (errno));
  return FALSE;
}

static void
free_parts (GstAeJsonLines *l)
{
  if (l->fd >= 0)
    close (l->fd);
  g_queue_clear_full (&l->waiting, g_free);
  g_cond_clear (&l->cond);
  g_mutex_clear (&l->lock);
  g_free (l->location);
  g_free (l);
}

GstAeJsonLines *
gst_ae_json_lines_new (const gchar *location, GstAeJsonLinesTrouble trouble,
    gpointer user, AeError *error)
{
  GstAeJsonLines *l = g_new0 (GstAeJsonLines, 1);

  l->location = g_strdup (location);
  l->trouble = trouble;
  l->user = user;
  g_mutex_init (&l->lock);
  g_cond_init (&l->cond);
  g_queue_init (&l->waiting);
  gboolean good = open_location (l, error);
  if (good) {
    l->thread = g_thread_try_new ("json-lines", writer_main, l, NULL);
    good = l->thread != NULL;
    if (!good)
      gst_ae_error_set (error, AE_ERROR_MEMORY,
          "%s: no thread to write JSON lines with", location);
  }
  if (good)
    return l;
  free_parts (l);
  return NULL;
}

void
gst_ae_json_lines_free (GstAeJsonLines **lines)
{
  GstAeJsonLines *l = *lines;

  *lines = NULL;
  if (l == NULL)
    return;
  g_mutex_lock (&l->lock);
  l->quit = TRUE;
  l->quit_at = g_get_monotonic_time () + DRAIN_US;
  g_cond_signal (&l->cond);
  g_mutex_unlock (&l->lock);
  g_thread_join (l->thread);
  free_parts (l);
}

void
gst_ae_json_lines_add (GstAeJsonLines *l, gchar *line)
{
  g_mutex_lock (&l->lock);
  gboolean room = g_queue_get_length (&l->waiting) < GST_AE_JSON_LINES_MAX;
  if (room) {
    g_queue_push_tail (&l->waiting, g_steal_pointer (&line));
    g_cond_signal (&l->cond);
  } else {
    l->dropped++;
  }
  g_mutex_unlock (&l->lock);
  g_free (line);
}

guint64
gst_ae_json_lines_dropped (GstAeJsonLines *l)
{
  g_mutex_lock (&l->lock);
  guint64 n = l->dropped;
  g_mutex_unlock (&l->lock);
  return n;
}
