#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the example programs, and their commands in README.md.

usage: examples.py AETOOL DENOISE_PICTURE DENOISE_TEE RECORD_EVENTS

The last line is `N passed, N failed, N skipped`.
"""
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import scene

AETOOL, PICTURE, TEE, RECORD_C = map(os.path.abspath, sys.argv[1:5])
ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / 'pipelines/examples'
STREAM = ('/usr/bin/python3', EXAMPLES / 'codec_stream.py')
COMPARE = ('/usr/bin/python3', EXAMPLES / 'codec_compare.py')
RECORD = ('/usr/bin/python3', EXAMPLES / 'record_events.py')
SLIDER = ('/usr/bin/python3', EXAMPLES / 'score_slider.py')
RATE, ODD = 30, (7, 8)  # frames per second, seconds of odd.mkv


def run(*args, status=0):
    done = subprocess.run(list(map(str, args)), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=400)
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
    shutil.copy(os.environ['AE_TEST_CODEC'], 'codec.onnx')
    shutil.copy(os.environ['AE_TEST_ANOMALY'], 'anomaly.onnx')
    scene.write_clip('odd.mkv', 13, RATE, ODD)


def without_gi():
    """Why Python programs cannot run; None: they can."""
    try:
        run('/usr/bin/python3', '-c', 'import gi; '
            'gi.require_version("Gst", "1.0")')
    except (AssertionError, OSError):
        return 'python3-gi and gir1.2-gstreamer-1.0 are not installed'
    return None


def frames(text):
    return int(re.search(r'^(\d+) frames', text, re.M)[1])


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


class Sender:
    """codec_stream.py send, of small frames, to a port of its own."""

    def __init__(self, *args):
        self.port = free_port()
        self.process = subprocess.Popen(
            [str(a) for a in (*STREAM, 'send', 'test', *args, '--size',
                              '64x48', '--seconds', 6, '--port', self.port)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()

    def end(self):
        text = self.process.communicate(timeout=400)[0].decode()
        assert self.process.returncode == 0, text
        return text


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
    reason = without_gi()
    if reason:
        return reason
    text = run('/usr/bin/python3', EXAMPLES / 'denoise_file.py', 'c.mkv',
               'out.mkv')
    assert text.startswith('12 frames'), text
    assert Path('out.mkv').stat().st_size > 0
    return None


def test_codec_files():
    reason = without_gi()
    if reason:
        return reason
    for args in (('record', 'c.mkv', 'a.aev', '--bitrate', 200),
                 ('play', 'a.aev', 'a.mkv'), ('play', 'a.aev', 'a.y4m')):
        text = run(*STREAM, *args)
        assert frames(text) == 12, f'{args}: {text}'
    assert Path('a.y4m').read_bytes().startswith(b'YUV4MPEG2 ')
    assert 'ends in .y4m' in run(*STREAM, 'play', 'a.aev', 'a.x', status=1)
    assert 'nosuch' in run(*STREAM, 'play', 'nosuch', 'a.y4m', status=1)
    assert '--size' in run(*STREAM, 'record', 'test', 'a.aev', '--size', '9',
                           status=2)
    return None


def test_codec_network():
    reason = without_gi()
    if reason:
        return reason
    with Sender('--bitrate', 300, '--drop', 5, '--fec', 50) as sender:
        text = run(*STREAM, 'receive', 'n.y4m', '--port', sender.port,
                   '--wait', 4, '--seconds', 4)
        assert frames(text) > 5, text
        assert 'kbit/s' in sender.end()
    with Sender('--bitrate', 300, '--drop', 5, '--refresh') as sender:
        time.sleep(2)
        text = run(*STREAM, 'receive', 'n.y4m', '--port', sender.port,
                   '--wait', 4, '--seconds', 3)
        assert frames(text) > 30, text
    assert 'key frame' in run(*STREAM, 'send', 'test', '--tcp', '--refresh',
                              status=1)
    assert 'no frame' in run(*STREAM, 'receive', 'n.y4m', '--port',
                             free_port(), '--wait', 1, status=1)
    return None


def test_codec_network_late():
    reason = without_gi()
    if reason:
        return reason
    with Sender('--tcp', '--denoise', '--fps', 10) as sender:
        time.sleep(2)
        text = run(*STREAM, 'receive', 'n.y4m', '--tcp', '--port',
                   sender.port)
        assert 10 < frames(text) < 60, text
        assert frames(sender.end()) == 60
    assert 'port' in run(*STREAM, 'receive', 'n.y4m', '--tcp', '--port',
                         free_port(), status=1)
    return None


def test_readme_commands():
    reason = without_gi()
    if reason:
        return reason
    pairs = re.findall(
        r'^\S*/codec_stream.py send /dev/video0 (.*)\n'
        r'\S*/codec_stream.py receive\b(.*)$',
        (ROOT / 'README.md').read_text(encoding='utf-8'), re.M)
    assert len(pairs) == 3, pairs
    for sending, receiving in pairs:
        with Sender(*sending.split()) as sender:
            time.sleep(2)
            text = run(*STREAM, 'receive', 'r.y4m', *receiving.split(),
                       '--port', sender.port, '--seconds', 3)
            assert frames(text) > 5, text
    return None


def test_codec_compare():
    reason = without_gi()
    if reason:
        return reason
    text = run(*COMPARE, 'c.mkv', 'c.png', 200)
    assert text.count('kbit/s') == 3 - (not shutil.which('ffmpeg')), text
    assert Path('c.png').read_bytes().startswith(b'\x89PNG')
    assert 'nosuch' in run(*COMPARE, 'nosuch', 'x.png', status=1)
    assert 'usage' in run(*COMPARE, status=1)
    return None


def check_recording(program, source):
    """The event of odd.mkv has a file, with what came before."""
    folder = Path('events')
    text = run(*program, source, '--no-display', '--output', folder,
               '--alarms', 60, '--after', 1)
    lines = [json.loads(line) for line in text.splitlines()]
    [event] = [line for line in lines if line['type'] == 'end'
               and ODD[0] <= line['start'] < ODD[1]]
    assert 0.5 < event['duration'] < 3 and event['peak-score'] > 0.5, event
    [file] = [line for line in lines if line['type'] == 'file'
              and line['file'] == event['file']]
    # Not more than the second between two key frames, and two frames.
    spare = event['start'] - 5 - file['start']
    assert 0 <= spare <= 1.07, (event, file)
    wanted = spare + 5 + event['duration'] + 1
    assert abs(file['duration'] - wanted) < 0.07, (wanted, file)
    n = scene.n_frames(file['file'])
    assert n == round(file['duration'] * RATE) + 1, (n, file)
    begun = [line['file'] for line in lines if line['type'] == 'begin']
    assert sorted(begun) == sorted(map(str, folder.iterdir())), text
    shutil.rmtree(folder)


def check_interrupt(program):
    """Ctrl-C while an event is on leaves a whole file."""
    process = subprocess.Popen(
        [str(a) for a in (*program, 'test', '--no-display', '--output',
                          'live', '--alarms', 1e6)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    first = process.stdout.readline()
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    text = (first + process.communicate(timeout=400)[0]).decode()
    assert process.returncode == 0, text
    files = [json.loads(line) for line in text.splitlines()
             if '"file"' in line.split(',')[0]]
    assert files and files[0]['duration'] > 0.5, text
    run('gst-launch-1.0', '-q', 'filesrc', f'location={files[0]["file"]}',
        '!', 'decodebin', '!', 'fakesink')
    shutil.rmtree('live')


def check_no_folder(program):
    text = run(*program, 'test', '--no-display', '--output', 'c.mkv/x',
               status=1)
    assert 'c.mkv' in text and len(text.splitlines()) == 1, text


def test_record_events_c():
    check_recording([RECORD_C], Path('odd.mkv').resolve().as_uri())
    check_recording([RECORD_C], 'odd.mkv')
    check_interrupt([RECORD_C])
    check_no_folder([RECORD_C])
    assert 'wanted one SOURCE' in run(RECORD_C, status=2)
    assert 'false alarms' in run(RECORD_C, 'test', '--alarms', 0, status=2)
    assert 'nosuch' in run(RECORD_C, '--no-display', 'nosuch', status=1)
    assert 'nosuch' in run(RECORD_C, '--no-display', 'file:///nosuch',
                           status=1)


def test_record_events():
    reason = without_gi()
    if reason:
        return reason
    check_recording(RECORD, 'odd.mkv')
    check_interrupt(RECORD)
    check_no_folder(RECORD)
    assert 'nosuch' in run(*RECORD, 'nosuch', '--no-display', status=1)
    assert 'seconds' in run(*RECORD, 'test', '--before', -1, status=2)
    assert 'false alarms' in run(*RECORD, 'test', '--alarms', 0, status=2)
    return None


def test_score_slider():
    reason = without_gi()
    if reason:
        return reason
    text = run(*SLIDER, 'c.mkv', '--no-display', '--text')
    bars = re.findall(r'^\[[#.|]{40}\] [\d.]+ / 0\.50', text, re.M)
    assert len(bars) >= 12, text
    child, terminal = pty.fork()
    if child == 0:
        words = [str(a) for a in (*SLIDER, 'test', '--no-display', '--text')]
        os.execv(words[0], words)
    time.sleep(2)
    os.write(terminal, b'++')
    time.sleep(1)
    os.write(terminal, b'-q')
    shown = b''
    try:
        while piece := os.read(terminal, 65536):
            shown += piece
    except OSError:  # the other end is closed
        pass
    assert os.waitpid(child, 0)[1] == 0, shown
    assert b'/ 0.60' in shown, shown
    return None


def main():
    folder = tempfile.mkdtemp(prefix='examples-')
    passed = failed = skipped = 0
    os.environ['AE_MODEL_PATH'] = folder
    os.environ['PATH'] = f'{Path(AETOOL).parent}:{os.environ["PATH"]}'
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
