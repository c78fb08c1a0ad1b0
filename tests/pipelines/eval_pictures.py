#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What aetool eval says of classifiers, codes and generated pictures.

usage: eval_pictures.py AETOOL

Models are trained for seconds on bars: upright, level and slanting ones. The
last line is `N passed, N failed, N skipped`.
"""
import json
import os
import random
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import outside
from outside import write_idx

AETOOL = os.path.abspath(sys.argv[1])
run = outside.runner(AETOOL)
SIDE = 12
TRAIN, TEST = 'train-images-idx3-ubyte.gz', 'test-images-idx3-ubyte.gz'
TRAINING = '''[training]
steps = 150
batch = 32
learning_rate = 0.005
warmup_steps = 10
ema_decay = 0.9
threads = 1
seed = 5
'''
CLASSIFIER = '''[model]
task = classifier
[classifier]
size = 12x12
widths = 8,16
features = 16
classes = 3
''' + TRAINING
AUTOENCODER = '''[model]
task = autoencoder
[autoencoder]
size = 12x12
widths = 8,16
latent = 16
''' + TRAINING
VAE = '''[model]
task = autoencoder
[autoencoder]
size = 12x12
net = dense
widths = 64
latent = 6
code = variational
likelihood = bernoulli
classes = 3
beta = 0.3
''' + TRAINING.replace('150', '1500')

GAN = '''[model]
task = gan
[gan]
size = 12x12
net = dense
widths = 32
latent = 6
clusters = 6
''' + TRAINING.replace('150', '40')


def bar(kind, rng):
    """A bar of some place and brightness on dark noise."""
    at, light = rng.randrange(1, SIDE - 1), rng.randrange(150, 256)
    pixels = [rng.randrange(40) for _ in range(SIDE * SIDE)]
    for i in range(SIDE):
        x, y = ((at, i), (i, at), (i, (i + at) % SIDE))[kind]
        pixels[y * SIDE + x] = light
    return bytes(pixels)


def write_bars(name, n, seed, labels=None):
    rng = random.Random(seed)
    labels = labels or [i % 3 for i in range(n)]
    write_idx(f'{name}-images-idx3-ubyte.gz', (n, SIDE, SIDE),
              b''.join(bar(i % 3, rng) for i in range(n)))
    write_idx(f'{name}-labels-idx1-ubyte.gz', (n,), bytes(labels))


def make_material():
    Path('l.ini').write_text(LINEAR)
    write_bars('train', 600, 1)
    write_bars('test', 90, 2)
    rng = random.Random(3)
    write_idx('odd-images-idx3-ubyte.gz', (60, SIDE, SIDE),
              bytes(rng.randrange(256) for _ in range(60 * SIDE * SIDE)))
    Path('c.ini').write_text(CLASSIFIER)
    Path('a.ini').write_text(AUTOENCODER)
    run('train', 'c.ini', TRAIN, '-o', 'c.onnx')
    run('train', 'a.ini', TRAIN, '-o', 'a.onnx')
    Path('v.ini').write_text(VAE)
    run('train', 'v.ini', TRAIN, '-o', 'v.onnx')


def test_classifier_tells_bars_apart():
    out, _ = run('eval', '--classifier', 'c.onnx', TEST, '--confusion',
                 'c.svg')
    found = re.match(r'90 pictures: ([\d.]+) % right; sure .* of [\d.]+ %', out)
    assert found and float(found[1]) > 90, out
    said = json.loads(run('eval', '--json', '--classifier', 'c.onnx', TEST)[0])
    matrix = said['confusion']
    assert [sum(row) for row in matrix] == [30, 30, 30], matrix
    right = sum(matrix[i][i] for i in range(3))
    assert abs(said['accuracy'] - right / 90) < 1e-9
    assert abs(100 * right / 90 - float(found[1])) < 0.01
    assert [c['errors'] for c in said['classes']] == [
        30 - matrix[i][i] for i in range(3)]
    assert 0.5 < said['mean_probability'] <= 1 and 0 <= said['sure'] <= 1
    texts = [e.text for e in ElementTree.parse('c.svg').iter()
             if e.tag.endswith('text')]
    assert str(matrix[0][0]) in texts, texts
    few = json.loads(run('eval', '--json', '--classifier', 'c.onnx', TEST,
                         '--max-pictures', 9)[0])
    assert few['pictures'] == 9


def test_a_lie_is_found():
    """Labels that are not so cost as much as there are of them."""
    write_bars('lie', 90, 2, [(i + (i < 30)) % 3 for i in range(90)])
    truth = json.loads(run('eval', '--json', '--classifier', 'c.onnx',
                           TEST)[0])
    lie = json.loads(run('eval', '--json', '--classifier', 'c.onnx',
                         'lie-images-idx3-ubyte.gz')[0])
    assert truth['accuracy'] - lie['accuracy'] > 0.2, (truth, lie)


def test_pretraining_is_taken_over():
    run('train', 'c.ini', TRAIN, '-o', 'p.onnx', '--base', 'a.onnx', '-s',
        'classifier.freeze=yes', '-s', 'classifier.labels_per_class=40')
    said = json.loads(run('eval', '--json', '--classifier', 'p.onnx', TEST)[0])
    assert said['accuracy'] > 0.6, said
    err = run('train', 'c.ini', TRAIN, '-o', 'q.onnx', '--base', 'a.onnx',
              '-s', 'classifier.features=9', status=3)[1]
    assert 'e.latent.weight is 16x144, wanted 9x144' in err, err


LINEAR = '''[model]
task = autoencoder
[autoencoder]
size = 12x12
net = linear
latent = 2
[training]
steps = 4000
batch = 32
learning_rate = 0.01
final_learning_rate = 0.00001
validation = 0
ema_decay = 0.99
threads = 1
seed = 5
'''


def write_plane(name, n, seed, patterns=2):
    """Grey, and so much of a left half, an upper half, a chess board."""
    rng = random.Random(seed)

    def picture():
        much = [rng.randrange(-limit, limit + 1) for limit in (60, 40, 20)]
        return bytes(128 + sum(
            part * sign for part, sign in zip(much[:patterns], (
                1 if x < SIDE // 2 else -1, 1 if y < SIDE // 2 else -1,
                1 if (x + y) % 2 else -1)))
            for y in range(SIDE) for x in range(SIDE))
    write_idx(f'{name}-images-idx3-ubyte.gz', (n, SIDE, SIDE),
              b''.join(picture() for _ in range(n)))


def beside_components(model, train, test, *more):
    return json.loads(run('eval', '--json', '--autoencoder', model, '--pca',
                          train, test, *more)[0])


def test_linear_autoencoder_spans_the_components():
    """Of two patterns it finds both, of three the two that vary most."""
    write_plane('flat', 500, 7)
    write_plane('solid', 500, 7, patterns=3)
    write_plane('other', 200, 8, patterns=3)
    flat, solid, other = (f'{name}-images-idx3-ubyte.gz'
                          for name in ('flat', 'solid', 'other'))
    run('train', 'l.ini', flat, '-o', 'f.onnx')
    said = beside_components('f.onnx', flat, flat)
    assert said['components'] == 2 and said['components_pictures'] == 500, said
    assert said['components_mse'] < 1e-10 and said['mse'] < 1e-5, said
    assert abs(said['sharpness'] - 1) < 0.01, said
    assert said['largest_angle'] < 1, said
    run('train', 'l.ini', solid, '-o', 'l.onnx')
    said = beside_components('l.onnx', solid, other)
    assert said['largest_angle'] < 2, said
    want = 20 * 21 / 3 / 255 ** 2  # a chess board of up to 20 is lost
    assert 0.8 < said['components_mse'] / want < 1.2, (said, want)
    assert 0.99 < said['mse_over_components'] < 1.01, said
    # Of other pictures the components are others, and worse for these.
    said = beside_components('l.onnx', TRAIN, other)
    assert said['components_pictures'] == 600, said
    assert said['largest_angle'] > 45, said
    assert said['mse_over_components'] < 0.5, said
    out, _ = run('eval', '--autoencoder', 'l.onnx', '--pca', solid, other,
                 '--max-pictures', 9)
    assert '9 pictures: MSE ' in out, out
    assert '2 principal components of 500 pictures: MSE ' in out, out
    found = re.search(r'decoder span: ([\d.]+) degrees', out)
    assert found and float(found[1]) < 2, out


def test_deep_autoencoder_spans_no_space():
    said = beside_components('a.onnx', TRAIN, TEST)
    assert said['components'] == 16 and 'largest_angle' not in said, said
    ratio = said['mse'] / said['components_mse']
    assert abs(said['mse_over_components'] - ratio) < 1e-9, said
    assert 'degrees' not in run('eval', '--autoencoder', 'a.onnx', '--pca',
                                TRAIN, TEST)[0]
    alone = json.loads(run('eval', '--json', '--autoencoder', 'a.onnx',
                           TEST)[0])
    assert alone['mse'] == said['mse'] and 'components' not in alone, alone


def test_adversary_makes_pictures_sharp():
    """Noise that a code of few numbers does not hold comes back all the same."""
    said = {}
    for adversary in 'none', 'pictures':
        run('train', 'a.ini', TRAIN, '-o', 's.onnx', '--steps', 300, '-s',
            f'autoencoder.adversary={adversary}', '-s',
            'autoencoder.discriminator_rate=0.002', '-s',
            'autoencoder.latent=4')
        said[adversary] = json.loads(run(
            'eval', '--json', '--autoencoder', 's.onnx', TEST)[0])
    assert 0 < said['none']['sharpness'] < 0.9, said
    assert said['pictures']['sharpness'] > said['none']['sharpness'] + 0.1, said
    out = run('eval', '--autoencoder', 's.onnx', TEST)[0]
    found = re.search(r"gradient energy: ([\d.]+) of the pictures' own", out)
    assert abs(float(found[1]) - said['pictures']['sharpness']) < 0.001, out


def test_components_refuse():
    def refuse(text, *args, status=3):
        err = run('eval', '--autoencoder', 'a.onnx', TEST, '--pca', *args,
                  status=status)[1]
        assert text in err, err
    refuse('a.ini: wanted pictures in', 'a.ini')
    refuse('no-images-idx3-ubyte', 'no-images-idx3-ubyte.gz')
    write_idx('small-images-idx3-ubyte.gz', (2, 8, 9), bytes(144))
    refuse('principal components: a picture of 9x8 and 1 channels, wanted 12x12',
           'small-images-idx3-ubyte.gz')
    for latent, side in ((145, 12), (2, 50)):
        write_idx('own-images-idx3-ubyte.gz', (3, side, side),
                  bytes(3 * side * side))
        run('train', 'l.ini', 'own-images-idx3-ubyte.gz', '-o', 'own.onnx',
            '--steps', 1, '-s', f'autoencoder.latent={latent}', '-s',
            f'autoencoder.size={side}x{side}')
        err = run('eval', '--autoencoder', 'own.onnx', TEST, '--pca', TRAIN,
                  status=3)[1]
        assert (f'{latent} principal components of pictures of {side * side} '
                'values, wanted') in err, err


def test_classifier_refuses():
    def refuse(text, *args, status=3):
        err = run('eval', '--classifier', *args, status=status)[1]
        assert text in err, err
    refuse("found the task 'autoencoder', wanted classifier", 'a.onnx', TEST)
    refuse('no.onnx', 'no.onnx', TEST)
    refuse('wanted files', 'c.onnx', status=2)
    refuse('wanted pictures in', 'c.onnx', 'c.ini')
    refuse('picture 0 has no label, wanted one of 0 to 2', 'c.onnx',
           'odd-images-idx3-ubyte.gz')
    write_bars('many', 3, 4, [0, 1, 3])
    refuse('picture 2 has the label 3, wanted 0 to 2', 'c.onnx',
           'many-images-idx3-ubyte.gz')
    write_idx('large-images-idx3-ubyte.gz', (2, 8, 9), bytes(144))
    write_idx('large-labels-idx1-ubyte.gz', (2,), bytes(2))
    refuse('a picture of 9x8, wanted the proportions of 12x12', 'c.onnx',
           'large-images-idx3-ubyte.gz')
    refuse('of 9x8 and 1 channels, wanted 12x12 and 1 as those before',
           'c.onnx', TEST, 'large-images-idx3-ubyte.gz')
    refuse('no/where.svg', 'c.onnx', TEST, '--confusion', 'no/where.svg')


def codes(*more, model='a.onnx', status=0):
    return run('eval', '--codes', model, '--train', TRAIN, '--test', TEST,
               '--items', 1000, *more, status=status)


def test_codes_are_worth_something():
    out, _ = codes('--odd', 'odd-images-idx3-ubyte.gz', '--map', 'map.png',
                   '--confusion', 'probe.svg')
    assert 'codes of 16 numbers, of 600 pictures to learn from and 90' in out
    assert Path('map.png').read_bytes().startswith(b'\x89PNG')
    assert Path('probe.svg').read_text().startswith('<svg')
    said = json.loads(codes('--odd', 'odd-images-idx3-ubyte.gz', '--json')[0])
    assert said['code'] == 16 and said['train'] == 600 and said['odd'] == 60
    # Of bars of three directions chance is a third; places are no straight matter.
    assert said['probe']['accuracy'] > 0.5, said
    assert said['precision_at_10'] > 0.6, said
    assert 0 <= said['means_information'] <= 1, said
    many = json.loads(run('eval', '--json', '--codes', 'a.onnx', '--train',
                          TRAIN, '--test', TRAIN, '--items', 1000)[0])
    assert 0.5 < many['axes_trustworthiness'] <= 1, many
    assert many['axes_trustworthiness'] < many['tsne_trustworthiness'], many
    assert 0.95 < many['tsne_trustworthiness'] <= 1, many
    assert said['odd_area_error'] > 0.9, said
    assert said['items'] == 1000 and said['query_ms'] > 0, said
    assert f"linear probe: {100 * said['probe']['accuracy']:.2f} %" in out, out


def test_codes_of_wrong_labels_are_worth_less():
    """Labels that are drawn by lot are told no better than by chance."""
    rng = random.Random(9)
    write_bars('lot', 600, 1, [rng.randrange(3) for _ in range(600)])
    said = json.loads(run(
        'eval', '--json', '--codes', 'a.onnx', '--items', 600, '--train',
        'lot-images-idx3-ubyte.gz', '--test', TEST)[0])
    assert said['probe']['accuracy'] < 0.45, said
    assert said['precision_at_10'] < 0.5, said


def test_codes_refuse():
    def refuse(text, *args, status=3):
        err = run('eval', '--codes', *args, status=status)[1]
        assert text in err, err
    both = ('--train', TRAIN, '--test', TEST)
    refuse("found the task 'classifier', wanted autoencoder", 'c.onnx', *both)
    refuse('wanted --train and --test', 'a.onnx', '--train', TRAIN, status=2)
    refuse('wanted --train and --test', 'a.onnx', *both, TEST, status=2)
    refuse('items 10 to', 'a.onnx', *both, '--items', 5, status=2)
    refuse('found 0 classes, wanted 2', 'a.onnx', '--test', TEST, '--train',
           'odd-images-idx3-ubyte.gz')
    refuse('picture 0 has no label', 'a.onnx', '--train', TRAIN, '--test',
           'odd-images-idx3-ubyte.gz')
    write_bars('few', 5, 4)
    refuse('10 neighbours asked for, wanted 1 to 5', 'a.onnx', '--test', TEST,
           '--train', 'few-images-idx3-ubyte.gz')
    refuse('12 neighbours of 5 codes', 'a.onnx', '--train', TRAIN, '--test',
           'few-images-idx3-ubyte.gz')
    refuse('no/map.png', 'a.onnx', *both, '--map', 'no/map.png')


def judge(*more, model='v.onnx', status=0):
    return run('eval', '--generated', model, '--classifier', 'c.onnx',
               '--train', TRAIN, '--samples', 300, *more, status=status)


def test_samples_are_judged():
    out, _ = judge('--test', TEST, '--sheet', 's.png', '--nearest', 'n.png',
                   '--confusion', 'g.svg', '--gan-train', 'c.ini')
    assert out.startswith('300 samples, seed 0: the classifier is sure'), out
    for name in ('s.png', 'n.png'):
        assert Path(name).read_bytes().startswith(b'\x89PNG'), name
    said = json.loads(judge('--test', TEST, '--gan-train', 'c.ini',
                            '--json')[0])
    assert sum(said['taken_for']) == said['samples'] == 300
    asked = said['asked']
    # It makes what it is told to.
    assert asked['accuracy'] > 0.6, asked
    assert sum(c['pictures'] for c in asked['classes']) == 300
    assert min(c['pictures'] for c in asked['classes']) > 60, asked
    assert said['gan_train']['accuracy'] > 0.5, said
    for key in ('sure', 'real_sure', 'mean_probability', 'coverage',
                'precision', 'recall', 'closer_than_held_out'):
        assert 0 <= said[key] <= 1, (key, said)
    assert said['nearest_train'] > 0 < said['nearest_train_held_out']
    for key in ('coverage', 'density', 'precision', 'recall'):
        assert f'{key} {said[key]:.4f}' in out, (key, out)
    again = json.loads(judge('--test', TEST, '--json')[0])
    other = json.loads(judge('--test', TEST, '--seed', 7, '--json')[0])
    assert again['nearest_train'] == said['nearest_train']
    assert other['nearest_train'] != said['nearest_train']
    assert other['seed'] == 7


def test_what_is_always_the_same_covers_nothing():
    """At temperature 0 there is one picture of each class."""
    usual = json.loads(judge('--test', TEST, '--json')[0])
    still = json.loads(judge('--test', TEST, '--json', '--temperature',
                             0)[0])
    assert still['coverage'] < usual['coverage'] / 2, (still, usual)


def test_copies_are_found():
    """Where the test is what was learned from, samples are not nearer to it;
    where that is near to no test picture they are."""
    far = ('--test', 'odd-images-idx3-ubyte.gz')
    said = json.loads(judge('--test', TRAIN, '--json')[0])
    assert said['closer_than_held_out'] == 0, said
    assert said['nearest_train_held_out'] == 0, said
    said = json.loads(judge(*far, '--json')[0])
    assert said['closer_than_held_out'] == 1, said


def test_what_is_not_told_has_no_labels():
    said = json.loads(judge('--json', '--normal-prior', model='a.onnx')[0])
    assert 'asked' not in said and 'nearest_train' not in said, said
    assert sum(said['taken_for']) == 300
    err = judge('--confusion', 'x.svg', model='a.onnx', status=3)[1]
    assert 'a.onnx is not told what to make' in err, err


def test_clusters_are_no_labels():
    """A GAN of six clusters is judged by a classifier of three classes, as one
    that is told nothing; resumed, it goes on with the clusters it had."""
    Path('g.ini').write_text(GAN)
    err = run('train', 'g.ini', TRAIN, '-o', 'g.onnx', status=3)[1]
    assert 'gan.clusters is 6 without a model to start from' in err, err
    base = ('--base', 'a.onnx', '--threads', 1)
    run('train', 'g.ini', TRAIN, '-o', 'g.onnx', *base)
    said = json.loads(judge('--test', TEST, '--json', model='g.onnx')[0])
    assert 'asked' not in said, said
    assert sum(said['taken_for']) == 300
    out = judge('--test', TEST, '--sheet', 'g.png', model='g.onnx')[0]
    assert 'label consistency' not in out, out
    assert Path('g.png').read_bytes().startswith(b'\x89PNG')
    err = judge('--test', TEST, '--gan-train', 'c.ini', model='g.onnx',
                status=3)[1]
    assert 'is not told what to make' in err, err
    more = ('-o', 'g.onnx', '--resume', '--steps', 45)
    run('train', 'g.ini', TRAIN, *more, *base)
    assert 'ae.gan.clusters' in run('info', 'g.onnx')[0]
    run('train', 'a.ini', TRAIN, '-o', 'other.onnx', '--steps', 2)
    err = run('train', 'g.ini', TRAIN, '-o', 'g.onnx', '--resume', '--steps',
              50, '--base', 'other.onnx', status=3)[1]
    assert 'wanted those of the model to start from' in err, err


def test_generated_refuses():
    run('train', 'c.ini', TRAIN, '-o', 'four.onnx', '--steps', 1, '-s',
        'classifier.classes=4')
    def refuse(text, *more, model='v.onnx', status=3):
        err = judge(*more, model=model, status=status)[1]
        assert text in err, err
    err = run('eval', '--generated', 'v.onnx', status=2)[1]
    assert 'wanted --classifier and --train' in err, err
    refuse('need --test', '--nearest', 'n.png', status=2)
    refuse('need --test', '--gan-train', 'c.ini', status=2)
    refuse('samples are 6 to', '--samples', 2, status=2)
    refuse('temperatures are 0 to', '--temperature', -1, status=2)
    refuse('no.onnx', model='no.onnx')
    refuse('wanted one that makes pictures', model='c.onnx')
    refuse('no/s.png', '--sheet', 'no/s.png')
    # A classifier of other classes, and a recipe that makes none.
    refuse('makes 3 classes, wanted the 4 of', '--classifier', 'four.onnx')
    refuse("found the task 'autoencoder', wanted classifier", '--test', TEST,
           '--gan-train', 'v.ini', '--gan-train-steps', 2)


if __name__ == '__main__':
    sys.exit(outside.main(globals(), make_material))
