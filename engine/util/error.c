/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

AeStatus
ae_fail (AeError *err, AeStatus status, const char *format, ...)
{
  if (err) {
    va_list args;
    va_start (args, format);
    vsnprintf (err->text, sizeof err->text, format, args);
    va_end (args);
    err->status = status;
  }
  return status;
}

AeStatus
ae_fail_prefix (AeError *err, AeStatus status, const char *format, ...)
{
  if (err) {
    char rest[sizeof err->text];
    memcpy (rest, err->text, sizeof rest);
    va_list args;
    va_start (args, format);
    int n = vsnprintf (err->text, sizeof err->text, format, args);
    va_end (args);
    size_t used = n < 0 ? 0 : (size_t) n;
    if (used + 3 < sizeof err->text) {
      memcpy (err->text + used, ": ", 2);
      used += 2;
      size_t left = sizeof err->text - used - 1;
      size_t copied = strnlen (rest, sizeof rest - 1);
      copied = copied < left ? copied : left;
      memcpy (err->text + used, rest, copied);
      err->text[used + copied] = '\0';
    }
    err->status = status;
  }
  return status;
}
