/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "train/checkpoint.h"
#include "util/file.h"
#include "util/mem.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define N 5

static char path[] = "/tmp/ae-checkpoint-XXXXXX";

static void
setup (void)
{
  strcpy (path + sizeof path - 7, "XXXXXX");
  int fd = mkstemp (path);
  ck_assert_int_ge (fd, 0);
  close (fd);
}

static void
teardown (void)
{
  unlink (path);
}

typedef struct {
  float blocks[3][N];
  char extra[7];
  AeCheckpoint c;
} State;

static void
make_state (State *s, float value)
{
  for (int b = 0; b < 3; b++)
    for (int i = 0; i < N; i++)
      s->blocks[b][i] = value + b * N + i;
  memset (s->extra, (int) value, sizeof s->extra);
  s->c = (AeCheckpoint){ .structure = 1234,
    .seed = 99,
    .step = (int64_t) value,
    .n_elements = N,
    .n_blocks = 3,
    .block = { s->blocks[0], s->blocks[1], s->blocks[2] },
    .extra = s->extra,
    .n_extra = sizeof s->extra };
}

static bool
unchanged (const State *s, float value)
{
  State fresh;
  make_state (&fresh, value);
  return memcmp (s->blocks, fresh.blocks, sizeof fresh.blocks) == 0
      && memcmp (s->extra, fresh.extra, sizeof fresh.extra) == 0
      && s->c.step == fresh.c.step;
}

START_TEST (test_what_was_saved_comes_back)
{
  State saved, s;
  make_state (&saved, 7);
  make_state (&s, 50);
  s.c.seed = 1;
  AeError err = { 0 };
  ck_assert_int_eq (ae_checkpoint_save (&saved.c, path, &err), AE_OK);
  ck_assert_msg (ae_checkpoint_restore (&s.c, path, &err) == AE_OK, "%s",
      err.text);
  ck_assert (unchanged (&s, 7));
  ck_assert_uint_eq (s.c.seed, 99);
}
END_TEST

static void
read_saved (void **bytes, size_t *size)
{
  State saved;
  make_state (&saved, 7);
  ck_assert_int_eq (ae_checkpoint_save (&saved.c, path, NULL), AE_OK);
  ck_assert_int_eq (
      ae_file_read (path, 1 << 20, bytes, size, NULL), AE_OK);
}

START_TEST (test_every_truncation_is_refused)
{
  void *bytes;
  size_t size;
  read_saved (&bytes, &size);
  for (size_t n = 0; n < size; n++) {
    FILE *f = fopen (path, "wb");
    ck_assert_uint_eq (fwrite (bytes, 1, n, f), n);
    fclose (f);
    State s;
    make_state (&s, 50);
    ck_assert_int_eq (ae_checkpoint_restore (&s.c, path, NULL), AE_ERROR_FORMAT);
    ck_assert (unchanged (&s, 50));
  }
  ae_free (bytes);
}
END_TEST

START_TEST (test_every_changed_byte_is_refused)
{
  void *bytes;
  size_t size;
  read_saved (&bytes, &size);
  for (size_t i = 0; i < size; i++) {
    ((uint8_t *) bytes)[i] ^= 0x40;
    FILE *f = fopen (path, "wb");
    ck_assert_uint_eq (fwrite (bytes, 1, size, f), size);
    fclose (f);
    ((uint8_t *) bytes)[i] ^= 0x40;
    State s;
    make_state (&s, 50);
    ck_assert_int_ne (ae_checkpoint_restore (&s.c, path, NULL), AE_OK);
    ck_assert (unchanged (&s, 50));
  }
  ae_free (bytes);
}
END_TEST

START_TEST (test_other_models_checkpoint_is_refused)
{
  State saved, s;
  AeError err;
  make_state (&saved, 7);
  ck_assert_int_eq (ae_checkpoint_save (&saved.c, path, NULL), AE_OK);
  for (int what = 0; what < 4; what++) {
    make_state (&s, 50);
    s.c.structure += what == 0;
    s.c.n_elements -= what == 1;
    s.c.n_blocks -= what == 2;
    s.c.n_extra -= what == 3;
    ck_assert_int_eq (
        ae_checkpoint_restore (&s.c, path, &err), AE_ERROR_SHAPE);
    ck_assert_ptr_nonnull (strstr (err.text, path));
    ck_assert (unchanged (&s, 50));
  }
}
END_TEST

/* Blocks of 5, 3 and 2 elements. */
START_TEST (test_blocks_of_other_sizes_come_back)
{
  static const int size[3] = { 5, 3, 2 };
  State saved, s;
  AeError err = { 0 };
  make_state (&saved, 7);
  make_state (&s, 50);
  saved.c.block_elements[1] = s.c.block_elements[1] = 3;
  saved.c.block_elements[2] = s.c.block_elements[2] = 2;
  saved.blocks[1][3] = NAN; /* not of the block any more */
  ck_assert_int_eq (ae_checkpoint_save (&saved.c, path, NULL), AE_OK);
  ck_assert_msg (ae_checkpoint_restore (&s.c, path, &err) == AE_OK, "%s",
      err.text);
  for (int b = 0; b < 3; b++)
    for (int i = 0; i < N; i++)
      ck_assert_float_eq (
          s.blocks[b][i], (i < size[b] ? 7 : 50) + b * N + i);
  ck_assert (memcmp (s.extra, saved.extra, sizeof s.extra) == 0);
  make_state (&s, 50);
  ck_assert_int_eq (
      ae_checkpoint_restore (&s.c, path, &err), AE_ERROR_SHAPE);
  ck_assert (unchanged (&s, 50));
}
END_TEST

START_TEST (test_what_is_not_finite_is_not_saved)
{
  static const float bad[] = { NAN, INFINITY, -INFINITY };
  State saved, s;
  AeError err;
  make_state (&saved, 7);
  ck_assert_int_eq (ae_checkpoint_save (&saved.c, path, NULL), AE_OK);
  make_state (&s, 50);
  s.blocks[_i][N - 1] = bad[_i];
  ck_assert_int_eq (ae_checkpoint_save (&s.c, path, &err), AE_ERROR_NUMERIC);
  ck_assert_ptr_nonnull (strstr (err.text, path));
  make_state (&s, 50);
  ck_assert_int_eq (ae_checkpoint_restore (&s.c, path, NULL), AE_OK);
  ck_assert (unchanged (&s, 7));
}
END_TEST

/* A state of 1.5 MiB, all of one value. */
#define MANY 100000

static void
make_large (State *s, float *values, float value)
{
  make_state (s, value);
  for (int i = 0; i < MANY; i++)
    values[i] = value;
  s->c.n_elements = MANY;
  for (int b = 0; b < 3; b++)
    s->c.block[b] = values;
}

START_TEST (test_a_full_disk_leaves_the_old_checkpoint)
{
  State s;
  float *values = ae_alloc (MANY * sizeof *values);
  make_large (&s, values, 7);
  ck_assert_int_eq (ae_checkpoint_save (&s.c, path, NULL), AE_OK);
  pid_t child = fork ();
  if (child == 0) {
    struct rlimit limit = { MANY, MANY };
    setrlimit (RLIMIT_FSIZE, &limit);
    make_large (&s, values, 8);
    _exit (ae_checkpoint_save (&s.c, path, NULL));
  }
  int status;
  waitpid (child, &status, 0);
  ck_assert_msg (WIFEXITED (status), "the child was killed");
  ck_assert_int_eq (WEXITSTATUS (status), AE_ERROR_IO);
  make_large (&s, values, 50);
  ck_assert_int_eq (ae_checkpoint_restore (&s.c, path, NULL), AE_OK);
  ck_assert_int_eq (s.c.step, 7);
  ck_assert_float_eq (values[MANY - 1], 7);
  ae_free (values);
}
END_TEST

/* Saves without end, values 1, 2, 1, 2, ... */
static void
save_for_ever (State *s, float *values)
{
  for (int i = 0;; i++) {
    make_large (s, values, (float) (1 + i % 2));
    if (ae_checkpoint_save (&s->c, path, NULL) != AE_OK)
      _exit (1);
  }
}

/* Whatever moment the writer dies at, a whole checkpoint is there. */
START_TEST (test_a_killed_writer_leaves_a_whole_checkpoint)
{
  State s;
  float *values = ae_alloc (MANY * sizeof *values);
  make_large (&s, values, 2);
  ck_assert_int_eq (ae_checkpoint_save (&s.c, path, NULL), AE_OK);
  for (int n = 0; n < 40; n++) {
    pid_t child = fork ();
    if (child == 0)
      save_for_ever (&s, values);
    usleep ((useconds_t) (500 + 977 * n % 20000));
    kill (child, SIGKILL);
    int status;
    waitpid (child, &status, 0);
    ck_assert_msg (WIFSIGNALED (status), "the child could not save");
    make_large (&s, values, 50);
    AeError err;
    ck_assert_msg (ae_checkpoint_restore (&s.c, path, &err) == AE_OK, "%s",
        err.text);
    ck_assert (s.c.step == 1 || s.c.step == 2);
    ck_assert_float_eq (values[0], (float) s.c.step);
    ck_assert_float_eq (values[MANY - 1], (float) s.c.step);
  }
  ae_free (values);
}
END_TEST

START_TEST (test_missing_file_is_not_found)
{
  State s;
  make_state (&s, 50);
  ck_assert_int_eq (ae_checkpoint_restore (&s.c, "/nonexistent/x", NULL),
      AE_ERROR_NOT_FOUND);
}
END_TEST

static Suite *
checkpoint_suite (void)
{
  Suite *suite = suite_create ("checkpoint");
  TCase *tcase = tcase_create ("checkpoint");
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, test_what_was_saved_comes_back);
  tcase_add_test (tcase, test_every_truncation_is_refused);
  tcase_add_test (tcase, test_every_changed_byte_is_refused);
  tcase_add_test (tcase, test_other_models_checkpoint_is_refused);
  tcase_add_test (tcase, test_blocks_of_other_sizes_come_back);
  tcase_add_loop_test (tcase, test_what_is_not_finite_is_not_saved, 0, 3);
  tcase_add_test (tcase, test_a_full_disk_leaves_the_old_checkpoint);
  tcase_add_test (tcase, test_a_killed_writer_leaves_a_whole_checkpoint);
  tcase_add_test (tcase, test_missing_file_is_not_found);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (checkpoint_suite)
