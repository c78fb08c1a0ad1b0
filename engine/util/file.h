/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_UTIL_FILE_H
#define AE_UTIL_FILE_H

/* Files as the engine meets them: only regular ones are read, whatever the
 * name turns out to be, and a file is replaced whole or not at all. Every
 * error names the path. All functions may be called from any thread. */

#include "util/error.h"

/* Reads the regular file `path`, of 1 to `max` bytes, into a new block that is
 * freed with ae_free. Opening never waits (FIFO) and a device, socket or
 * folder is refused. Errors: NOT_FOUND, IO, FORMAT (empty), LIMIT, MEMORY. */
AeStatus ae_file_read (const char *path, size_t max, void **bytes,
    size_t *size, AeError *err);

/* Makes `bytes` the content of `path`: a temporary file in the same folder is
 * written, synced and renamed over it, and the folder synced. After a failure,
 * a crash or a kill the old file is whole; a failure leaves no temporary file.
 * A symbolic link keeps pointing to what is replaced; permissions are kept;
 * what is not a regular file is refused. Errors: IO, MEMORY. */
AeStatus ae_file_replace (
    const char *path, const void *bytes, size_t size, AeError *err);

/* Opens a regular file inside the open folder `folder` (AT_FDCWD: `name` is a
 * path) for reading; `follow`: symbolic links are followed. The caller closes
 * *fd. */
AeStatus ae_file_open (int folder, const char *name, bool follow, int *fd,
    size_t *size, AeError *err);

/* Opens the folder that holds `path`; the caller closes *fd. */
AeStatus ae_file_open_folder (const char *path, int *fd, AeError *err);

/* Fills `bytes` from `offset`. `name` is for the error text. Errors: IO,
 * FORMAT when the file ends before. */
AeStatus ae_file_read_at (int fd, const char *name, size_t offset,
    void *bytes, size_t size, AeError *err);

#endif
