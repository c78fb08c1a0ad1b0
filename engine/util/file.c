/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/file.h"

#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* `verb path: strerror`; NOT_FOUND when that is what errno says. */
static AeStatus
fail_errno (AeError *err, const char *verb, const char *path)
{
  int code = errno;
  return ae_fail (err,
      code == ENOENT || code == ENOTDIR ? AE_ERROR_NOT_FOUND : AE_ERROR_IO,
      "cannot %s '%s': %s", verb, path, strerror (code));
}

static const char *
kind_of (mode_t mode)
{
  return S_ISDIR (mode) ? "a folder"
      : S_ISFIFO (mode) ? "a FIFO"
      : S_ISCHR (mode) || S_ISBLK (mode) ? "a device"
      : S_ISSOCK (mode) ? "a socket"
                        : "something else";
}

AeStatus
ae_file_open (int folder, const char *name, bool follow, int *fd,
    size_t *size, AeError *err)
{
  *size = 0;
  /* O_NONBLOCK: a FIFO without a writer must not hold us. */
  int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  *fd = openat (folder, name, flags | (follow ? 0 : O_NOFOLLOW));
  if (*fd < 0)
    return fail_errno (err, "open", name);
  struct stat info;
  AeStatus status = AE_OK;
  if (fstat (*fd, &info) != 0)
    status = fail_errno (err, "examine", name);
  else if (!S_ISREG (info.st_mode))
    status = ae_fail (err, AE_ERROR_IO,
        "cannot read '%s': it is %s, wanted a regular file", name,
        kind_of (info.st_mode));
  if (status == AE_OK) {
    *size = (size_t) info.st_size;
    return AE_OK;
  }
  close (*fd);
  *fd = -1;
  return status;
}

AeStatus
ae_file_read_at (int fd, const char *name, size_t offset, void *bytes,
    size_t size, AeError *err)
{
  for (size_t done = 0; done < size;) {
    ssize_t got = pread (
        fd, (char *) bytes + done, size - done, (off_t) (offset + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return fail_errno (err, "read", name);
    if (got == 0)
      return ae_fail (err, AE_ERROR_FORMAT,
          "'%s' ends after %zu bytes, wanted %zu", name, offset + done,
          offset + size);
    done += (size_t) got;
  }
  return AE_OK;
}

AeStatus
ae_file_read (const char *path, size_t max, void **bytes, size_t *size,
    AeError *err)
{
  *bytes = NULL;
  *size = 0;
  int fd;
  size_t length = 0;
  AeStatus status = ae_file_open (AT_FDCWD, path, true, &fd, &length, err);
  if (status != AE_OK)
    return status;
  if (length == 0)
    status = ae_fail (err, AE_ERROR_FORMAT, "'%s' is empty", path);
  else if (length > max)
    status = ae_fail (err, AE_ERROR_LIMIT,
        "'%s' has %zu bytes, wanted at most %zu", path, length, max);
  else if (!(*bytes = ae_alloc (length)))
    status = ae_fail (err, AE_ERROR_MEMORY,
        "out of memory for the %zu bytes of '%s'", length, path);
  else
    status = ae_file_read_at (fd, path, 0, *bytes, length, err);
  close (fd);
  if (status == AE_OK) {
    *size = length;
  } else {
    ae_free (*bytes);
    *bytes = NULL;
  }
  return status;
}

AeStatus
ae_file_open_folder (const char *path, int *fd, AeError *err)
{
  char folder[PATH_MAX];
  const char *slash = strrchr (path, '/');
  size_t length = slash ? (size_t) (slash - path) + 1 : 0;
  if (length >= sizeof folder)
    return ae_fail (err, AE_ERROR_IO, "the path of %zu characters is too long",
        strlen (path));
  memcpy (folder, path, length);
  folder[length] = '\0';
  *fd = open (length ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return *fd < 0 ? fail_errno (err, "open the folder of", path) : AE_OK;
}

static AeStatus
write_all (int fd, const char *path, const void *bytes, size_t size,
    AeError *err)
{
  for (size_t done = 0; done < size;) {
    ssize_t put = write (fd, (const char *) bytes + done, size - done);
    if (put < 0 && errno == EINTR)
      continue;
    if (put < 0)
      return fail_errno (err, "write", path);
    done += (size_t) put;
  }
  return AE_OK;
}

/* A write beyond RLIMIT_FSIZE raises SIGXFSZ, which ends the process; with the
 * signal held back it is EFBIG like any other error. */
typedef struct {
  sigset_t old;
  bool was_pending;
} SizeSignal;

static void
hold_size_signal (SizeSignal *held)
{
  sigset_t pending, set;
  sigemptyset (&set);
  sigaddset (&set, SIGXFSZ);
  sigpending (&pending);
  held->was_pending = sigismember (&pending, SIGXFSZ) == 1;
  pthread_sigmask (SIG_BLOCK, &set, &held->old);
}

static void
release_size_signal (const SizeSignal *held)
{
  sigset_t set;
  sigemptyset (&set);
  sigaddset (&set, SIGXFSZ);
  struct timespec at_once = { 0 };
  if (!held->was_pending)
    while (sigtimedwait (&set, NULL, &at_once) < 0 && errno == EINTR)
      ;
  pthread_sigmask (SIG_SETMASK, &held->old, NULL);
}

/* Makes a new file in `folder` under a name nobody uses. */
static int
open_temporary (int folder, char *name, size_t size)
{
  for (unsigned i = 0; i < 1000; i++) {
    snprintf (name, size, ".ae-%ld-%u.tmp", (long) getpid (), i);
    int fd = openat (folder, name,
        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != EEXIST)
      return fd;
  }
  return -1;
}

static AeStatus
fill_temporary (int fd, const char *path, const struct stat *old,
    const void *bytes, size_t size, AeError *err)
{
  if (old && fchmod (fd, old->st_mode & 07777) != 0)
    return fail_errno (err, "keep the permissions of", path);
  SizeSignal held;
  hold_size_signal (&held);
  AeStatus status = write_all (fd, path, bytes, size, err);
  if (status == AE_OK && fsync (fd) != 0)
    status = fail_errno (err, "write", path);
  release_size_signal (&held);
  return status;
}

/* Some file systems cannot sync a folder and say so; that is no failure. */
static AeStatus
sync_folder (int folder, const char *path, AeError *err)
{
  if (fsync (folder) == 0 || errno == EINVAL || errno == ENOTSUP)
    return AE_OK;
  return fail_errno (err, "sync the folder of", path);
}

static AeStatus
replace_in (int folder, const char *path, const char *base,
    const struct stat *old, const void *bytes, size_t size, AeError *err)
{
  char temporary[64];
  int fd = open_temporary (folder, temporary, sizeof temporary);
  if (fd < 0)
    return fail_errno (err, "create a file beside", path);
  AeStatus status = fill_temporary (fd, path, old, bytes, size, err);
  if (close (fd) != 0 && status == AE_OK && errno != EINTR)
    status = fail_errno (err, "write", path);
  if (status == AE_OK && renameat (folder, temporary, folder, base) != 0)
    status = fail_errno (err, "replace", path);
  if (status != AE_OK) {
    unlinkat (folder, temporary, 0);
    return status;
  }
  return sync_folder (folder, path, err);
}

AeStatus
ae_file_replace (
    const char *path, const void *bytes, size_t size, AeError *err)
{
  char real[PATH_MAX];
  struct stat old;
  bool exists = stat (path, &old) == 0;
  if (exists && !S_ISREG (old.st_mode))
    return ae_fail (err, AE_ERROR_IO,
        "cannot replace '%s': it is %s, wanted a regular file", path,
        kind_of (old.st_mode));
  /* Through a link, the file it points to is the one to replace. */
  const char *target = exists && realpath (path, real) ? real : path;
  const char *slash = strrchr (target, '/');
  const char *base = slash ? slash + 1 : target;
  if (!*base)
    return ae_fail (err, AE_ERROR_IO, "'%s' names no file", path);
  int folder;
  AeStatus status = ae_file_open_folder (target, &folder, err);
  if (status != AE_OK)
    return status;
  status = replace_in (
      folder, path, base, exists ? &old : NULL, bytes, size, err);
  close (folder);
  return status;
}
