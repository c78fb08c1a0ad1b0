/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Denoises a picture without GStreamer: a program that uses the engine alone.
 *
 *   denoise_picture MODEL.onnx IN.pgm OUT.pgm
 *
 * Reads and writes binary PGM (P5) of 8 bits.
 *   cc denoise_picture.c $(pkg-config --cflags --libs ae) */

#include <ae/denoiser.h>
#include <stdio.h>
#include <stdlib.h>

/* Grey pixels that the caller frees; NULL when it is no such file. */
static uint8_t *
read_pgm (const char *path, int *width, int *height)
{
  FILE *file = fopen (path, "rb");
  uint8_t *pixels = NULL;
  int levels = 0;
  if (file && fscanf (file, "P5 %d %d %d", width, height, &levels) == 3
      && levels == 255 && fgetc (file) != EOF && *width > 0 && *height > 0
      && *width <= 16384 && *height <= 16384) {
    size_t size = (size_t) *width * *height;
    pixels = malloc (size);
    if (pixels && fread (pixels, 1, size, file) != size) {
      free (pixels);
      pixels = NULL;
    }
  }
  if (file)
    fclose (file);
  return pixels;
}

static int
write_pgm (const char *path, const uint8_t *pixels, int width, int height)
{
  FILE *file = fopen (path, "wb");
  size_t size = (size_t) width * height;
  if (!file)
    return 0;
  fprintf (file, "P5\n%d %d\n255\n", width, height);
  size_t written = fwrite (pixels, 1, size, file);
  return fclose (file) == 0 && written == size;
}

/* Denoises in place. */
static AeStatus
denoise (const char *model_path, uint8_t *pixels, int width, int height,
    AeError *err)
{
  AeModel *model = NULL;
  AeDenoiser *denoiser = NULL;
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = width,
    .height = height, .plane = { pixels }, .stride = { width } };
  AeDenoiseParams params = { .strength = 1, .noise_level = -1 };
  AeStatus status = ae_model_load (&model, model_path, err);
  if (status == AE_OK)
    status = ae_denoiser_new (&denoiser, model, NULL, err);
  if (status == AE_OK)
    status = ae_denoiser_bind (denoiser, &image, err);
  if (status == AE_OK) {
    ae_denoiser_process (denoiser, &image, &image, &params);
    printf ("noise found: %.1f grey levels\n",
        ae_denoiser_noise_level (denoiser));
  }
  ae_denoiser_free (&denoiser);
  ae_model_unref (&model);
  return status;
}

int
main (int argc, char **argv)
{
  int width, height;
  AeError err;
  if (argc != 4) {
    fprintf (stderr, "usage: %s MODEL.onnx IN.pgm OUT.pgm\n", argv[0]);
    return 2;
  }
  uint8_t *pixels = read_pgm (argv[2], &width, &height);
  if (!pixels) {
    fprintf (stderr, "%s: wanted a binary PGM of 8 bits\n", argv[2]);
    return 1;
  }
  int ok = denoise (argv[1], pixels, width, height, &err) == AE_OK;
  if (!ok)
    fprintf (stderr, "%s\n", err.text);
  else if (!(ok = write_pgm (argv[3], pixels, width, height)))
    fprintf (stderr, "%s: could not be written\n", argv[3]);
  free (pixels);
  return ok ? 0 : 1;
}
