#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Follows README.md's "Train on your camera in ten minutes".

usage: walkthrough.py SOURCE_ROOT AETOOL

The commands are those of the text. The camera becomes a raw clip made here,
displays go, and the training gets a smaller network and few steps. Then the
event of an odd clip must be found. The last line is
`N passed, N failed, N skipped`.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import scene

TITLE = 'Train on your camera in ten minutes'
RATE, ODD = 10, (9, 11)  # frames per second, seconds of the odd clip
SMALLER = ' '.join(f'-s {value}' for value in (
    'anomaly.widths=8,8,8', 'anomaly.latent=4', 'training.patch=64',
    'training.batch=2', 'training.warmup_steps=0',
    'training.learning_rate=0.004', 'training.ema_decay=0'))


def commands(root):
    text = (root / 'README.md').read_text(encoding='utf-8')
    section = re.search(rf'^## {TITLE}\n(.*?)^## ', text, re.M | re.S)[1]
    for block in re.findall(r'^```\n(.*?)^```', section, re.M | re.S):
        yield from block.splitlines()


def adapt(command, root, aetool):
    """The command as it can run here, in seconds."""
    clip = 'normal.yuv' if 'filesink' in command else 'odd.yuv'
    command = re.sub(
        r'\bv4l2src\b( num-buffers=\d+)?',
        f'filesrc location={clip} ! {scene.PARSE.format(RATE)}', command)
    command = command.replace('autovideosink', 'fakesink')
    command = command.replace('build/pipelines/aetool', aetool)
    command = command.replace('models/', f'{root}/models/')
    command = re.sub(r'(train .*)', rf'\1 --steps 30 {SMALLER}', command)
    return re.sub(
        r'pipelines/examples/(\S+) /dev/video0(.*)',
        rf'/usr/bin/python3 {root}/pipelines/examples/\1 '
        r'more-clips/odd.mkv\2 --no-display', command)


def refuses(aetool):
    """What cannot run here: (words of the command, the reason)."""
    found = []
    if subprocess.run([aetool, 'eval', '--anomaly', 'x', '--help'],
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                      timeout=400).returncode:
        found.append(('eval --anomaly', 'this aetool has no eval --anomaly'))
    if subprocess.run(['/usr/bin/python3', '-c', 'import gi; '
                       'gi.require_version("Gst", "1.0")'],
                      stderr=subprocess.DEVNULL).returncode:
        found.append(('pipelines/examples/', 'python3-gi and '
                      'gir1.2-gstreamer-1.0 are not installed'))
    return found


def check(command, text):
    """What each step must leave behind."""
    if 'filesink' in command:
        n = scene.n_frames('clips/normal.mkv')
        assert n == 60 * RATE, f'{n} frames'
    elif ' train ' in command:
        assert Path('camera.onnx').stat().st_size > 0
    elif 'gst-launch-1.0 -m' in command:
        begun = re.findall(r'event=\(string\)begin.*?event-start=\(guint64\)'
                           r'(\d+)', text)
        assert any(ODD[0] <= int(ns) / 1e9 < ODD[1] for ns in begun), begun
    elif 'record_events' in command:
        starts = [float(s) for s in re.findall(
            r'"type": "begin", "start": ([\d.]+)', text)]
        assert any(ODD[0] <= s < ODD[1] for s in starts), starts
        assert len(list(Path('events').iterdir())) == len(starts)
    elif 'score_slider' in command:
        assert ' unusual' in text


def prepare():
    scene.write_raw('normal.yuv', 60, RATE)
    Path('more-clips').mkdir()
    # as the camera gave it when it was recorded
    scene.write_clip('odd.mkv', 14, RATE, ODD, jpeg=True)
    shutil.move('odd.mkv.yuv', 'odd.yuv')
    shutil.move('odd.mkv', 'more-clips/odd.mkv')
    Path('more-clips/odd.labels.txt').write_text(''.join(
        f'{int(ODD[0] <= i / RATE < ODD[1])}\n' for i in range(14 * RATE)))


def main():
    root, aetool = Path(sys.argv[1]).resolve(), os.path.abspath(sys.argv[2])
    passed = failed = skipped = 0
    folder = tempfile.mkdtemp(prefix='walkthrough-')
    try:
        os.chdir(folder)
        prepare()
        refused = refuses(aetool)
        for command in commands(root):
            reason = next((why for words, why in refused if words in command),
                          None)
            if reason:
                print(f'SKIP {command}: {reason}')
                skipped += 1
                continue
            run_as = adapt(command, root, aetool)
            done = subprocess.run(
                run_as, shell=True, timeout=800, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            text = done.stdout.decode()
            try:
                assert done.returncode == 0, f'status {done.returncode}'
                check(command, text)
                passed += 1
            except (AssertionError, OSError) as error:
                failed += 1
                print(f'{command}\n  run as: {run_as}\n  {error}\n{text}')
    finally:
        shutil.rmtree(folder)
    if passed + skipped < 6:
        print(f'{passed + skipped} commands found, wanted at least 6')
        failed += 1
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
