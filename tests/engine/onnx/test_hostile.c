/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files made to do harm: one error each, in bounded memory and time, and the
 * process stays usable. */
#include "ae_test.h"
#include "ae_tmp.h"
#include "onnx_make.h"

#include "graph/model.h"
#include "util/file.h"
#include "util/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[64];

static void
setup (void)
{
  ae_tmp_make (folder);
}

static void
teardown (void)
{
  ae_tmp_remove (folder);
}

static AeStatus
load_status (const char *path)
{
  AeModel *model;
  AeError err = { 0 };
  AeStatus status = ae_model_load (&model, path, &err);
  ck_assert_ptr_null (model);
  ck_assert_msg (strstr (err.text, path), "'%s' names no path", err.text);
  ck_assert_int_eq (ae_mem_live (), 0);
  return status;
}

START_TEST (test_what_is_no_file_is_refused_at_once)
{
  const char *fifo = ae_tmp_path (folder, "fifo");
  const char *empty = ae_tmp_path (folder, "empty");
  const char *sparse = ae_tmp_path (folder, "sparse");
  const char *text = ae_tmp_path (folder, "text");
  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  close (open (empty, O_WRONLY | O_CREAT, 0600));
  int fd = open (sparse, O_WRONLY | O_CREAT, 0600);
  ck_assert_int_eq (ftruncate (fd, (off_t) 5 << 30), 0);
  close (fd);
  ck_assert_int_eq (ae_file_replace (text, "hello, world\n", 13, NULL), AE_OK);
  ck_assert_int_eq (load_status (folder), AE_ERROR_IO);
  ck_assert_int_eq (load_status (fifo), AE_ERROR_IO);
  ck_assert_int_eq (load_status ("/dev/zero"), AE_ERROR_IO);
  ck_assert_int_eq (load_status (empty), AE_ERROR_FORMAT);
  ck_assert_int_eq (load_status (sparse), AE_ERROR_LIMIT);
  ck_assert_int_eq (load_status (text), AE_ERROR_FORMAT);
  ck_assert_int_eq (
      load_status (ae_tmp_path (folder, "none")), AE_ERROR_NOT_FOUND);
}
END_TEST

START_TEST (test_file_without_permission_is_an_io_error)
{
  const char *path = ae_tmp_path (folder, "secret");
  ck_assert_int_eq (ae_file_replace (path, "x", 1, NULL), AE_OK);
  ck_assert_int_eq (chmod (path, 0), 0);
  if (geteuid () == 0) {
    /* root may read everything: as somebody else then */
    ck_assert_int_eq (chmod (folder, 0755), 0);
    ck_assert_int_eq (seteuid (65534), 0);
  }
  AeStatus status = load_status (path);
  if (getuid () == 0)
    ck_assert_int_eq (seteuid (0), 0);
  ck_assert_int_eq (status, AE_ERROR_IO);
}
END_TEST

/* A model with one of everything, for mutations. */
static unsigned char *
make_seed (size_t *size)
{
  static const float w[4] = { 1, 2, 3, 4 };
  OnnxMake m;
  onnx_make_identity (&m);
  onnx_make_initializer (&m, "w", 1, 2, (int64_t[]){ 2, 2 }, w, sizeof w);
  OnnxTensor *t
      = onnx_make_initializer (&m, "t", 7, 1, (int64_t[]){ 2 }, NULL, 0);
  t->n_int64_data = 2;
  t->int64_data = (int64_t[]){ -1, 300 };
  OnnxAttribute *ints = onnx_make_attr (
      onnx_make_node (&m, "Identity", "y", "z"), "ints", 7);
  ints->n_ints = 2;
  ints->ints = (int64_t[]){ 1, 2 };
  onnx_make_output (&m, "z", 1);
  onnx_make_meta (&m, "ae.task", "denoise");
  return onnx_make_pack (&m, size);
}

START_TEST (test_every_flipped_bit_is_survived)
{
  size_t size;
  unsigned char *bytes = make_seed (&size);
  size_t accepted = 0;
  for (size_t bit = 0; bit < 8 * size; bit++) {
    AeModel *model;
    AeError err = { 0 };
    bytes[bit / 8] ^= (unsigned char) (1 << bit % 8);
    AeStatus status = ae_model_parse (&model, bytes, size, &err);
    accepted += status == AE_OK;
    ck_assert_int_eq (status == AE_OK, model != NULL);
    ck_assert_int_eq (status == AE_OK, err.text[0] == '\0');
    ae_model_unref (&model);
    ck_assert_int_eq (ae_mem_live (), 0);
    bytes[bit / 8] ^= (unsigned char) (1 << bit % 8);
  }
  /* Names and numbers may change; structure may not. */
  ck_assert_uint_gt (accepted, 0);
  ck_assert_uint_lt (accepted, 8 * size * 3 / 4);
}
END_TEST

static size_t
put_varint (unsigned char *to, size_t value)
{
  size_t n = 0;
  for (; value >= 0x80; value >>= 7)
    to[n++] = (unsigned char) (value | 0x80);
  to[n++] = (unsigned char) value;
  return n;
}

/* Bytes of a length-delimited field: tag, length, content. */
static size_t
put_field (unsigned char *to, int field, const void *content, size_t size)
{
  size_t n = put_varint (to, (size_t) field << 3 | 2);
  n += put_varint (to + n, size);
  memcpy (to + n, content, size);
  return n + size;
}

/* `piece`, as field `field`, over and over in the graph (or in the model). */
typedef struct {
  const char *what;
  bool in_model;
  int field;
  size_t size; /* of the piece */
  const char *piece;
} Flood;

static const Flood floods[] = {
  { "empty nodes", false, 1, 0, "" },
  { "named nodes", false, 1, 14, "\x0a\x01x\x12\x03yyy\x22\x04Iden" },
  { "empty initializers", false, 5, 0, "" },
  { "initializers without data", false, 5, 7, "\x08\x00\x10\x01\x42\x01w" },
  { "packed integers", false, 5, 18,
      "\x3a\x10\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1" },
  { "dimensions", false, 5, 18, "\x0a\x10\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1" },
  { "inputs", false, 11, 0, "" },
  { "unknown fields of the graph", false, 13, 0, "" },
  { "metadata", true, 14, 0, "" },
  { "operator sets", true, 8, 0, "" },
  { "functions", true, 25, 0, "" },
  { "unknown fields of the model", true, 26, 0, "" },
  { "graphs", true, 7, 0, "" },
  { "attributes", false, 1, 8, "\x22\x00\x2a\x00\x2a\x00\x2a\x00" },
};

#define FLOOD_BYTES ((size_t) 6 << 20)

static unsigned char *
make_flood (const Flood *flood, size_t *size)
{
  unsigned char *bytes = malloc (FLOOD_BYTES + 64);
  unsigned char *body = malloc (FLOOD_BYTES + 64);
  size_t n = 0;
  while (n < FLOOD_BYTES)
    n += put_field (body + n, flood->field, flood->piece, flood->size);
  memcpy (bytes, "\x08\x08\x42\x02\x10\x11", *size = 6);
  if (flood->in_model) {
    memcpy (bytes + *size, body, n);
    *size += n;
  } else {
    *size += put_field (bytes + *size, 7, body, n);
  }
  free (body);
  return bytes;
}

static long
peak_kib (void)
{
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

static long
resident_kib (void)
{
  long pages = 0;
  FILE *file = fopen ("/proc/self/statm", "r");
  if (file) {
    if (fscanf (file, "%*d %ld", &pages) != 1)
      pages = 0;
    fclose (file);
  }
  return pages * (sysconf (_SC_PAGESIZE) >> 10);
}

/* In a process of its own, whose peak memory is then known. */
START_TEST (test_memory_stays_below_the_promise)
{
  size_t size;
  unsigned char *bytes = make_flood (&floods[_i], &size);
  struct timespec start, end;
  clock_gettime (CLOCK_MONOTONIC, &start);
  long before = resident_kib ();
  AeModel *model;
  AeError err = { 0 };
  AeStatus status = ae_model_parse (&model, bytes, size, &err);
  long grown = peak_kib () - before;
  free (bytes);
  clock_gettime (CLOCK_MONOTONIC, &end);
  ck_assert_msg (status != AE_OK, "%s: accepted", floods[_i].what);
  ck_assert_int_eq (ae_mem_live (), 0);
  long promised = (64 << 10) + 4 * (long) (size >> 10);
  ck_assert_msg (grown <= promised, "%s: %ld KiB, promised %ld",
      floods[_i].what, grown, promised);
  double seconds = (double) (end.tv_sec - start.tv_sec)
      + 1e-9 * (double) (end.tv_nsec - start.tv_nsec);
  ck_assert_msg (seconds < 10, "%s: %g s", floods[_i].what, seconds);
}
END_TEST

/* A valid graph of very many small nodes is refused by its cost, one of
 * thousands is not. */
START_TEST (test_many_nodes_are_fine_and_too_many_a_limit)
{
  static const size_t counts[] = { 5000, 400000 };
  size_t n = 0, body_size = 0, size = 6;
  unsigned char *body = malloc ((size_t) 32 << 20);
  unsigned char *bytes = malloc ((size_t) 32 << 20);
  body_size += put_field (body, 11,
      "\x0a\x01x\x12\x06\x0a\x04\x08\x01\x12\x00", 11);
  for (; n < counts[_i]; n++) {
    char text[64];
    int length = snprintf (text, sizeof text,
        "%c%cv%06zx%c%cv%06zx%c%cIdentity", 0x0a, 7, n, 0x12, 7,
        n + 1, 0x22, 8);
    if (n == 0)
      length = snprintf (text, sizeof text, "%c%cx%c%cv000001%c%cIdentity",
          0x0a, 1, 0x12, 7, 0x22, 8);
    body_size += put_field (body + body_size, 1, text, (size_t) length);
  }
  char last[16];
  int length = snprintf (last, sizeof last, "%c%cv%06zx", 0x0a, 7, n);
  body_size += put_field (body + body_size, 12, last, (size_t) length);
  memcpy (bytes, "\x08\x08\x42\x02\x10\x11", 6);
  size += put_field (bytes + size, 7, body, body_size);
  AeModel *model;
  AeError err = { 0 };
  AeStatus status = ae_model_parse (&model, bytes, size, &err);
  ck_assert_msg (status == (_i ? AE_ERROR_LIMIT : AE_OK), "%s", err.text);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
  free (body);
  free (bytes);
}
END_TEST

START_TEST (test_good_model_loads_after_bad_ones)
{
  size_t size;
  unsigned char *bytes = make_seed (&size);
  AeModel *model;
  ck_assert_int_ne (ae_model_parse (&model, bytes, size / 2, NULL), AE_OK);
  ck_assert_int_eq (ae_model_parse (&model, bytes, size, NULL), AE_OK);
  ck_assert_uint_eq (ae_model_n_nodes (model), 2);
  ae_model_unref (&model);
}
END_TEST

static Suite *
hostile_suite (void)
{
  Suite *suite = suite_create ("hostile");
  TCase *tc = tcase_create ("hostile");
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_what_is_no_file_is_refused_at_once);
  tcase_add_test (tc, test_file_without_permission_is_an_io_error);
  tcase_add_test (tc, test_every_flipped_bit_is_survived);
  tcase_add_loop_test (tc, test_memory_stays_below_the_promise, 0,
      sizeof floods / sizeof *floods);
  tcase_add_loop_test (
      tc, test_many_nodes_are_fine_and_too_many_a_limit, 0, 2);
  tcase_add_test (tc, test_good_model_loads_after_bad_ones);
  suite_add_tcase (suite, tc);
  return suite;
}

AE_TEST_MAIN (hostile_suite)
