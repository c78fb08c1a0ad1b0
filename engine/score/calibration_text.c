/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/calibration.h>

#include "util/error.h"
#include "util/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "pareto-1", the numbers, "end", parted by blanks. Numbers are whole ones
 * with an exponent: a decimal point is not the same in all locales. */
#define BEGIN "pareto-1"
#define END " end"

#define N_NUMBERS (6 + AE_CALIBRATION_BODY + 1)
#define DIGITS 16 /* after the first one: enough for every double */
/* Its blank, sign, digits, exponent. */
#define NUMBER (3 + DIGITS + 5)

_Static_assert (sizeof BEGIN + sizeof END + N_NUMBERS * NUMBER
        <= AE_CALIBRATION_TEXT,
    "the longest text fits");

static double *
number (AeCalibration *c, int i)
{
  double *const head[] = { &c->hours, &c->start, &c->share, &c->rate,
    &c->scale, &c->shape };
  return i < 6 ? head[i] : &c->body[i - 6];
}

/* " -123e-4", no more than NUMBER bytes; returns its end. */
static char *
write_number (char *at, double value)
{
  char plain[64], digits[DIGITS + 2];
  if (!isfinite (value))
    return at + sprintf (at, " nan"); /* reading says so */
  snprintf (plain, sizeof plain, "%.*e", DIGITS, fabs (value));
  const char *exponent = strchr (plain, 'e');
  int n = 0;
  for (const char *p = plain; p < exponent && n <= DIGITS; p++)
    if (*p >= '0' && *p <= '9')
      digits[n++] = *p;
  while (n > 1 && digits[n - 1] == '0')
    n--;
  digits[n] = '\0';
  return at + sprintf (at, " %s%se%d", value < 0 ? "-" : "", digits,
      atoi (exponent + 1) - (n - 1));
}

void
ae_calibration_write (
    const AeCalibration *calibration, char text[AE_CALIBRATION_TEXT])
{
  AeCalibration c = *calibration;
  char *at = text + sprintf (text, BEGIN);
  for (int i = 0; i < N_NUMBERS; i++)
    at = write_number (at, *number (&c, i));
  strcpy (at, END);
}

/* Scores are floats, and nothing that is made of them comes near to these. */
#define LEAST 1e-60
#define MOST 1e60

static bool
is_positive (double value)
{
  return value >= LEAST && value <= MOST;
}

static const char *
what_is_wrong (const AeCalibration *c)
{
  if (!is_positive (c->hours))
    return "hours are not above 0";
  if (!(c->share >= LEAST && c->share <= 1))
    return "the tail's share is not above 0 and up to 1";
  if (!is_positive (c->rate))
    return "the tail's rate is not above 0";
  if (!is_positive (c->scale))
    return "the tail's scale is not above 0";
  if (!(c->shape > -1 && c->shape < 1))
    return "the tail's shape is not between -1 and 1";
  if (!(fabs (c->start) <= MOST))
    return "the tail's start is too far from 0";
  if (!(c->body[0] >= -MOST && c->body[AE_CALIBRATION_BODY] <= MOST))
    return "quantiles are too far from 0";
  for (int i = 1; i <= AE_CALIBRATION_BODY; i++)
    if (!(c->body[i] > c->body[i - 1]))
      return "quantiles do not rise";
  return NULL;
}

AeStatus
ae_calibration_read (
    AeCalibration *calibration, const char *text, AeError *err)
{
  AeCalibration c;
  if (strncmp (text, BEGIN, strlen (BEGIN)) != 0)
    return ae_fail (err, AE_ERROR_FORMAT,
        "a calibration begins with '%.20s', wanted '%s'", text, BEGIN);
  const char *at = text + strlen (BEGIN);
  for (int i = 0; i < N_NUMBERS; i++) {
    char *end = (char *) at;
    double value = *at == ' ' ? ae_number_read (at, &end) : 0;
    if (end == at || !isfinite (value))
      return ae_fail (err, AE_ERROR_FORMAT,
          "number %d of a calibration is '%.20s', wanted one of %d finite "
          "ones", i + 1, at, N_NUMBERS);
    *number (&c, i) = value;
    at = end;
  }
  if (strcmp (at, END) != 0)
    return ae_fail (err, AE_ERROR_FORMAT,
        "a calibration ends with '%.20s', wanted '%s'", at, END);
  const char *wrong = what_is_wrong (&c);
  if (wrong)
    return ae_fail (
        err, AE_ERROR_FORMAT, "numbers of no calibration: %s", wrong);
  *calibration = c;
  return AE_OK;
}
