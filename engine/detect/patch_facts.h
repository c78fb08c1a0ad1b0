/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_PATCH_FACTS_H
#define AE_DETECT_PATCH_FACTS_H

/* What a model of pictures knows about how each place usually looks: codes of
 * patches of usual pictures. */

#include <ae/model.h>

#include "detect/prepare.h"
#include "detect/usual.h"
#include "score/local_bank.h"

#define AE_PATCH_STEP 2 /* pixels of the plane from place to place */
#define AE_PATCH_MOST_WINDOW 21

typedef struct {
  AePreparation preparation;
  int window;      /* pixels of the plane along a patch's edge; odd */
  int code;        /* axes */
  int columns, rows; /* places */
  float *mean;     /* window x window: of all patches */
  float *axes;     /* code x (window x window): the first numbers of a code are
                      what a patch, less the mean, has of each; the last one
                      is the contrast around (prepare.h) */
  AeLocalBankShape shape; /* d is code + 1 */
  uint32_t *counts; /* codes of each block */
  size_t n_codes;
  int8_t *codes;   /* n_codes x shape.d, in units of: */
  float *steps;    /* shape.d; above 0 */
  AeUsual *usual;  /* of each place's distance to the nearest code; deviation 0:
                      not looked at */
  AeLocalBank *bank; /* of the codes */
} AePatchFacts;

/* Makes room for what does not depend on the number of codes; all else is 0. Of
 * `shape` only block and reach are taken. Errors: MEMORY. */
AeStatus ae_patch_facts_init (AePatchFacts *facts,
    const AePreparation *preparation, int window, int code,
    const AeLocalBankShape *shape, AeError *err);
void ae_patch_facts_clear (AePatchFacts *facts);

/* Columns and rows of places of a plane. */
void ae_patch_places (
    const AePreparation *preparation, int *columns, int *rows);

/* Stores codes (sum of counts x d) in steps of a byte, and makes the bank of
 * them. owners: see local_bank.h. Errors: those of ae_local_bank_new. */
AeStatus ae_patch_facts_set_codes (AePatchFacts *facts,
    const uint32_t *counts, const float *codes, const uint16_t *owners,
    AeError *err);

/* Whether the model has any: its metadata says so. */
bool ae_patch_facts_are_in (const AeModel *model);

/* Of a model for pictures of width x height. Errors: FORMAT, SHAPE (with what
 * was found and wanted), MEMORY; then they are cleared. */
AeStatus ae_patch_facts_read (AePatchFacts *facts, const AeModel *model,
    int width, int height, AeError *err);

#define AE_PATCH_META "ae.anomaly.patches"
#define AE_PATCH_TEXT 256
void ae_patch_facts_text (
    const AePatchFacts *facts, char text[AE_PATCH_TEXT]);

#endif
