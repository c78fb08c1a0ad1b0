/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_H
#define AETOOL_H

/* What the subcommands of aetool share: one function each, one way to read
 * options and to say what went wrong. */

#include <ae/cpu.h>
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *name;
  int (*run) (int argc, char **argv); /* argv[0] is the command's name */
  const char *summary;
} AetoolCommand;

int aetool_attributes (int argc, char **argv);
int aetool_autotune (int argc, char **argv);
int aetool_bench (int argc, char **argv);
int aetool_compare (int argc, char **argv);
int aetool_eval (int argc, char **argv);
int aetool_eval_anomaly (int argc, char **argv); /* eval --anomaly */
int aetool_eval_autoencoder (int argc, char **argv); /* --autoencoder */
int aetool_eval_classifier (int argc, char **argv); /* --classifier */
int aetool_eval_codec (int argc, char **argv); /* eval --codec */
int aetool_eval_codes (int argc, char **argv); /* eval --codes */
int aetool_eval_generated (int argc, char **argv); /* eval --generated */
int aetool_eval_latent (int argc, char **argv); /* eval --latent */
int aetool_eval_rbm (int argc, char **argv); /* --rbm */
int aetool_idx (int argc, char **argv);
int aetool_info (int argc, char **argv);
int aetool_onnx_test (int argc, char **argv);
int aetool_pan (int argc, char **argv);
int aetool_train (int argc, char **argv);

/* Exit statuses. */
#define AETOOL_OK 0
#define AETOOL_FAILED 1 /* the job was done and its answer is bad */
#define AETOOL_USAGE 2  /* the command line makes no sense */
#define AETOOL_ERROR 3  /* the job could not be done */

/* Parses options; what is left in argv (from 1) are the arguments, *argc
 * counts them with the name. `arguments`: how they are written in --help.
 * FALSE: a message was printed. */
gboolean aetool_parse (int *argc, char ***argv, const char *arguments,
    const char *summary, const char *description,
    const GOptionEntry *options);

/* Prints "aetool: ..." on standard error and returns AETOOL_ERROR. */
int aetool_error (const char *format, ...) G_GNUC_PRINTF (1, 2);
int aetool_ae_error (const AeError *err);
int aetool_g_error (GError *error); /* frees it */
int aetool_usage (const char *format, ...) G_GNUC_PRINTF (1, 2);

#define AETOOL_DOMAIN (aetool_quark ())
GQuark aetool_quark (void);

/* A GError with the engine's text. */
void aetool_set_error (GError **error, const AeError *err);

/* "640x480" -> width and height, 1..16384 each. */
gboolean aetool_parse_size (const char *text, int *width, int *height);

/* "auto", "f32" or "bf16"; NULL is auto. FALSE: a message was printed. */
gboolean aetool_parse_precision (const char *text, AePrecision *precision);

/* "10,20,30" -> doubles >= 0; NULL when it is no such list. */
GArray *aetool_parse_numbers (const char *text);

G_END_DECLS

#endif
