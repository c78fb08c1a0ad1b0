#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares speed with what was recorded: ratios.py AETOOL [--record].

Runs `aetool bench --suite` and, where torch is, `--training`; prints each ratio
to the other engine beside that of ratios.json, and fails where one has fallen
by more than a third: less than that is the machine. --record writes the file
anew. Without onnxruntime (AE_ORT) it says so and is skipped.
"""
import json
import subprocess
import sys
from pathlib import Path

FILE = Path(__file__).with_name('ratios.json')
FALLEN = 2 / 3
SKIPPED = 77


def bench(aetool, *arguments):
    out = subprocess.run([aetool, 'bench', '--json', *arguments], check=True,
                         stdout=subprocess.PIPE).stdout
    return json.loads(out)


def ratios_of(result, key):
    return {name: round(row[key], 2) for name, row in result.items()
            if isinstance(row, dict) and row[key] is not None}


def measure(aetool):
    found = {}
    for precision in ('f32', 'auto'):
        suite = bench(aetool, '--suite', '--precision', precision)
        found[f'suite, {precision}'] = ratios_of(suite, 'onnxruntime_ratio')
    training = bench(aetool, '--training', '--precision', 'f32')
    found['training, f32'] = ratios_of(training, 'torch_ratio')
    return {name: rows for name, rows in found.items() if rows}


def compare(found, recorded):
    fallen = 0
    for table, rows in found.items():
        print(f'\n{table}')
        for name, ratio in rows.items():
            before = recorded.get(table, {}).get(name)
            bad = before is not None and ratio < before * FALLEN
            fallen += bad
            print(f'  {name:28} {ratio:6.2f}  recorded '
                  f'{before if before is not None else "-"}'
                  f'{"  FALLEN" if bad else ""}')
    print(f'\n{fallen} have fallen')
    return fallen


def main():
    found = measure(sys.argv[1])
    if not any(table.startswith('suite') for table in found):
        print('onnxruntime is not installed: AE_ORT names its folder')
        return SKIPPED
    if '--record' in sys.argv[2:]:
        FILE.write_text(json.dumps(found, indent=2) + '\n')
        return 0
    return 1 if compare(found, json.loads(FILE.read_text())) else 0


if __name__ == '__main__':
    sys.exit(main())
