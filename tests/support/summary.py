#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Adds up the checks in meson's test logs.

usage: summary.py TESTLOG.json...

Of every test program these lines count, the first kind found:
  `100%: Checks: 5, Failures: 0, Errors: 0`     libcheck, one per suite run
  `3 passed, 0 failed, 1 skipped`               our scripts, their last line
A program that prints neither counts as one. Lines that start with `SKIP`
(a check that could not run, with its reason) turn a passed check into a
skipped one. The last line printed is `N passed, N failed, N skipped`.
"""
import json
import re
import sys

CHECK = re.compile(r'^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)',
                   re.M)
SCRIPT = re.compile(r'^(\d+) passed, (\d+) failed, (\d+) skipped$', re.M)
SKIP = re.compile(r'^\s*SKIP(?:PED)?\b.*', re.M | re.I)


def count(test):
    """(passed, failed, skipped) of one program."""
    text = (test.get('stdout') or '') + '\n' + (test.get('stderr') or '')
    result = test['result']
    skips = len(SKIP.findall(text))
    checks = CHECK.findall(text)
    script = SCRIPT.findall(text)
    if result == 'SKIP':
        return 0, 0, 1
    if checks:
        total = sum(int(c[0]) for c in checks)
        failed = sum(int(c[1]) + int(c[2]) for c in checks)
    elif script:
        passed, failed, skipped = map(int, script[-1])
        skips = skipped
        total = passed + failed + skipped
    else:
        total, failed = 1, 0
    good = result in ('OK', 'EXPECTEDFAIL')
    if not good and failed == 0:
        # It crashed, timed out or leaked after or outside its checks.
        failed = 1
        total = max(total, 1)
    skips = min(skips, total - failed)
    return total - failed - skips, failed, skips


def main():
    passed = failed = skipped = 0
    reasons = []
    broken = []
    for path in sys.argv[1:]:
        try:
            with open(path, encoding='utf-8', errors='replace') as log:
                tests = [json.loads(line) for line in log if line.strip()]
        except OSError as error:
            print(f'summary: {error}', file=sys.stderr)
            failed += 1
            continue
        for test in tests:
            p, f, s = count(test)
            passed, failed, skipped = passed + p, failed + f, skipped + s
            name = test['name'].split(' / ')[-1]
            if f:
                broken.append(f'{name}: {test["result"]}, {f} failed')
            for reason in SKIP.findall(test.get('stdout') or ''):
                reasons.append(f'{name}: {reason.strip()}')
    for line in reasons[:40]:
        print(line)
    if len(reasons) > 40:
        print(f'... and {len(reasons) - 40} more skips')
    for line in broken:
        print('FAILED', line)
    if passed + failed + skipped == 0:
        print('summary: no test ran', file=sys.stderr)
        failed = 1
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
