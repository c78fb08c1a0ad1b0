# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests of aetool from the outside have in common."""
import gzip
import os
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path


class Skip(Exception):
    """Raised by a test that cannot be run here, with the reason."""


def runner(program):
    """A function that runs it, checks its exit status and returns what it wrote
    to standard output and to standard error."""
    program = os.path.abspath(program)

    def run(*args, status=0):
        done = subprocess.run([program, *map(str, args)], timeout=1000,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = done.stdout.decode(), done.stderr.decode()
        assert done.returncode == status, (
            f'status {done.returncode}, wanted {status}: {out}{err}')
        return out, err

    return run


def write_idx(path, dimensions, data):
    """Bytes in MNIST's format, compressed."""
    head = struct.pack(f'>HBB{len(dimensions)}I', 0, 8, len(dimensions),
                       *dimensions)
    Path(path).write_bytes(gzip.compress(head + data))


def write_png(path, width, height, rows, colours):
    """8 bits of grey (colours 1) or R, G and B (3); rows: bytes of each."""
    def chunk(kind, data):
        return (struct.pack('>I', len(data)) + kind + data
                + struct.pack('>I', zlib.crc32(kind + data)))
    head = struct.pack('>2I5B', width, height, 8, 0 if colours == 1 else 2, 0,
                       0, 0)
    pixels = b''.join(b'\0' + bytes(row) for row in rows)
    Path(path).write_bytes(
        b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', head)
        + chunk(b'IDAT', zlib.compress(pixels)) + chunk(b'IEND', b''))


def main(names, prepare=None):
    """Calls what is called test_... of `names`, in a folder of its own in which
    `prepare` was called, and prints how many passed. The exit status."""
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    with tempfile.TemporaryDirectory(prefix='outside-') as folder:
        os.chdir(folder)
        try:
            if prepare:
                prepare()
            for name, test in list(names.items()):
                if name.startswith('test_'):
                    counts[outcome(name, test)] += 1
        finally:
            os.chdir('/')
    print(', '.join(f'{n} {what}' for what, n in counts.items()))
    return 1 if counts['failed'] else 0


def outcome(name, test):
    try:
        test()
    except Skip as why:
        print(f'{name}: skipped: {why}')
        return 'skipped'
    except Exception as error:  # a test's failure is its answer
        print(f'{name}: {type(error).__name__}: {error}')
        return 'failed'
    return 'passed'
