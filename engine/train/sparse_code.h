/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_SPARSE_CODE_H
#define AE_TRAIN_SPARSE_CODE_H

/* Codes of which few numbers are not 0: by a price on what they say, or because
 * only the largest are kept.
 *
 * Sources: Olshausen and Field, "Emergence of simple-cell receptive field
 * properties by learning a sparse code for natural images", 1996; Makhzani and
 * Frey, "k-sparse autoencoders", 2014. */

#include "graph/build.h"

/* code (N,n,...), not negative -> the same with all but the `k` largest of each
 * sample (of maps: at each place) 0; where several are the k-th largest, with
 * these too. Where a number is kept its gradient is, too. */
int ae_build_largest (AeBuilder *b, int code, int k);

/* code (N,n,...) -> as code: its absolute values, times the length of what each
 * of the `n` numbers adds to the next layer's values. These are columns of the
 * parameter `weights`, (out,n or more) or (out,n,height,width). Without them a
 * price on a code is paid with smaller numbers and larger weights. */
int ae_build_code_price (
    AeBuilder *b, int code, const char *weights, int n);

#endif
