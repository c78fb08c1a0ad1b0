/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/picture_crops.h"

#include "train/whitening.h"
#include "util/mem.h"
#include "video/pixel_rows.h"

#include <string.h>

/* bytes (channels,height,width) */
static AeStatus
whiten (uint8_t *bytes, const AeThumbnailSize *whole, AeError *err)
{
  size_t n = (size_t) whole->width * (size_t) whole->height;
  float *plane = ae_calloc (n, sizeof *plane);
  if (!plane)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory to whiten a picture");
  AeStatus status = AE_OK;
  for (int c = 0; c < whole->channels && status == AE_OK; c++, bytes += n) {
    for (size_t i = 0; i < n; i++)
      plane[i] = bytes[i];
    status = ae_whiten (plane, whole->width, whole->height, err);
    for (size_t i = 0; i < n; i++) {
      float v = 127.5f * (1 + plane[i] / AE_WHITENED_RANGE);
      bytes[i] = v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t) (v + 0.5f);
    }
  }
  ae_free (plane);
  return status;
}

static void
cut (uint8_t *to, const AeThumbnailSize *size, const uint8_t *from,
    const AeThumbnailSize *whole, size_t x, size_t y)
{
  size_t width = (size_t) size->width;
  for (int c = 0; c < size->channels; c++)
    for (int row = 0; row < size->height; row++, to += width) {
      size_t line = (size_t) c * (size_t) whole->height + y + (size_t) row;
      memcpy (to, from + line * (size_t) whole->width + x, width);
    }
}

static AeStatus
add_crops (AePictureCrops *crops, AePictureStore *store,
    const AeThumbnailSize *size, const uint8_t *from,
    const AeThumbnailSize *whole, int label, AeError *err)
{
  uint8_t *part = ae_alloc (ae_thumbnail_bytes (size));
  AeStatus status = part
      ? AE_OK
      : ae_fail (err, AE_ERROR_MEMORY, "no memory for parts of a picture");
  uint32_t across = (uint32_t) (whole->width - size->width + 1);
  uint32_t down = (uint32_t) (whole->height - size->height + 1);
  for (int i = 0; i < crops->n && status == AE_OK; i++) {
    uint32_t x = ae_rng_below (&crops->rng, across);
    cut (part, size, from, whole, x, ae_rng_below (&crops->rng, down));
    status = ae_picture_store_put (store, part, label, err);
  }
  ae_free (part);
  return status;
}

AeStatus
ae_picture_crops_add (AePictureCrops *crops, AePictureStore *store,
    const AeThumbnailSize *size, const AeImage *image, int label,
    AeError *err)
{
  AeStatus status = ae_image_check (image, err);
  if (status != AE_OK)
    return status;
  if (image->width < size->width || image->height < size->height)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a picture of %dx%d, wanted at least %dx%d to cut from: see the "
        "recipe's size",
        image->width, image->height, size->width, size->height);
  AeThumbnailSize whole = { image->width, image->height, size->channels };
  uint8_t *bytes = ae_alloc (ae_thumbnail_bytes (&whole));
  if (!bytes)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for another picture");
  status = ae_thumbnail_make (&whole, image, bytes, err);
  if (status == AE_OK && crops->whiten)
    status = whiten (bytes, &whole, err);
  if (status == AE_OK)
    status = add_crops (crops, store, size, bytes, &whole, label, err);
  ae_free (bytes);
  return status;
}
