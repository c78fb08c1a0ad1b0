/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/blas.h"

#include <cblas.h>
#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users, host_threads;

void
ae_blas_begin (void)
{
  pthread_mutex_lock (&lock);
  if (users++ == 0) {
    host_threads = openblas_get_num_threads ();
    if (host_threads != 1)
      openblas_set_num_threads (1);
  }
  pthread_mutex_unlock (&lock);
}

void
ae_blas_end (void)
{
  pthread_mutex_lock (&lock);
  if (--users == 0 && host_threads != 1)
    openblas_set_num_threads (host_threads);
  pthread_mutex_unlock (&lock);
}
