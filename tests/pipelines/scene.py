# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clips of what the tests' anomaly detectors watch.

The ground is that of tests/support/anomaly_scene.h, before which small squares
walk as in make_anomaly.c. In odd seconds a large bright one jumps about.
"""
import math
import os
import random
import subprocess

WIDTH, HEIGHT = 96, 72
SIDE, ODD_SIDE = 10, 24
PARSE = ('rawvideoparse format=i420 width={} height={} '
         'framerate={{}}/1').format(WIDTH, HEIGHT)


def ground(rng):
    """Rows of luma, with noise."""
    def level(x, y):
        waves = (0.25 * math.sin(23 * x + 9 * y)
                 + 0.25 * math.cos(17 * y - 5 * x))
        return 60 + int(50 * (0.5 + waves)) + rng.randint(-2, 2)
    return [bytes(level(x / WIDTH, y / HEIGHT) for x in range(WIDTH))
            for y in range(HEIGHT)]


def draw(rows, left, top, side, level):
    for y in range(top, top + side):
        rows[y] = (rows[y][:left] + bytes([level]) * side
                   + rows[y][left + side:])


def walk(at, turn, most):
    """There and back."""
    at %= turn
    return int(min(at, turn - at) * 2 * most / turn)


def write_raw(path, seconds, rate, odd=(0, 0)):
    """I420 frames for PARSE; `odd` are seconds from and to."""
    rng = random.Random(1)
    grounds = [ground(rng) for _ in range(16)]
    chroma = bytes([128]) * (WIDTH * HEIGHT // 2)
    with open(path, 'wb') as file:
        for i in range(seconds * rate):
            rows = list(rng.choice(grounds))
            at = i * 30 / rate
            draw(rows, walk(at, 120, WIDTH - SIDE), 15, SIDE, 120)
            draw(rows, 43, walk(at, 100, HEIGHT - SIDE), SIDE, 40)
            if odd[0] <= i / rate < odd[1]:
                draw(rows, rng.randrange(WIDTH - ODD_SIDE),
                     rng.randrange(HEIGHT - ODD_SIDE), ODD_SIDE, 250)
            file.write(b''.join(rows) + chroma)


def through_jpeg(path, rate):
    """Raw frames as a camera gives them that codes them as JPEG."""
    subprocess.run(
        ['gst-launch-1.0', '-q', 'filesrc', f'location={path}', '!',
         *PARSE.format(rate).split(), '!', 'jpegenc', 'quality=95', '!',
         'jpegdec', '!', 'videoconvert', '!', 'video/x-raw,format=I420', '!',
         'filesink', f'location={path}.jpeg'], check=True, timeout=400)
    os.replace(f'{path}.jpeg', path)


def write_clip(path, seconds, rate, odd=(0, 0), jpeg=False):
    """The same as Matroska, without further loss."""
    write_raw(f'{path}.yuv', seconds, rate, odd)
    if jpeg:
        through_jpeg(f'{path}.yuv', rate)
    subprocess.run(
        ['gst-launch-1.0', '-q', 'filesrc', f'location={path}.yuv', '!',
         *PARSE.format(rate).split(), '!', 'avenc_ffv1', '!', 'matroskamux',
         '!', 'filesink', f'location={path}'], check=True, timeout=400)


def n_frames(path):
    """How many frames of the scene's size can be decoded from a file."""
    subprocess.run(
        ['gst-launch-1.0', '-q', 'filesrc', f'location={path}', '!',
         'decodebin', '!', 'videoconvert', '!', 'video/x-raw,format=I420',
         '!', 'filesink', 'location=decoded.yuv'], check=True, timeout=400)
    with open('decoded.yuv', 'rb') as file:
        return len(file.read()) / (WIDTH * HEIGHT * 3 / 2)
