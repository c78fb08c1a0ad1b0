#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Inspection pictures from the outside: train, eval, a stream of pictures.

usage: inspect_pictures.py AETOOL

Pictures of ground plates are made up: a dull texture with a hole at the same
place; defects are dark scratches. The last line is
`N passed, N failed, N skipped`.
"""
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import outside

AETOOL = os.path.abspath(sys.argv[1])
run = outside.runner(AETOOL)
RECIPE = Path(__file__).parents[2] / 'models' / 'inspect.ini'
WIDTH, HEIGHT = 128, 96
SMALL = ['-s', 'anomaly.window=7', '-s', 'anomaly.code=12', '-s',
         'anomaly.bank=1']


def png(path, rows):
    """8-bit grey rows."""
    outside.write_png(path, len(rows[0]), len(rows), rows, 1)


def scratch(seed):
    """Pixels of a defect."""
    rng = random.Random(seed)
    x, y = rng.randrange(20, 90), rng.randrange(10, 60)
    return [(x + i // 2, y + i) for i in range(24)]


def plate(seed, defect, scale=1):
    rng = random.Random(seed)
    gain = rng.uniform(0.7, 1.3)
    rows = [[120 + (x * 3 + y * 5) % 17 + rng.randrange(-4, 5)
             for x in range(WIDTH)] for y in range(HEIGHT)]
    for y in range(40, 56):
        for x in range(56, 72):
            if (x - 64) ** 2 + (y - 48) ** 2 < 60:
                rows[y][x] = 40
    if defect:
        for x, y in scratch(seed):
            rows[y][x] = rows[y][x + 1] = 60
    rows = [[min(255, int(gain * v)) for v in row for _ in range(scale)]
            for row in rows]
    return [row for row in rows for _ in range(scale)]


def mask(seed):
    rows = [[0] * WIDTH for _ in range(HEIGHT)]
    for x, y in scratch(seed):
        rows[y][x] = rows[y][x + 1] = 255
    return rows


def make_material():
    for name in ('train', 'other', 'set/test/good', 'set/test/scratch',
                 'set/masks/scratch', 'stream'):
        Path(name).mkdir(parents=True)
    for i in range(24):
        png(f'train/{i:03}.png', plate(i, False))
    for i in range(6):
        png(f'other/{i}.png', plate(300 + i, False))
        png(f'set/test/good/{i}.png', plate(100 + i, False))
        png(f'set/test/scratch/{i}.png', plate(200 + i, True))
        png(f'set/masks/scratch/{i}.png', mask(200 + i))
        png(f'stream/{i}.png', plate(400 + i, i >= 3))
    run('train', RECIPE, *SMALL, 'train', '-o', 'plate.onnx')


def measure(*args, status=0):
    return run('eval', '--anomaly', 'plate.onnx', *args, status=status)


def test_scratches_are_found():
    found = json.loads(measure(
        'set/test', '--json', '--normal', 'other', '--plot', 'plot',
        '--false-alarms-per-hour', '36')[0])
    assert found['good'] == 6 and found['other_normal'] == 6, found
    for kinds in ('kinds', 'kinds_against_other_normal'):
        for name in ('scratch', 'all'):
            kind = found[kinds][name]
            assert kind['pictures'] == 6 and kind['fused'] > 0.99, kind
            assert kind['latent'] > 0.99 and 'motion' not in kind, kind
            assert 'discriminator' not in kind, kind
    alike = found['kinds_against_other_normal']['good']['fused']
    assert 0.1 < alike < 0.9, alike
    assert found['found'] == 6 and found['false_alarms'] <= 1, found
    assert found['channels']['latent']['pixel_auc'] > 0.8, found
    for name in ('roc.svg', 'scores.csv', 'sheet.png'):
        assert (Path('plot') / name).stat().st_size > 100, name


def test_the_tables_say_the_same():
    out = measure('set/test', '--normal', 'other')[0]
    assert 'AUC against 6 good pictures' in out, out
    assert 'AUC against 6 other normal pictures' in out, out
    assert '| scratch | 6 |' in out and '| defect | pictures | fused | latent |' \
        in out, out


def test_a_stream_of_pictures_is_scored():
    scores = stream('stream/%d.png')
    assert len(scores) == 6, scores
    assert min(scores[3:]) > max(scores[:3]), scores


def test_larger_pictures_are_scaled():
    Path('large').mkdir()
    for i in range(4):
        png(f'large/{i}.png', plate(500 + i, i >= 2, 2))
    scores = stream('large/%d.png')
    assert len(scores) == 4 and min(scores[2:]) > max(scores[:2]), scores


def stream(location):
    """Raw scores of the pictures."""
    line = (f'multifilesrc location={location} caps=image/png,framerate=25/1 '
            '! pngdec ! videoconvert ! gandiscriminate model-file=plate.onnx '
            'inference-interval=1 overlay=heatmap json-location=scores.json '
            '! videoconvert ! fakesink')
    subprocess.run(['gst-launch-1.0', '-q', *line.split()], check=True,
                   timeout=300)
    events = [json.loads(text)
              for text in Path('scores.json').read_text().splitlines()]
    return [e['raw-score'] for e in events if e['type'] == 'frame']


def test_wrong_use_is_named():
    err = measure('set/test', 'other', status=3)[1]
    assert 'wanted one folder' in err, err
    err = measure('other', status=3)[1]
    assert 'wanted a folder good/' in err, err
    err = measure('set/test', '--normal', 'nowhere', status=3)[1]
    assert 'nowhere' in err, err
    Path('wide/good').mkdir(parents=True)
    Path('wide/bad').mkdir()
    for name in ('good', 'bad'):
        png(f'wide/{name}/0.png', [[100] * 300] * 96)
    err = measure('wide', status=3)[1]
    assert '300x96' in err and '128x96' in err, err
    err = run('train', RECIPE, '-s', 'anomaly.kind=video', 'train', '-o',
              'v.onnx', status=3)[1]
    assert 'steps is 0' in err, err
    err = run('train', RECIPE, '-s', 'anomaly.align=object', 'wide/good',
              '-o', 'v.onnx', status=3)[1]
    assert 'wanted at least 2' in err, err


def test_a_broken_file_is_named():
    whole = Path('plate.onnx').read_bytes()
    for part in (0.3, 0.9, 0.999):
        Path('half.onnx').write_bytes(whole[:int(part * len(whole))])
        err = run('eval', '--anomaly', 'half.onnx', 'set/test', status=3)[1]
        assert 'half.onnx' in err and len(err) < 500, err
    at = whole.index(b'ae.anomaly.patches')
    Path('half.onnx').write_bytes(
        whole[:at] + b'ae.anomaly.potatoe' + whole[at + 18:])
    err = run('eval', '--anomaly', 'half.onnx', 'set/test', status=3)[1]
    assert 'half.onnx' in err and 'anomaly.latent' in err, err


if __name__ == '__main__':
    sys.exit(outside.main(globals(), make_material))
