/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_FACT_READER_H
#define AE_DETECT_FACT_READER_H

/* Constants and metadata of a model file, with errors that say what was found
 * and what was wanted. */

#include <ae/model.h>

#include "util/error.h"

/* Always fails with FORMAT. */
AeStatus ae_fact_bad_meta (const AeModel *model, const char *key,
    const char *wanted, AeError *err);

/* A constant of that type; its floats are finite. Errors (NULL): FORMAT. */
const AeTensor *ae_fact_find (
    const AeModel *model, const char *name, AeType type, AeError *err);

/* One of that shape too. Errors (NULL): FORMAT, SHAPE. */
const void *ae_fact_find_shaped (const AeModel *model, const char *name,
    AeType type, AeShape wanted, AeError *err);

#endif
