#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""aetool attributes and eval --latent, on a model whose codes are how bright the
quarters of a picture are.

usage: latent.py AETOOL MODEL

The last line is `N passed, N failed, N skipped`.
"""
import json
import os
import random
import re
import struct
import sys
from pathlib import Path

import outside

AETOOL, MODEL = map(os.path.abspath, sys.argv[1:])
run = outside.runner(AETOOL)
WIDTH, HEIGHT, PICTURES = 8, 6, 300


def write_pictures(path, quarters):
    """Pictures in MNIST's format whose quarters are that bright."""
    data = struct.pack('>4BIII', 0, 0, 8, 3, len(quarters), HEIGHT, WIDTH)
    for q in quarters:
        data += bytes(q[(y >= HEIGHT // 2) * 2 + (x >= WIDTH // 2)]
                      for y in range(HEIGHT) for x in range(WIDTH))
    Path(path).write_bytes(data)


def some_quarters(seed):
    rng = random.Random(seed)
    return [[rng.randrange(60, 190) for _ in range(4)] for _ in range(PICTURES)]


def test_measured_attributes():
    write_pictures('a-images-idx3-ubyte', some_quarters(1))
    out, _ = run('attributes', MODEL, 'a-images-idx3-ubyte', '--measure',
                 'brightness,light', '-o', 'taught.onnx')
    assert '300 pictures\n' in out, out
    explained = dict(re.findall(r'(\w+) +([\d.]+)%', out))
    # Brightness is a sum of what codes say; light is divided by it.
    assert float(explained['brightness']) > 99, out
    assert float(explained['light']) > 80, out
    info = json.loads(run('info', '--json', 'taught.onnx')[0])['metadata']
    assert info['ae.attributes'] == 'brightness,light', info
    # As bright in all quarters; right ones more than left ones.
    more = [float(x) for x in info['ae.attribute.brightness'].split(',')]
    assert max(more) - min(more) < 0.3 * max(more), more
    right = [float(x) for x in info['ae.attribute.light'].split(',')]
    assert right[0] < 0 < right[1] and right[2] < 0 < right[3], right


def test_attributes_are_judged():
    write_pictures('b-images-idx3-ubyte', some_quarters(2))
    result = json.loads(run(
        'eval', '--latent', 'taught.onnx', 'b-images-idx3-ubyte', '--json',
        '--sheet', 'latent.png', '--max-pictures', 100)[0])
    assert result['pairs'] == 50, result
    # Pictures are linear in codes and arcs are nearly straight here.
    assert 1 <= result['largest_step_mean'] <= result['largest_step_worst']
    assert result['largest_step_worst'] < 1.5, result
    for attribute in result['attributes']:
        assert attribute['measured'], result
        assert attribute['flipped'] > 0.95 and attribute['kept'] > 0.85, result
    assert Path('latent.png').read_bytes()[:4] == b'\x89PNG'
    # Shifts of nearly nothing leave most pictures where they are.
    weak = json.loads(run(
        'eval', '--latent', 'taught.onnx', 'b-images-idx3-ubyte', '--json',
        '--strength', '0.01')[0])['attributes'][1]
    assert weak['flipped'] < 0.95, weak
    out, _ = run('eval', '--latent', MODEL, 'b-images-idx3-ubyte')
    assert re.search(r'bright +cannot be measured', out), out


def test_attributes_that_are_told():
    quarters = some_quarters(3)
    write_pictures('c-images-idx3-ubyte', quarters)
    rows = [f'{i},{q[0] > 125:d}' for i, q in enumerate(quarters[:200])]
    Path('told.csv').write_text('number, upper-left\n' + '\n'.join(rows) + '\n')
    out, _ = run('attributes', MODEL, 'c-images-idx3-ubyte', '--labels',
                 'told.csv', '-o', 'told.onnx')
    assert '200 pictures, 100 without labels left out' in out, out
    info = json.loads(run('info', '--json', 'told.onnx')[0])['metadata']
    d = [float(x) for x in info['ae.attribute.upper-left'].split(',')]
    assert d[0] > 0 and max(map(abs, d[1:])) < 0.25 * d[0], d


def test_wrong_use():
    idx = 'a-images-idx3-ubyte'
    Path('short.csv').write_text('name,a\n0,1\n1\n')
    Path('empty.csv').write_text('')
    for args, status, text in (
            (('attributes', MODEL, idx), 2, 'wanted --measure or --labels'),
            (('attributes', MODEL), 2, 'wanted a model and pictures'),
            (('attributes', MODEL, idx, '-m', 'age'), 3,
             '--measure age is not known, wanted some of brightness'),
            (('attributes', MODEL, idx, '-l', 'short.csv'), 3,
             'line 3 is "1", wanted a name and 1 numbers'),
            (('attributes', MODEL, idx, '-l', 'empty.csv'), 3, 'line 1 is ""'),
            (('attributes', MODEL, idx, '-l', 'none.csv'), 3, 'none.csv'),
            (('attributes', MODEL, idx, '-m', 'light', '-o', 'no/where.onnx'),
             3, 'no/where.onnx'),
            (('attributes', 'none.onnx', idx, '-m', 'light'), 3, 'none.onnx'),
            (('attributes', MODEL, 'none.idx', '-m', 'light'), 3, 'none.idx'),
            (('eval', '--latent', MODEL), 2, 'wanted pictures'),
            (('eval', '--latent', MODEL, idx, '--strength', '0'), 2,
             'strength above 0'),
    ):
        err = run(*args, status=status)[1]
        assert text in err, (args, err)
    colours = Path(MODEL).with_name('sampler_colours.onnx')
    err = run('eval', '--latent', colours, idx, status=3)[1]
    assert 'makes no codes of pictures, wanted an autoencoder' in err, err


if __name__ == '__main__':
    sys.exit(outside.main(globals()))
