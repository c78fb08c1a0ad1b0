#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Codes a clip with aeencode, x264 and MJPEG at one bitrate, side by side.

usage: codec_compare.py CLIP OUT.png [KBIT]

KBIT are kbit/s (default 500). The picture shows a frame from the middle, with
what each took and its luma PSNR over 300 frames at most; x264 (ultrafast,
zerolatency) is left out where there is no ffmpeg. Needs aetool, in PATH or in
build/pipelines, and the Debian packages python3-gi and gir1.2-gstreamer-1.0.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import gi

gi.require_version('Gst', '1.0')
from gi.repository import GLib, Gst  # noqa: E402

AETOOL = pathlib.Path(__file__).resolve().parents[2] / 'build/pipelines/aetool'
FRAMES = 300  # at most
INTO_MKV = '! matroskamux ! filesink location'


class Failed(Exception):
    pass


def launch(text):
    """Runs a pipeline -> bytes and seconds that passed its element `count'."""
    pipeline = Gst.parse_launch(text)
    size, seconds = [0], [0]

    def on_buffer(_pad, info):
        buffer = info.get_buffer()
        size[0] += buffer.get_size()
        if buffer.pts != Gst.CLOCK_TIME_NONE:
            end = buffer.pts + min(buffer.duration, Gst.SECOND)
            seconds[0] = max(seconds[0], end / Gst.SECOND)
        return Gst.PadProbeReturn.OK

    pipeline.get_by_name('count').get_static_pad('src').add_probe(
        Gst.PadProbeType.BUFFER, on_buffer)
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(
        Gst.CLOCK_TIME_NONE, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    pipeline.set_state(Gst.State.NULL)
    if message.type == Gst.MessageType.ERROR:
        raise Failed(message.parse_error()[0].message)
    return size[0], seconds[0]


def command(*words):
    done = subprocess.run([str(w) for w in words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise Failed(done.stderr.decode().strip())
    return done.stdout


def ours(original, folder, bits):
    path = folder / 'aeencode.aev'
    return path, launch(
        f'filesrc location={original} ! matroskademux ! avdec_ffv1 '
        f'! aeencode name=count bitrate={bits // 1000} '
        f'! filesink location={path}')[0]


def x264(original, folder, bits):
    path = folder / 'x264.mkv'
    command('ffmpeg', '-nostdin', '-v', 'error', '-y', '-i', original,
            '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency',
            '-g', 60, '-b:v', bits, '-maxrate', bits, '-bufsize', bits, path)
    return path, launch(f'filesrc location={path} ! matroskademux '
                        '! identity name=count ! fakesink')[0]


def mjpeg(original, folder, bits, seconds):
    """The quality whose rate comes nearest from below, if there is one."""
    low, high = 1, 100
    path = folder / 'mjpeg.mkv'
    while True:
        quality = (low + high + 1) // 2
        size = launch(
            f'filesrc location={original} ! matroskademux ! avdec_ffv1 '
            f'! jpegenc name=count quality={quality} {INTO_MKV}={path}')[0]
        if low == high:
            return path, size
        if size * 8 / seconds <= bits:
            low = quality
        else:
            high = quality - 1


def compare(clip, picture, bits, folder):
    aetool = shutil.which('aetool') or AETOOL
    if not pathlib.Path(aetool).exists():
        raise Failed('aetool is neither in PATH nor built')
    original = folder / 'original.mkv'
    seconds = launch(
        f'uridecodebin uri="{clip.resolve().as_uri()}" ! videoconvert '
        f'! video/x-raw,format=I420 ! identity eos-after={FRAMES} '
        f'name=count ! avenc_ffv1 {INTO_MKV}={original}')[1]
    coded = [ours(original, folder, bits),
             mjpeg(original, folder, bits, seconds)]
    if shutil.which('ffmpeg'):
        coded.insert(1, x264(original, folder, bits))
    else:
        print('x264 is left out: there is no ffmpeg', file=sys.stderr)
    found = json.loads(command(aetool, 'compare', '--json', original,
                               *(path for path, _ in coded)))
    named = [original]  # aetool writes files' names above the pictures
    for path, size in coded:
        rate, psnr = size * 8e-3 / seconds, found[path.stem]['psnr']
        print(f'{path.stem:10} {rate:6.0f} kbit/s {psnr:6.2f} dB')
        named.append(path.rename(folder / (
            f'{path.stem} {rate:.0f} kbit:s {psnr:.1f} dB{path.suffix}')))
    command(aetool, 'compare', '--picture-only', '--picture', picture, *named)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    clip = pathlib.Path(sys.argv[1])
    try:
        bits = int(sys.argv[3] if len(sys.argv) == 4 else 500) * 1000
    except ValueError:
        sys.exit(f'{sys.argv[3]}: wanted a number of kbit/s')
    Gst.init(None)
    with tempfile.TemporaryDirectory(prefix='compare-') as folder:
        try:
            compare(clip, sys.argv[2], bits, pathlib.Path(folder))
        except (Failed, GLib.Error) as error:
            sys.exit(f'{clip}: {error}')


if __name__ == '__main__':
    main()
