#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What aetool eval --rbm says of restricted Boltzmann machines.

usage: eval_rbm.py AETOOL

Machines are trained for seconds on bars and judged on others, and on as many
bright pixels anywhere. With AE_DATA one learns a few digits and tells clothing
from them. The last line is `N passed, N failed, N skipped`.
"""
import gzip
import json
import math
import os
import random
import re
import struct
import sys
from pathlib import Path

import outside

AETOOL = os.path.abspath(sys.argv[1])
run = outside.runner(AETOOL)
SIDE = 10
TRAIN, TEST, ODD = (f'{name}-images-idx3-ubyte.gz'
                    for name in ('train', 'test', 'odd'))
RECIPE = '''[model]
task = rbm
[rbm]
size = 10x10
hidden = 32
binarise = yes
[training]
steps = 1500
batch = 20
learning_rate = 0.1
warmup_steps = 0
threads = 1
seed = 5
'''


def write_idx(path, n, data, side=SIDE):
    head = struct.pack('>HBBIII', 0, 8, 3, n, side, side)
    Path(path).write_bytes(gzip.compress(head + data))


def bar(rng):
    """A bar, upright or level, and two bright pixels."""
    at, level = rng.randrange(SIDE), rng.randrange(2)
    pixels = [0] * (SIDE * SIDE)
    for i in range(SIDE):
        pixels[at * SIDE + i if level else i * SIDE + at] = 255
    return stray(pixels, 2, rng)


def stray(pixels, n, rng):
    for at in rng.sample([i for i, p in enumerate(pixels) if not p], n):
        pixels[at] = 255
    return bytes(pixels)


def make_material():
    rng = random.Random(1)
    write_idx(TRAIN, 400, b''.join(bar(rng) for _ in range(400)))
    write_idx(TEST, 80, b''.join(bar(rng) for _ in range(80)))
    write_idx(ODD, 60, b''.join(stray([0] * (SIDE * SIDE), SIDE + 2, rng)
                                for _ in range(60)))
    Path('r.ini').write_text(RECIPE)
    out, _ = run('train', 'r.ini', TRAIN, '-o', 'r.onnx')
    assert re.search(r'r.onnx: 1500 steps,.* reconstruction -[\d.]+ nats',
                     out), out


def said_of(model, *more):
    return json.loads(run('eval', '--json', '--rbm', model, *more)[0])


def test_the_model_says_what_it_is():
    info = json.loads(run('info', '--json', 'r.onnx')[0])['metadata']
    for key, value in (('task', 'rbm'), ('rbm.size', '10x10'),
                       ('rbm.channels', '1'), ('rbm.hidden', '32'),
                       ('train.steps', '1500'), ('train.seed', '5')):
        assert info['ae.' + key] == value, (key, info)


def test_free_energy_tells_what_is_odd():
    out, _ = run('eval', '--rbm', 'r.onnx', TEST, '--odd', ODD, '--sheet',
                 's.png')
    found = re.match(r'80 pictures: MSE ([\d.]+), cross-entropy ([\d.]+) nats, '
                     r'mean free energy (-?[\d.]+) nats\n60 odd pictures: .*\n'
                     r'told apart by .* area under the curve: ([\d.]+)\n$',
                     out)
    assert found, out
    said = said_of('r.onnx', TEST, '--odd', ODD)
    for at, key in enumerate(('mse', 'cross_entropy', 'free_energy',
                              'odd_area'), 1):
        assert abs(float(found[at]) - said[key]) < 0.01, (key, out, said)
    assert said['odd_area'] > 0.95, said
    assert said['odd']['free_energy'] > said['free_energy'] + 2, said
    assert said['mse'] < said['odd']['mse'] / 2, said
    assert Path('s.png').read_bytes().startswith(b'\x89PNG')


def test_a_machine_that_has_not_learned_tells_little():
    run('train', 'r.ini', TRAIN, '-o', 'one.onnx', '--steps', 1)
    said = said_of('one.onnx', TEST, '--odd', ODD)
    assert 0.2 < said['odd_area'] < 0.8, said
    assert said['mse'] > 2 * said_of('r.onnx', TEST)['mse'], said


def test_the_same_pictures_are_not_told_apart():
    said = said_of('r.onnx', TEST, '--odd', TEST)
    assert abs(said['odd_area'] - 0.5) < 1e-9, said
    few = said_of('r.onnx', TEST, '--max-pictures', 9)
    assert few['pictures'] == 9 and 'odd' not in few, few


def test_a_seed_is_a_training():
    run('train', 'r.ini', TRAIN, '-o', 'a.onnx', '--steps', 20)
    run('train', 'r.ini', TRAIN, '-o', 'b.onnx', '--steps', 20)
    run('train', 'r.ini', TRAIN, '-o', 'c.onnx', '--steps', 20, '-s',
        'training.seed=6')
    a, b, c = (said_of(name, TEST) for name in ('a.onnx', 'b.onnx', 'c.onnx'))
    assert a == b != c, (a, b, c)


def test_refuses():
    def refuse(text, *args, status=3):
        err = run('eval', '--rbm', *args, status=status)[1]
        assert text in err, err
    write_idx('small-images-idx3-ubyte.gz', 2, bytes(128), 8)
    refuse('wanted files of pictures', 'r.onnx', status=2)
    refuse('no.onnx', 'no.onnx', TEST)
    refuse('of 8x8 and 1 channels, wanted 10x10', 'r.onnx',
           'small-images-idx3-ubyte.gz')
    refuse('of 8x8 and 1 channels, wanted 10x10', 'r.onnx', TEST, '--odd',
           'small-images-idx3-ubyte.gz')
    refuse('no/s.png', 'r.onnx', TEST, '--sheet', 'no/s.png')
    refuse('0 and up', 'r.onnx', TEST, '--max-pictures', -1, status=2)
    Path('a.ini').write_text('[model]\ntask = autoencoder\n[autoencoder]\n'
                             'size = 10x10\nwidths = 4\nlatent = 2\n'
                             '[training]\nsteps = 1\nbatch = 2\n')
    run('train', 'a.ini', TRAIN, '-o', 'auto.onnx')
    refuse("found the task 'autoencoder', wanted rbm", 'auto.onnx', TEST)
    err = run('train', 'r.ini', TRAIN, '-s', 'training.optimiser=adam',
              status=3)[1]
    assert "[training] optimiser is not used by task 'rbm'" in err, err


def test_digits_are_told_from_clothing():
    """An eighth of the bundled recipe's steps, and half the units: more than
    how bright each pixel usually is, which tells 0.978."""
    data = os.environ.get('AE_DATA')
    if not data:
        raise outside.Skip('AE_DATA is not set')
    digits = Path(data) / 'digits'
    recipe = Path(__file__).parents[2] / 'models' / 'rbm-digits.ini'
    run('train', recipe, digits / 'mnist' / 'train-images-idx3-ubyte.gz', '-o',
        'd.onnx', '--steps', 1000, '-s', 'rbm.hidden=128')
    said = said_of('d.onnx', digits / 'mnist' / 't10k-images-idx3-ubyte.gz',
                   '--odd', digits / 'fashion900' / 'images-idx3-ubyte.gz')
    assert said['odd_area'] >= 0.99, said
    assert math.isfinite(said['free_energy']) and said['mse'] < 0.02, said


if __name__ == '__main__':
    sys.exit(outside.main(globals(), make_material))
