#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compiles the kernels for 64-bit ARM and looks for its vector multiply-adds.

usage: neon.py SOURCE_ROOT

Needs aarch64-linux-gnu-gcc (Debian: gcc-aarch64-linux-gnu); exit status 77
where it is missing.
"""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CC = 'aarch64-linux-gnu-gcc'
OBJDUMP = 'aarch64-linux-gnu-objdump'
FLAGS = ['-O3', '-std=gnu11', '-fno-math-errno', '-fno-trapping-math',
         '-Wall', '-Werror', '-Wno-unused-function']
# What needs headers of the other machine, or is for this one alone.
OTHERS = {'blas.c', 'matrix_amx.c'}
# Where the time goes: without vectors these would not be worth having.
VECTORS = {'vec_dots.c', 'vec_gemm.c', 'vec_lanes.c', 'vec_tiles.c'}


def compile_one(root, source, folder):
    result = Path(folder) / (source.stem + '.o')
    subprocess.run([CC, *FLAGS, '-I', root / 'engine', '-I',
                    root / 'engine/include', '-c', source, '-o', result],
                   check=True)
    return result


def multiply_adds(objects):
    code = subprocess.run([OBJDUMP, '-d', objects], check=True,
                          capture_output=True, text=True).stdout
    return sum('fmla' in line and '.4s' in line for line in code.splitlines())


def main():
    root = Path(sys.argv[1])
    if not shutil.which(CC) or not shutil.which(OBJDUMP):
        print(f'skipped: {CC} is not installed')
        return 77
    sources = [source for source in sorted(root.glob('engine/kernels/*.c'))
               if source.name not in OTHERS]
    assert VECTORS <= {source.name for source in sources}
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for source in sources:
            found = multiply_adds(compile_one(root, source, folder))
            if source.name in VECTORS and found < 4:
                print(f'{source.name}: {found} vector multiply-adds')
                failed += 1
    print(f'{len(sources) - failed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
