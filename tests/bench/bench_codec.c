/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times the entropy coder in one thread: million symbols per second each way
 * with contexts, and the bytes beside the entropy of the tables. */
#include "codec_net.h"

#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CHANNELS = 384, CORE = 64, ROWS = 30, COLUMNS = 40, REPEATS = 15 };

static double
now_s (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static AeLatents
make_latents (void)
{
  AeLatents l
      = { .channels = CHANNELS, .rows = ROWS, .columns = COLUMNS };
  AeRng rng;
  ae_rng_seed (&rng, 1);
  l.values = ae_alloc (sizeof *l.values * CHANNELS * ROWS * COLUMNS);
  for (int c = 0; l.values && c < CHANNELS; c++)
    for (int p = 0; p < ROWS * COLUMNS; p++) {
      double deviation = exp (1.5 - 6.0 * c / CHANNELS)
          * (0.2 + pow (sin (p * 0.05), 2));
      l.values[c * ROWS * COLUMNS + p]
          = (int16_t) lrint (ae_rng_normal (&rng) * deviation);
    }
  return l;
}

static double
least (double a, double b)
{
  return a < b ? a : b;
}

int
main (void)
{
  AeLatents l = make_latents ();
  AeLatentCounts *counts;
  AeLatentScratch s = { 0 };
  AeLatentTables m;
  AeLatentLevel t;
  AeRansWriter w = { 0 };
  AeError err;
  double bits, write = HUGE_VAL, read = HUGE_VAL;
  size_t n = (size_t) CHANNELS * ROWS * COLUMNS, size = 0;
  codec_net_tables (&m, CHANNELS, CORE);
  if (!l.values || ae_latent_level_init (&t, &m, &err)
      || ae_latent_counts_new (&counts, &err)
      || ae_latent_counts_add (counts, &t, &l, &s, &err))
    abort ();
  ae_latent_tables_fit (&m, counts);
  if (ae_latents_cost (&t, &l, &s, &bits, &err))
    abort ();
  uint8_t *bytes = NULL;
  for (int i = 0; i < REPEATS; i++) {
    double start = now_s ();
    if (ae_latents_put (&w, &t, &l, &s, &err))
      abort ();
    if (!bytes)
      bytes = ae_alloc (ae_rans_bound (&w));
    size = ae_rans_finish (&w, bytes);
    double middle = now_s ();
    AeRansReader r;
    ae_rans_reader_open (&r, bytes, size);
    if (ae_latents_get (&r, &t, &l, &s, &err) || !ae_rans_is_done (&r))
      abort ();
    write = least (write, middle - start);
    read = least (read, now_s () - middle);
  }
  printf ("entropy coder, %zu symbols, %.2f bits each, one thread\n", n,
      bits / (double) n);
  printf ("encode %.1f million symbols per second, decode %.1f\n",
      1e-6 * (double) n / write, 1e-6 * (double) n / read);
  printf ("%zu bytes, the entropy of the tables is %.0f: %+.2f %%\n", size,
      bits / 8, 100 * (8 * (double) size / bits - 1));
  ae_free (bytes);
  ae_free (l.values);
  ae_rans_writer_clear (&w);
  ae_latent_level_clear (&t);
  ae_latent_tables_clear (&m);
  ae_latent_scratch_clear (&s);
  ae_latent_counts_free (&counts);
  return 0;
}
