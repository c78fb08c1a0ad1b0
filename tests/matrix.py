#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same stream gives the same integers everywhere.

usage: matrix.py PROGRAM MODEL [SOURCE_ROOT]

PROGRAM is tests/support/codec_exact.c, MODEL a codec. Compares the checksums
of a stream with all instruction sets (AE_CPU) and with 1, 2 and 8 threads; with
SOURCE_ROOT also between builds by each compiler that there is, with and without
optimisation, which takes minutes. The last line is `N passed, N failed, N
skipped`.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LEVELS = ['scalar', 'sse2', 'avx2', 'avx512', 'amx']
THREADS = [1, 2, 8]
COMPILERS = ['gcc', 'clang']
OPTIMIZATIONS = ['0', '3']
TARGET = 'tests/codec_exact'


def sums(program, model, stream, level, threads):
    environment = {**os.environ, 'AE_CPU': level}
    return subprocess.run([program, 'sums', model, stream, str(threads)],
                          check=True, capture_output=True, text=True,
                          env=environment).stdout


def build(root, compiler, optimization, folder):
    environment = {**os.environ, 'CC': compiler}
    for command in (
            ['meson', 'setup', folder, root, f'-Doptimization={optimization}'],
            ['ninja', '-C', folder, TARGET]):
        done = subprocess.run(command, capture_output=True, text=True,
                              env=environment)
        if done.returncode != 0:
            print(done.stdout[-2000:], done.stderr[-2000:])
            done.check_returncode()
    return Path(folder) / TARGET


class Matrix:
    def __init__(self, model, stream, wanted):
        self.model, self.stream, self.wanted = model, stream, wanted
        self.passed = self.failed = self.skipped = 0

    def compare(self, what, program, level, threads):
        found = sums(program, self.model, self.stream, level, threads)
        if found == self.wanted:
            self.passed += 1
            return
        self.failed += 1
        print(f'{what}, {level}, {threads} threads:')
        for a, b in zip(self.wanted.splitlines(), found.splitlines()):
            if a != b:
                print(f'  wanted {a}\n  found  {b}')

    def run(self, what, program):
        for level in LEVELS:
            for threads in THREADS:
                self.compare(what, program, level, threads)

    def skip(self, what):
        print(f'skipped: {what}')
        self.skipped += 1


def try_compilers(matrix, root):
    for compiler in COMPILERS:
        if not shutil.which(compiler):
            matrix.skip(f'{compiler} is not installed')
            continue
        for optimization in OPTIMIZATIONS:
            name = f'{compiler} -O{optimization}'
            with tempfile.TemporaryDirectory(prefix='ae-matrix-') as folder:
                matrix.run(name, build(root, compiler, optimization, folder))
            print(f'{name}: tried', flush=True)


def main():
    program, model = sys.argv[1:3]
    with tempfile.TemporaryDirectory(prefix='ae-matrix-') as folder:
        stream = Path(folder) / 'stream.aev'
        subprocess.run([program, 'make', model, stream], check=True)
        wanted = sums(program, model, stream, 'scalar', 1)
        print(wanted, end='')
        matrix = Matrix(model, stream, wanted)
        matrix.run('this build', program)
        if len(sys.argv) > 3:
            try_compilers(matrix, sys.argv[3])
    print(f'{matrix.passed} passed, {matrix.failed} failed, '
          f'{matrix.skipped} skipped')
    return 1 if matrix.failed else 0


if __name__ == '__main__':
    sys.exit(main())
