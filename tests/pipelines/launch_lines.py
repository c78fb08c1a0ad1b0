#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every gst-launch-1.0 and gst-inspect-1.0 line of the documentation.

usage: launch_lines.py SOURCE_ROOT AETOOL

Lines come from fenced blocks of *.md and from |[ ]| blocks of the elements'
sources. Where a line needs a camera, a display, a file of the user's or much
time, that part is replaced: cameras by videotestsrc, displays by fakesink,
files that are read by a small clip, long trainings by two steps. Missing
bundled models are replaced by one trained for two steps. The last line is
`N passed, N failed, N skipped`.
"""
import gzip
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

START = ('gst-launch-1.0 ', 'gst-inspect-1.0 ')
TIMEOUT = 600
# Instead of the bundled one: a small codec, made in seconds
CODEC_RECIPE = '''[model]
task = codec
[codec]
latents = 64
core = 16
widths = 8,8
context_steps = 2
[training]
batch = 1
patch = 32
'''


def blocks(path):
    """Text of the code blocks of a file."""
    text = path.read_text(encoding='utf-8')
    if path.suffix == '.md':
        return re.findall(r'^```[a-z]*\n(.*?)^```', text, re.M | re.S)
    found = re.findall(r'\|\[\n(.*?)\]\|', text, re.S)
    return [re.sub(r'^ \* ?', '', block, flags=re.M) for block in found]


def lines(root):
    """(where, line) of every documented command."""
    files = sorted(p for p in root.rglob('*.md')
                   if not re.match(r'build|out|node_modules|\.',
                                   str(p.relative_to(root))))
    files += sorted((root / 'plugins').glob('*.c'))
    for path in files:
        for block in blocks(path):
            joined = re.sub(r'\\\n\s*', ' ', block)
            for line in joined.splitlines():
                line = line.strip().removeprefix('$ ')
                if line.startswith(START):
                    yield path.relative_to(root), line


def adapt(line, root, clip):
    """The line as it can run anywhere, quickly."""
    size = 'video/x-raw,width=64,height=48'
    line = re.sub(r'\b(v4l2src|libcamerasrc|pipewiresrc)\b( [a-z-]+=\S+)*',
                  f'videotestsrc num-buffers=20 ! {size}', line)
    line = re.sub(r'(?<!inspect-1.0 )\b(videotestsrc|vaesample)\b'
                  r'(?!.*num-buffers)', r'\1 num-buffers=20', line)
    line = re.sub(r'\b(auto|xv?image|gl|wayland)(video)?sink\b( sync=\w+)?',
                  'fakesink', line)
    line = re.sub(r'(filesrc location=)\S+', rf'\g<1>{clip}', line)
    line = re.sub(r'multifilesrc location=\S+ caps=image/\S+ ! pngdec',
                  f'videotestsrc num-buffers=5 ! {size}', line)
    line = re.sub(r'(multifilesrc location=)\S+', rf'\g<1>{clip}', line)
    line = re.sub(r'(uri=)\S+', rf'\g<1>file://{clip}', line)
    line = re.sub(r'\brtspsrc location=\S+( [a-z-]+=\S+)*',
                  f'filesrc location={clip}', line)
    line = re.sub(r'\bmodels/(?=\w+-)', str(root / 'models') + '/',
                  line)
    if '! aetrain' in line:
        line = re.sub(r'\bsteps=\d+', '', line)
        line = re.sub(r'\baetrain\b', 'aetrain steps=2', line)
        line = line.replace('base-model=codec ', '')
    return line


def write_digits(folder):
    """Two made-up sets of small pictures with labels, as MNIST's files."""
    for name in ('t10k', 'train'):
        count, side = 12, 28
        pixels = bytes(i * 7 % 256 for i in range(count * side * side))
        files = {
            'images-idx3': struct.pack('>4I', 0x803, count, side, side)
            + pixels,
            'labels-idx1': struct.pack('>2I', 0x801, count)
            + bytes(i % 10 for i in range(count)),
        }
        for kind, data in files.items():
            path = folder / f'{name}-{kind}-ubyte.gz'
            path.write_bytes(gzip.compress(data))


def prepare(root, aetool, folder):
    """A clip, models and an environment in `folder`."""
    env = dict(os.environ)
    clip = folder / 'clip.mkv'
    subprocess.run(
        ['gst-launch-1.0', '-q', 'videotestsrc', 'num-buffers=12',
         'pattern=ball', '!', 'video/x-raw,format=I420,width=64,height=48',
         '!', 'avenc_ffv1', '!', 'matroskamux', '!', 'filesink',
         f'location={clip}'], check=True, env=env, timeout=TIMEOUT)
    recipes = folder / 'recipes'
    recipes.mkdir()
    (recipes / 'codec.ini').write_text(CODEC_RECIPE)
    paths = [str(recipes), str(root / 'models'), str(folder)]
    for preset in ('fast', 'balanced', 'quality'):
        if (root / 'models' / f'denoise-{preset}.onnx').exists():
            continue
        subprocess.run(
            [aetool, 'train', str(root / 'models' / f'denoise-{preset}.ini'),
             str(clip), '--steps', '2', '-s', 'training.batch=1',
             '-o', str(folder / f'denoise-{preset}.onnx')],
            check=True, env=env, timeout=TIMEOUT, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
    for name in ('codec.onnx', 'mine.onnx'):
        shutil.copy(env['AE_TEST_CODEC'], folder / name)
    for name in ('anomaly.onnx', 'camera.onnx', 'piece.onnx'):
        shutil.copy(env['AE_TEST_ANOMALY'], folder / name)
    for name in ('enhance.onnx', 'style.onnx'):
        shutil.copy(Path(env['AE_TEST_FILTERS']) / 'filter_blur.onnx',
                    folder / name)
    subprocess.run(
        [aetool, 'train', str(root / 'models' / 'pictures.ini'), str(clip),
         '--steps', '2', '-o', str(folder / 'pictures.onnx')], check=True,
        env=env, timeout=TIMEOUT, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    for kind, name in (('digits', 'digits.onnx'), ('vae', 'vae-digits.onnx'),
                       ('vae', 'faces.onnx')):
        shutil.copy(Path(env['AE_TEST_SAMPLERS']) / f'sampler_{kind}.onnx',
                    folder / name)
    for name in ('one.png', 'other.png'):
        subprocess.run(
            ['gst-launch-1.0', '-q', 'videotestsrc', 'num-buffers=1', '!',
             'video/x-raw,width=16,height=12', '!', 'pngenc', '!', 'filesink',
             f'location={folder / name}'], check=True, env=env,
            timeout=TIMEOUT)
    (folder / 'clips').mkdir()
    write_digits(folder)
    env['AE_MODEL_PATH'] = ':'.join(paths)
    return clip, env


def main():
    root, aetool = Path(sys.argv[1]).resolve(), sys.argv[2]
    passed = failed = 0
    folder = Path(tempfile.mkdtemp(prefix='launch-'))
    try:
        clip, env = prepare(root, aetool, folder)
        for where, line in lines(root):
            command = adapt(line, root, clip)
            try:
                done = subprocess.run(
                    command, shell=True, cwd=folder, env=env, timeout=TIMEOUT,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                status, text = done.returncode, done.stdout.decode()
            except subprocess.TimeoutExpired as expired:
                status, text = 'timeout', (expired.stdout or b'').decode()
            if status == 0:
                passed += 1
                continue
            failed += 1
            print(f'{where}: {line}\n  run as: {command}\n  status {status}:')
            print('\n'.join('  ' + t for t in text.splitlines()[-12:]))
    finally:
        shutil.rmtree(folder)
    if passed == 0:
        print(f'no launch line found below {root}')
        failed += 1
    print(f'{passed} passed, {failed} failed, 0 skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
