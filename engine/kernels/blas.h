/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_BLAS_H
#define AE_KERNELS_BLAS_H

/* OpenBLAS keeps one number of threads for the whole process. Between begin
 * and end it is 1, because our own pool spreads the work; the host program's
 * number comes back when the last user has left. Calls nest and may come from
 * any thread. */
void ae_blas_begin (void);
void ae_blas_end (void);

#endif
