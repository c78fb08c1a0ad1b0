#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What aetool says of sparse and of fully convolutional autoencoders.

usage: eval_autoencoder.py AETOOL

Autoencoders are trained for seconds on bars, and on crops of made-up pictures.
The last line is `N passed, N failed, N skipped`.
"""
import json
import random
import re
import struct
import sys
from pathlib import Path

import outside

run = outside.runner(sys.argv[1])
SIDE = 10
TRAIN, TEST, ODD = (f'{name}-images-idx3-ubyte.gz'
                    for name in ('train', 'test', 'odd'))
HEAD = '[model]\ntask = autoencoder\n[autoencoder]\n'
TRAINING = '''[training]
steps = 400
batch = 20
learning_rate = 0.01
warmup_steps = 0
ema_decay = 0.9
threads = 1
seed = 5
'''
SPARSE = HEAD + '''net = linear
latent = 60
code = rectified
top_k = 6
size = 10x10
''' + TRAINING
MAPS = HEAD + '''net = fully-conv
widths = 8,16
latent = 8
channels = 3
size = 16x16
crops = 40
''' + TRAINING


def said_of(model, *args):
    return json.loads(run('eval', '--json', '--autoencoder', model, *args)[0])


def write_pictures(path, pictures):
    outside.write_idx(path, (len(pictures), SIDE, SIDE), b''.join(pictures))


def bars(rng, n):
    """Pictures of one upright and one level bar."""
    found = []
    for _ in range(n):
        x, y = rng.randrange(SIDE), rng.randrange(SIDE)
        found.append(bytes(255 * (i % SIDE == x or i // SIDE == y)
                           for i in range(SIDE * SIDE)))
    return found


def dots(rng, n):
    """As many bright pixels anywhere."""
    found = []
    for _ in range(n):
        bright = set(rng.sample(range(SIDE * SIDE), 2 * SIDE - 1))
        found.append(bytes(255 * (i in bright) for i in range(SIDE * SIDE)))
    return found


def write_stripes(path, width, height, seed):
    """Soft stripes of any colour."""
    rng = random.Random(seed)
    slopes = [(rng.uniform(-20, 20), rng.uniform(-20, 20)) for _ in range(3)]
    rows = [bytes(
        min(abs(int(x * a + y * b)) % 510, 510 - abs(int(x * a + y * b)) % 510)
        for x in range(width) for a, b in slopes) for y in range(height)]
    outside.write_png(path, width, height, rows, 3)


def prepare():
    rng = random.Random(3)
    write_pictures(TRAIN, bars(rng, 400))
    write_pictures(TEST, bars(rng, 60))
    write_pictures(ODD, dots(rng, 50))
    Path('sparse.ini').write_text(SPARSE)
    Path('maps.ini').write_text(MAPS)
    for folder, sizes in (('learn', [(40, 30), (33, 47)] * 4),
                          ('see', [(50, 33), (64, 48), (50, 33)])):
        Path(folder).mkdir()
        for i, (width, height) in enumerate(sizes):
            write_stripes(f'{folder}/{i}.png', width, height, f'{folder}{i}')
    run('train', 'sparse.ini', TRAIN, '-o', 'sparse.onnx')
    run('train', 'maps.ini', 'learn', '-o', 'maps.onnx')


def test_few_units_are_active():
    said = said_of('sparse.onnx', TEST)
    # six of sixty
    assert 0.02 < said['active'] <= 0.1 + 1e-9, said
    # what is always said, the mean of bars, has 0.15
    assert said['mse'] < 0.05, said
    out, _ = run('eval', '--autoencoder', 'sparse.onnx', TEST)
    assert re.search(r"^[\d.]+ % of the codes' 60 numbers are not 0$", out,
                     re.M), out


def test_odd_pictures_are_told_by_their_error():
    said = said_of('sparse.onnx', TEST, '--odd', ODD)
    assert said['odd_area_error'] > 0.95, said
    same = said_of('sparse.onnx', TEST, '--odd', TEST)
    assert same['odd_area_error'] == same['odd_area_share'] == 0.5, same
    back = said_of('sparse.onnx', ODD, '--odd', TEST)
    for area in ('odd_area_error', 'odd_area_share'):
        assert abs(back[area] + said[area] - 1) < 1e-6, (said, back)
    assert said['mse'] == said_of('sparse.onnx', TEST)['mse']
    out, _ = run('eval', '--autoencoder', 'sparse.onnx', TEST, '--odd', ODD,
                 '--max-pictures', 20)
    assert re.search(r'told from 20 odd pictures by the error of the '
                     r'reconstruction, area under the curve: [01]\.\d{4}; by its '
                     r"share of the picture's variance: [01]\.\d{4}\n",
                     out), out


def test_filters_are_drawn():
    out, _ = run('eval', '--autoencoder', 'sparse.onnx', '--filters', 'f.png')
    assert out == '', out
    head = Path('f.png').read_bytes()[16:24]
    # 60 in eight columns, each of 10 pixels twice and a gap
    assert struct.unpack('>2I', head) == (1 + 8 * 21, 1 + 8 * 21), head
    out, _ = run('eval', '--autoencoder', 'sparse.onnx', TEST, '--filters',
                 'f.png')
    assert out.startswith('60 pictures: MSE'), out


def test_maps_are_of_any_size():
    said = said_of('maps.onnx', 'see')
    sizes = sorted((s['width'], s['height'], s['pictures']) for s in said)
    assert sizes == [(50, 33, 2), (64, 48, 1)], said
    # stripes have a variance of 0.08
    assert all(s['mse'] < 0.02 for s in said), said
    out, _ = run('eval', '--autoencoder', 'maps.onnx', 'see/1.png')
    assert re.fullmatch(r'1 pictures of 64x48: MSE 0\.\d+, PSNR [\d.]+ dB\n',
                        out), out
    info = json.loads(run('info', '--json', 'maps.onnx')[0])
    assert info['metadata']['ae.autoencoder.net'] == 'fully-conv', info


def test_maps_of_small_pictures_are_judged_as_any():
    run('train', 'maps.ini', TRAIN, '-s', 'autoencoder.crops=0', '-s',
        'autoencoder.size=10x10', '-s', 'autoencoder.channels=1', '-s',
        'autoencoder.widths=8', '-o', 'small.onnx', '--steps', 50)
    said = said_of('small.onnx', TEST, '--knock-out', 0.1, '--sheet', 's.png')
    assert said['pictures'] == 60 and said['mse_knocked_out'] > said['mse']


def test_refuses():
    def refuse(text, *args, status=3, what='--autoencoder'):
        err = run('eval', what, *args, status=status)[1]
        assert text in err, err
    refuse('sparse.onnx: its pictures have one size: wanted pictures in '
           "MNIST's format", 'sparse.onnx', 'see')
    refuse("wanted pictures in MNIST's format", 'maps.onnx', 'see/0.png',
           '--odd', ODD)
    refuse('the decoder is more than one matrix, wanted an autoencoder with '
           'net = linear', 'maps.onnx', '--filters', 'f.png')
    refuse('no/f.png', 'sparse.onnx', '--filters', 'no/f.png')
    refuse('no.png', 'maps.onnx', 'no.png')
    refuse('wanted files of pictures', 'maps.onnx', status=2)
    refuse('no-idx3-ubyte.gz', 'sparse.onnx', TEST, '--odd',
           'no-idx3-ubyte.gz')
    refuse('whose codes are maps, wanted one whose codes are numbers',
           'maps.onnx', TEST, what='--latent')
    err = run('train', 'maps.ini', 'learn', '-s', 'autoencoder.size=64x64',
              status=3)[1]
    assert 'wanted at least 64x64 to cut from' in err, err
    err = run('train', 'sparse.ini', TRAIN, '-s', 'autoencoder.code=plain',
              status=3)[1]
    assert 'top_k 6 of a code that is not rectified' in err, err


if __name__ == '__main__':
    sys.exit(outside.main(globals(), prepare))
