/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_THUMBNAIL_H
#define AE_THUMBNAIL_H

/* Pictures of any kind as small ones of one size, as they are displayed: grey,
 * or R, G, B. Y, U, V are taken to be of video range (16 to 235 and 240), grey
 * and R, G, B of full range. What networks of small pictures are trained on.
 * Thread-safe: no state. */

#include <ae/image.h>

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int width, height, channels; /* 1 or 3 */
} AeThumbnailSize;

AE_API size_t ae_thumbnail_bytes (const AeThumbnailSize *size);

/* to: (channels, height, width) bytes. Errors: ARGUMENT (not a picture, or of
 * other proportions: more than AE_THUMBNAIL_STRETCH of a difference; or of less
 * than half the size), MEMORY. */
#define AE_THUMBNAIL_STRETCH 0.02
AE_API AeStatus ae_thumbnail_make (const AeThumbnailSize *size,
    const AeImage *image, uint8_t *to, AeError *err);

#ifdef __cplusplus
}
#endif

#endif
