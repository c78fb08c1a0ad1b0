/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool autotune: is the engine's choice between its kernels right here? */

#include <ae/tuning.h>
#include <math.h>
#include <stdio.h>

#include "aetool.h"
#include "progress.h"

static const GOptionEntry entries[] = { { 0 } };

static const char *const methods[] = { "taps", "F(4,3)", "F(6,3)" };

static void
show (double fraction, void *user)
{
  if (progress_due (user))
    progress_show (user, fraction, "timing convolutions");
}

static void
print_ms (double ms)
{
  if (ms == HUGE_VAL)
    printf (" - |");
  else
    printf (" %.3f |", ms);
}

static const char *
name_of (int method)
{
  return method < 0 ? "none" : methods[method];
}

static void
print_table (const AeTuning *t)
{
  printf ("One thread, %s kernels, ms\n\n"
          "| convolution | taps | F(4,3) | F(6,3) | chosen | tuned |\n"
          "| --- | --- | --- | --- | --- | --- |\n",
      ae_cpu_level_name (ae_cpu_level ()));
  for (int i = 0; i < t->n_shapes; i++) {
    const AeTunedShape *s = &t->shapes[i];
    printf ("| %d > %d, %dx%d, %dx%d / %d |", s->ic, s->oc, s->width,
        s->height, s->kernel, s->kernel, s->stride);
    for (int m = 0; m < 3; m++)
      print_ms (s->ms[m]);
    printf (" %s | %s |\n", name_of (s->chosen), name_of (s->tuned));
  }
}

int
aetool_autotune (int argc, char **argv)
{
  if (!aetool_parse (&argc, &argv, "",
          "Times each method of convolution on many shapes, and prints what\n"
          "the engine's choice loses and the costs that lose least: a line of\n"
          "the table in engine/kernels/costs.c.",
          "AE_CPU=avx512 (avx2, sse2, scalar) chooses the kernels.", entries))
    return AETOOL_USAGE;
  if (argc != 1)
    return aetool_usage ("wanted no arguments, found %d", argc - 1);
  AeTuning *t;
  AeError err;
  Progress progress;
  progress_start (&progress, 2);
  AeStatus status = ae_tuning_new (&t, show, &progress, &err);
  progress_end (&progress);
  if (status != AE_OK)
    return aetool_ae_error (&err);
  print_table (t);
  printf ("\nThe choice costs %.1f %% of time; with these costs %.1f %%:\n"
          "{ { %g, %g }, { %g, %g } },\n",
      100 * t->loss, 100 * t->tuned_loss, t->in[0], t->in[1], t->out[0],
      t->out[1]);
  ae_tuning_free (&t);
  return AETOOL_OK;
}
