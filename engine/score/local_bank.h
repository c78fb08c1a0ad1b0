/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SCORE_LOCAL_BANK_H
#define AE_SCORE_LOCAL_BANK_H

/* How far codes of the places of a picture are from the nearest of those that
 * were seen at about the same place: what is usual in one corner is not in
 * another (as PaDiM, Defard et al., 2021, with neighbours instead of a
 * Gaussian).
 *
 * Places are rows x columns; those of a block of block x block of them share
 * codes. A place is compared with the codes of its own block and of those at
 * most `reach` away. */

#include "util/error.h"

typedef struct {
  int columns, rows; /* places; at most 4096 along a side */
  int block;         /* places along a block's edge */
  int reach_x, reach_y; /* blocks to each side */
  int d;             /* numbers of a code */
} AeLocalBankShape;

int ae_local_bank_block_columns (const AeLocalBankShape *shape);
int ae_local_bank_block_rows (const AeLocalBankShape *shape);

/* Never changed once it is made: shared by threads freely. */
typedef struct AeLocalBank AeLocalBank;

/* counts: codes of each block, row by row; codes: those of the first block
 * first (sum of counts x d), copied; owners (may be NULL): of each code, which
 * picture it is of. Errors: ARGUMENT (no code), NUMERIC (one that is not
 * finite), MEMORY. */
AeStatus ae_local_bank_new (AeLocalBank **out, const AeLocalBankShape *shape,
    const uint32_t *counts, const float *codes, const uint16_t *owners,
    AeError *err);
void ae_local_bank_free (AeLocalBank **bank);

/* Floats of scratch for queries with so many threads (0: all). */
size_t ae_local_bank_scratch (const AeLocalBank *bank, int n_threads);

typedef struct {
  const float *codes;    /* rows x columns x d, finite */
  const uint8_t *places; /* those that are asked for; NULL: all */
  const uint8_t *skip;   /* of each owner: not 0 = none of its codes; NULL */
  int n_threads;
} AeLocalQuery;

/* distances: rows x columns; infinite where there is nothing to compare with
 * or nothing was asked. owners (may be NULL): of the nearest code. The same for
 * any number of threads. */
void ae_local_bank_distances (const AeLocalBank *bank,
    const AeLocalQuery *query, float *distances, uint16_t *owners,
    float *scratch);

#endif
