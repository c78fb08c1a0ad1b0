#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures of another domain: what aetool idx makes, and what aetool train and
eval --classifier do with it.

usage: adaptation.py AETOOL

The last line is `N passed, N failed, N skipped`.
"""
import gzip
import os
import random
import re
import struct
import sys
import zlib
from pathlib import Path

import outside
from outside import write_idx

AETOOL = os.path.abspath(sys.argv[1])
run = outside.runner(AETOOL)
SIDE = 12
RECIPE = '''[model]
task = classifier
[classifier]
size = 12x12
channels = 3
widths = 8,16
features = 16
classes = 2
adaptation = 0.5
[training]
steps = 300
batch = 32
learning_rate = 0.005
warmup_steps = 10
ema_decay = 0.9
threads = 1
seed = 5
'''


def read_idx(path):
    data = Path(path).read_bytes()
    zero, kind, rank = struct.unpack('>HBB', data[:4])
    assert (zero, kind) == (0, 8)
    return (struct.unpack(f'>{rank}I', data[4:4 + 4 * rank]),
            data[4 + 4 * rank:])


def bar(kind, rng, times=1):
    """A bar of some place on dark noise; of `times` the size."""
    at = rng.randrange(1, SIDE - 1)
    pixels = [rng.randrange(40) for _ in range(SIDE * SIDE)]
    for i in range(SIDE):
        x, y = (at, i) if kind else (i, at)
        pixels[y * SIDE + x] = 255
    return bytes(pixels[y // times * SIDE + x // times]
                 for y in range(SIDE * times) for x in range(SIDE * times))


def write_bars(name, n, seed, times=1):
    rng = random.Random(seed)
    write_idx(f'{name}-images-idx3-ubyte.gz', (n, SIDE * times, SIDE * times),
              b''.join(bar(i % 2, rng, times) for i in range(n)))
    write_idx(f'{name}-labels-idx1-ubyte.gz', (n,),
              bytes(i % 2 for i in range(n)))


def write_png(path, width, height, pixel):
    outside.write_png(
        path, width, height,
        (b''.join(bytes(pixel(x, y)) for x in range(width))
         for y in range(height)), 3)


def make_material():
    write_bars('bars', 400, 1)
    write_bars('test', 60, 2)
    write_bars('large', 100, 3, times=2)
    write_idx('blank-images-idx3-ubyte.gz', (20, SIDE, SIDE),
              bytes(20 * SIDE * SIDE))
    os.mkdir('photos')
    # R and G tell where a piece is from, B of which photograph.
    write_png('photos/a.png', 60, 40, lambda x, y: (x, y, 50))
    write_png('photos/b.png', 50, 70, lambda x, y: (x, y, 90))
    write_png('exact.png', SIDE, SIDE, lambda x, y: (10 * x, 20 * y, 200))
    write_png('small.png', SIDE, SIDE - 1, lambda x, y: (0, 0, 0))
    Path('a.ini').write_text(RECIPE)
    run('idx', 'bars-images-idx3-ubyte.gz', '-o', 'other', '--no-labels',
        '--photographs', 'photos')
    run('idx', 'test-images-idx3-ubyte.gz', '-o', 'there', '--photographs',
        'photos', '--seed', 7)


def test_a_piece_is_cut_out():
    out, _ = run('idx', 'bars-images-idx3-ubyte.gz', '--from', 11, '--count',
                 5, '-o', 'cut')
    assert out == ('cut-images-idx3-ubyte: 5 pictures of 12x12, 1 channel, '
                   'with labels\n'), out
    whole = gzip.decompress(Path('bars-images-idx3-ubyte.gz').read_bytes())
    size, data = read_idx('cut-images-idx3-ubyte')
    assert size == (5, SIDE, SIDE)
    assert data == whole[16 + 11 * SIDE * SIDE:16 + 16 * SIDE * SIDE]
    assert read_idx('cut-labels-idx1-ubyte') == ((5,), bytes([1, 0, 1, 0, 1]))
    out, _ = run('idx', 'bars-images-idx3-ubyte.gz', '--from', 390,
                 '--no-labels', '-o', 'rest')
    assert '10 pictures of 12x12, 1 channel, without labels' in out, out
    assert not os.path.exists('rest-labels-idx1-ubyte')


def test_blends_are_differences():
    run('idx', 'test-images-idx3-ubyte.gz', '-o', 'exact', '--photographs',
        'exact.png')
    size, data = read_idx('exact-images-idx4-ubyte')
    assert size == (60, SIDE, SIDE, 3)
    whole = gzip.decompress(
        Path('test-images-idx3-ubyte.gz').read_bytes())[16:]
    wanted = bytearray()
    for i, digit in enumerate(whole):
        x, y = i % SIDE, i // SIDE % SIDE
        wanted += bytes(abs(c - digit) for c in (10 * x, 20 * y, 200))
    assert data == wanted
    # Colours are blended too.
    run('idx', 'exact-images-idx4-ubyte', '-o', 'twice', '--photographs',
        'exact.png')
    again = read_idx('twice-images-idx4-ubyte')[1]
    piece = [c for y in range(SIDE) for x in range(SIDE)
             for c in (10 * x, 20 * y, 200)]
    assert list(again) == [abs(piece[i % len(piece)] - c)
                           for i, c in enumerate(data)]


def places(name, seed):
    """(left, top, photograph) of the pieces behind blank pictures."""
    run('idx', 'blank-images-idx3-ubyte.gz', '-o', name, '--photographs',
        'photos', '--seed', seed)
    _, data = read_idx(f'{name}-images-idx4-ubyte')
    found = []
    for n in range(20):
        one = data[n * SIDE * SIDE * 3:(n + 1) * SIDE * SIDE * 3]
        left, top, photo = one[:3]
        assert list(one) == [c for y in range(SIDE) for x in range(SIDE)
                             for c in (left + x, top + y, photo)]
        width, height = {50: (60, 40), 90: (50, 70)}[photo]
        assert left + SIDE <= width and top + SIDE <= height
        found.append((left, top, photo))
    return found


def test_pieces_are_drawn_by_the_seed():
    first = places('one', 1)
    assert first == places('two', 1)
    assert first != places('three', 2)
    assert len(set(first)) > 15 and {p for _, _, p in first} == {50, 90}


def test_adapts_and_is_judged():
    _, err = run('train', 'a.ini', 'bars-images-idx3-ubyte.gz',
                 'other-images-idx4-ubyte', '-o', 'a.onnx')
    assert '800 frames of 2 inputs' in err, err
    found = re.findall(r'domain-error ([\d.]+) %', err)
    assert found and 0 < float(found[-1]) < 80, err

    def right(*files):
        out, _ = run('eval', '--classifier', 'a.onnx', *files)
        return float(re.match(r'\d+ pictures: ([\d.]+) % right', out)[1])
    # Grey ones, and ones of twice the size, which scaling makes fainter, are
    # given to the model as it takes them.
    assert right('test-images-idx3-ubyte.gz') > 90
    assert right('large-images-idx3-ubyte.gz') > 65
    assert right('there-images-idx4-ubyte') > 80


def read_png(path):
    """width, height and a function (x, y) -> (r, g, b) of an RGB PNG."""
    data = Path(path).read_bytes()
    at, packed = 8, b''
    while at < len(data):
        n, kind = struct.unpack('>I4s', data[at:at + 8])
        if kind == b'IHDR':
            width, height, depth, colours = struct.unpack(
                '>IIBB', data[at + 8:at + 18])
        if kind == b'IDAT':
            packed += data[at + 8:at + 8 + n]
        at += n + 12
    assert (depth, colours) == (8, 2)
    raw, rows, before = zlib.decompress(packed), [], bytes(3 * width)
    for y in range(height):
        kind, *row = raw[y * (3 * width + 1):(y + 1) * (3 * width + 1)]
        for i, value in enumerate(row):
            a = row[i - 3] if i >= 3 else 0
            b, c = before[i], before[i - 3] if i >= 3 else 0
            p = a + b - c
            near = min((abs(p - a), 0, a), (abs(p - b), 1, b),
                       (abs(p - c), 2, c))[2]
            row[i] = (value + (0, a, b, (a + b) // 2, near)[kind]) % 256
        rows.append(row)
        before = row
    return width, height, lambda x, y: tuple(rows[y][3 * x:3 * x + 3])


def test_a_sheet_shows_what_is_wrong():
    """Under each picture what it is taken for: red with a label that lies."""
    run('idx', 'test-images-idx3-ubyte.gz', '--count', 4, '-o', 'shown')
    Path('shown-labels-idx1-ubyte').write_bytes(
        struct.pack('>HBBI', 0, 8, 1, 4) + bytes([0, 0, 0, 1]))
    out, _ = run('eval', '--classifier', 'a.onnx', '--sheet', 'sheet.png',
                 'shown-images-idx3-ubyte')
    assert ' 75.00 % right' in out, out
    width, height, pixel = read_png('sheet.png')
    cell = (width - 6) // 4
    red = [any(pixel(x, y)[0] > pixel(x, y)[1] + 100
               for y in range(height - 20, height)
               for x in range(6 + i * cell, 6 + (i + 1) * cell))
           for i in range(4)]
    assert red == [False, True, False, False], red
    run('eval', '--classifier', 'a.onnx', '--sheet', 'no/where.png',
        'shown-images-idx3-ubyte', status=3)


def test_refuses():
    def refuse(text, *args, status=3):
        err = run(*args, status=status)[1]
        assert text in err, err
    bars = 'bars-images-idx3-ubyte.gz'
    refuse('wanted files of pictures, and --output', 'idx', bars, status=2)
    refuse('--from and --count are 0 and up', 'idx', bars, '-o', 'x',
           '--from', -1, status=2)
    refuse('--seed 0 to 4294967295', 'idx', bars, '-o', 'x', '--seed', 2**32,
           status=2)
    refuse('400 pictures, wanted at least 401', 'idx', bars, '-o', 'x',
           '--from', 400)
    refuse('400 pictures, wanted at least 405', 'idx', bars, '-o', 'x',
           '--from', 395, '--count', 10)
    refuse('12x11, wanted at least 12x12', 'idx', bars, '-o', 'x',
           '--photographs', 'small.png')
    refuse('nowhere', 'idx', bars, '-o', 'x', '--photographs', 'nowhere')
    refuse('no/folder', 'idx', bars, '-o', 'no/folder/x')
    assert not list(Path('.').glob('x-*'))
    Path('y-labels-idx1-ubyte').write_bytes(b'')
    refuse('y-labels-idx1-ubyte: found labels, wanted none', 'idx', bars,
           '-o', 'y', '--no-labels')
    # A model that is there is not replaced by one that learned nothing.
    Path('b.onnx').write_bytes(b'mine')
    refuse('no picture without a label', 'train', 'a.ini', bars, '-o',
           'b.onnx')
    assert Path('b.onnx').read_bytes() == b'mine'
    refuse('a picture without a label, wanted one of 0 to 1', 'train',
           'a.ini', 'other-images-idx4-ubyte', '-o', 'b.onnx', '-s',
           'classifier.adaptation=0')
    refuse('no pictures to train a classifier on', 'train', 'a.ini',
           'other-images-idx4-ubyte', '-o', 'b.onnx')
    write_idx('wide-images-idx3-ubyte.gz', (1, 12, 24), bytes(288))
    write_idx('wide-labels-idx1-ubyte.gz', (1,), bytes(1))
    refuse('a picture of 24x12, wanted the proportions of 12x12', 'eval',
           '--classifier', 'a.onnx', 'wide-images-idx3-ubyte.gz')


if __name__ == '__main__':
    sys.exit(outside.main(globals(), make_material))
