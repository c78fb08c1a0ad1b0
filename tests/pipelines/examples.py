#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the example programs.

usage: examples.py AETOOL DENOISE_PICTURE DENOISE_TEE

The last line is `N passed, N failed, N skipped`.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

AETOOL, PICTURE, TEE = (os.path.abspath(a) for a in sys.argv[1:4])
EXAMPLES = Path(__file__).resolve().parents[2] / 'pipelines/examples'


def run(*args, status=0):
    done = subprocess.run(list(map(str, args)), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=100)
    text = done.stdout.decode()
    assert done.returncode == status, f'{done.returncode}: {text}'
    return text


def prepare():
    run('gst-launch-1.0', '-q', 'videotestsrc', 'num-buffers=12', '!',
        'video/x-raw,format=I420,width=64,height=48', '!', 'avenc_ffv1', '!',
        'matroskamux', '!', 'filesink', 'location=c.mkv')
    Path('r.ini').write_text('[network]\nwidths = 16,16,16\n'
                             'depths = 1,1,1\n[training]\nbatch = 1\n')
    run(AETOOL, 'train', 'r.ini', 'c.mkv', '--steps', '2', '-o',
        'denoise-balanced.onnx')


def test_picture():
    pixels = bytes((x * 3 + y * 5) % 256 for y in range(23)
                   for x in range(31))
    Path('in.pgm').write_bytes(b'P5\n31 23\n255\n' + pixels)
    text = run(PICTURE, 'denoise-balanced.onnx', 'in.pgm', 'out.pgm')
    assert 'noise found' in text
    out = Path('out.pgm').read_bytes()
    assert out.startswith(b'P5\n31 23\n255\n')
    assert len(out) == len(pixels) + 13
    assert 'wanted a binary PGM' in run(PICTURE, 'denoise-balanced.onnx',
                                        'c.mkv', 'x.pgm', status=1)
    assert 'in.pgm' in run(PICTURE, 'in.pgm', 'in.pgm', 'x.pgm', status=1)


def test_tee():
    run(TEE, 'videotestsrc num-buffers=10 ! '
        'video/x-raw,width=64,height=64', 'fakesink')
    assert 'nosuch' in run(TEE, 'nosuch', 'fakesink', status=1)


def test_file():
    try:
        run('/usr/bin/python3', '-c', 'import gi; '
            'gi.require_version("Gst", "1.0")')
    except (AssertionError, OSError):
        return 'python3-gi and gir1.2-gstreamer-1.0 are not installed'
    text = run('/usr/bin/python3', EXAMPLES / 'denoise_file.py', 'c.mkv',
               'out.mkv')
    assert text.startswith('12 frames'), text
    assert Path('out.mkv').stat().st_size > 0
    return None


def main():
    folder = tempfile.mkdtemp(prefix='examples-')
    passed = failed = skipped = 0
    os.environ['AE_MODEL_PATH'] = folder
    try:
        os.chdir(folder)
        prepare()
        for name, test in list(globals().items()):
            if not name.startswith('test_'):
                continue
            try:
                reason = test()
                passed, skipped = passed + (not reason), skipped + bool(reason)
                if reason:
                    print(f'SKIP {name}: {reason}')
            except Exception as error:  # a test's failure is its answer
                failed += 1
                print(f'{name}: {type(error).__name__}: {error}')
    finally:
        shutil.rmtree(folder)
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
