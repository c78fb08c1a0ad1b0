/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "ae_tmp.h"

#include "util/file.h"
#include "util/mem.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
read_status (const char *path, size_t max)
{
  void *bytes;
  size_t size;
  AeError err = { 0 };
  AeStatus status = ae_file_read (path, max, &bytes, &size, &err);
  if (status != AE_OK) {
    ck_assert_ptr_null (bytes);
    ck_assert_int_eq (err.status, status);
    ck_assert_msg (strstr (err.text, path), "'%s' names no path", err.text);
  }
  ae_free (bytes);
  return status;
}

static void
check_content (const char *path, const char *wanted)
{
  void *bytes;
  size_t size;
  ck_assert_int_eq (ae_file_read (path, 1000, &bytes, &size, NULL), AE_OK);
  ck_assert_uint_eq (size, strlen (wanted));
  ck_assert_mem_eq (bytes, wanted, size);
  ae_free (bytes);
}

START_TEST (test_replace_then_read_gives_the_bytes)
{
  const char *path = ae_tmp_path (folder, "a");
  ck_assert_int_eq (ae_file_replace (path, "one", 3, NULL), AE_OK);
  check_content (path, "one");
  ck_assert_int_eq (ae_file_replace (path, "second", 6, NULL), AE_OK);
  check_content (path, "second");
  ck_assert_int_eq (ae_tmp_count (folder), 1);
}
END_TEST

START_TEST (test_replace_keeps_links_and_permissions)
{
  const char *file = ae_tmp_path (folder, "file");
  const char *link = ae_tmp_path (folder, "link");
  ck_assert_int_eq (ae_file_replace (file, "old", 3, NULL), AE_OK);
  ck_assert_int_eq (chmod (file, 0600), 0);
  ck_assert_int_eq (symlink ("file", link), 0);
  ck_assert_int_eq (ae_file_replace (link, "new", 3, NULL), AE_OK);
  check_content (file, "new");
  struct stat info;
  ck_assert_int_eq (lstat (link, &info), 0);
  ck_assert (S_ISLNK (info.st_mode));
  ck_assert_int_eq (stat (file, &info), 0);
  ck_assert_int_eq (info.st_mode & 0777, 0600);
}
END_TEST

START_TEST (test_what_is_no_regular_file_is_refused_at_once)
{
  const char *fifo = ae_tmp_path (folder, "fifo");
  const char *empty = ae_tmp_path (folder, "empty");
  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  close (open (empty, O_WRONLY | O_CREAT, 0600));
  ck_assert_int_eq (read_status (fifo, 1000), AE_ERROR_IO);
  ck_assert_int_eq (read_status (folder, 1000), AE_ERROR_IO);
  ck_assert_int_eq (read_status ("/dev/zero", 1000), AE_ERROR_IO);
  ck_assert_int_eq (read_status (empty, 1000), AE_ERROR_FORMAT);
  ck_assert_int_eq (
      read_status (ae_tmp_path (folder, "none"), 1000), AE_ERROR_NOT_FOUND);
  AeError err;
  ck_assert_int_eq (
      ae_file_replace ("/dev/full", "x", 1, &err), AE_ERROR_IO);
  ck_assert_int_eq (ae_file_replace (folder, "x", 1, &err), AE_ERROR_IO);
  ck_assert_int_eq (ae_file_replace (fifo, "x", 1, &err), AE_ERROR_IO);
}
END_TEST

START_TEST (test_file_above_the_limit_is_refused_unread)
{
  const char *path = ae_tmp_path (folder, "sparse");
  int fd = open (path, O_WRONLY | O_CREAT, 0600);
  ck_assert_int_eq (ftruncate (fd, (off_t) 5 << 30), 0);
  close (fd);
  ck_assert_int_eq (read_status (path, (size_t) 1 << 30), AE_ERROR_LIMIT);
}
END_TEST

START_TEST (test_failed_allocation_is_an_error)
{
  const char *path = ae_tmp_path (folder, "a");
  ck_assert_int_eq (ae_file_replace (path, "one", 3, NULL), AE_OK);
  long live = ae_mem_live ();
  ae_mem_fail_at (1, true);
  AeStatus status = read_status (path, 1000);
  ae_mem_fail_at (0, false);
  ck_assert_int_eq (status, AE_ERROR_MEMORY);
  ck_assert_int_eq (ae_mem_live (), live);
}
END_TEST

/* In a child: the limit stays with the process. */
START_TEST (test_full_disk_leaves_the_old_file)
{
  const char *path = ae_tmp_path (folder, "a");
  ck_assert_int_eq (ae_file_replace (path, "old", 3, NULL), AE_OK);
  pid_t child = fork ();
  if (child == 0) {
    struct rlimit limit = { 4096, 4096 };
    setrlimit (RLIMIT_FSIZE, &limit);
    static char large[100000];
    AeError err;
    _exit (ae_file_replace (path, large, sizeof large, &err));
  }
  int status;
  waitpid (child, &status, 0);
  ck_assert_msg (WIFEXITED (status), "the child was killed");
  ck_assert_int_eq (WEXITSTATUS (status), AE_ERROR_IO);
  check_content (path, "old");
  ck_assert_int_eq (ae_tmp_count (folder), 1);
}
END_TEST

START_TEST (test_missing_folder_is_an_error)
{
  AeError err;
  ck_assert_int_eq (
      ae_file_replace (ae_tmp_path (folder, "none/a"), "x", 1, &err),
      AE_ERROR_NOT_FOUND);
  ck_assert_int_eq (ae_file_replace ("", "x", 1, &err), AE_ERROR_IO);
}
END_TEST

static Suite *
file_suite (void)
{
  Suite *suite = suite_create ("file");
  TCase *tc = tcase_create ("file");
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_replace_then_read_gives_the_bytes);
  tcase_add_test (tc, test_replace_keeps_links_and_permissions);
  tcase_add_test (tc, test_what_is_no_regular_file_is_refused_at_once);
  tcase_add_test (tc, test_file_above_the_limit_is_refused_unread);
  tcase_add_test (tc, test_failed_allocation_is_an_error);
  tcase_add_test (tc, test_full_disk_leaves_the_old_file);
  tcase_add_test (tc, test_missing_folder_is_an_error);
  suite_add_tcase (suite, tc);
  return suite;
}

AE_TEST_MAIN (file_suite)
