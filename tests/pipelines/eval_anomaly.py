#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""aetool eval --anomaly from the outside.

usage: eval_anomaly.py AETOOL

A small detector is trained from a square that walks over textured ground; what
is unusual is another one, larger, brighter and faster. The last line is
`N passed, N failed, N skipped`.
"""
import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import outside

AETOOL = os.path.abspath(sys.argv[1])
run = outside.runner(AETOOL)
MODELS = Path(__file__).parents[2] / 'models'
WIDTH, HEIGHT = 96, 64
CHANNELS = ('fused', 'discriminator', 'reconstruction', 'latent', 'motion')
RECIPE = '''[model]
task = anomaly
[anomaly]
past = 2
widths = 8,8,8
latent = 8
[training]
steps = 10
batch = 2
patch = 64
seed = 3
'''


def measure(*args, status=0):
    return run('eval', '--anomaly', 'a.onnx', *args, status=status)


def odd_box(i):
    """Left, top and side of what is unusual."""
    return 5 * i % WIDTH, 44, 12


def square(rows, left, top, side, value):
    for y in range(top, top + side):
        for x in range(left, left + side):
            rows[y][x % WIDTH] = value


def frame(i, odd):
    rows = [bytearray(90 + (x * 7 + y * 5) % 23 for x in range(WIDTH))
            for y in range(HEIGHT)]
    square(rows, i, 20, 8, 160)
    if odd:
        square(rows, *odd_box(i), 240)
    return b''.join(rows)


def mask(i, odd):
    rows = [bytearray(WIDTH) for _ in range(HEIGHT)]
    if odd:
        square(rows, *odd_box(i), 255)
    return b''.join(rows)


def write_clip(path, frames, width=WIDTH, height=HEIGHT):
    raw = Path('frames.raw')
    raw.write_bytes(b''.join(frames))
    subprocess.run(
        ['gst-launch-1.0', '-q', 'filesrc', f'location={raw}', '!',
         'rawvideoparse', 'format=gray8', f'width={width}',
         f'height={height}', 'framerate=10/1', '!', 'avenc_ffv1', '!',
         'matroskamux', '!', 'filesink', f'location={path}'],
        check=True, timeout=600)


def write_labels(path, odd):
    Path(path).write_text(''.join(f'{int(o)}\n' for o in odd))


def make_material():
    """Normal footage, a clip with two events, one that says nothing."""
    write_clip('train.mkv', [frame(i, False) for i in range(120)])
    Path('test').mkdir()
    odd = [20 <= i < 40 or i >= 50 for i in range(60)]
    write_clip('test/odd.mkv', [frame(i, o) for i, o in enumerate(odd)])
    write_clip('test/odd.mask.mkv', [mask(i, o) for i, o in enumerate(odd)])
    write_labels('test/odd.labels.txt', odd)
    write_clip('test/calm.mkv', [frame(i, False) for i in range(30)])


def copy_test(name):
    folder = Path(name)
    shutil.copytree('test', folder)
    return folder


def area(rows, channel):
    """Pairs of an unusual and a usual frame in the right order."""
    unusual = [float(r[channel]) for r in rows if r['unusual'] == '1']
    usual = [float(r[channel]) for r in rows if r['unusual'] == '0']
    right = sum((u > n) + (u == n) / 2 for u in unusual for n in usual)
    return right / (len(unusual) * len(usual))


def test_figures_are_those_of_the_scores():
    found = json.loads(measure('test', '--json', '--plot', 'plot')[0])
    with open('plot/scores.csv') as file:
        rows = list(csv.DictReader(file))
    assert found['clips'] == 2 and found['frames'] == len(rows) == 90
    assert found['unusual_frames'] == 30
    early = [r for r in rows if r['ready'] == '0']
    assert found['not_ready_frames'] == len(early) >= 2
    assert all(float(r[c]) == 0 for r in early for c in CHANNELS)
    late = [r for r in rows if r['ready'] == '1']
    for channel in CHANNELS:
        figures = found['channels'][channel]
        # JSON has fewer digits than the pairs
        assert abs(figures['auc'] - area(rows, channel)) < 1e-4, channel
        assert abs(figures['auc_ready'] - area(late, channel)) < 1e-4, channel
        for key in ('auc_median_half_second', 'average_precision', 'best_f1',
                    'pixel_auc', 'pixel_auc_unusual_frames'):
            assert 0 <= figures[key] <= 1, (channel, key, figures)
        assert 0 <= figures['equal_error'] <= 1
        assert figures['events'] == 2
        assert 0 <= figures['events_found'] <= 2
        if figures['events_found']:
            assert 0 <= figures['latency_s'] <= 2
    usual = [r for r in late if r['unusual'] == '0']
    assert abs(found['usual_hours'] * 36000 - len(usual)) < 0.1
    # Nothing else moves so fast.
    assert found['channels']['motion']['auc'] > 0.75
    assert found['channels']['motion']['pixel_auc'] > 0.75


def test_events_follow_the_threshold():
    rows = list(csv.DictReader(open('plot/scores.csv')))
    last = float('inf')
    for rate in (0.01, 6, 1e5):
        found = json.loads(measure(
            'test', '--json', '--false-alarms-per-hour', rate)[0])
        motion = found['channels']['motion']
        assert motion['threshold'] < last
        last = motion['threshold']
        over = [r['unusual'] == '1' and r['ready'] == '1'
                and float(r['motion']) >= last for r in rows
                if r['clip'] == 'odd']
        assert motion['events_found'] == any(over[20:40]) + any(over[50:])
    assert motion['events_found'] == 2 and motion['latency_s'] < 1


def test_table_has_all_channels():
    out, _ = measure('test')
    for channel in CHANNELS:
        assert len(re.findall(rf'^\| {channel} \|', out, re.M)) == 2, out
    assert '2 clips, 90 frames, 30 of them unusual' in out, out
    assert re.search(r'frames/s$', out, re.M), out


def test_charts_show_every_clip():
    root = ElementTree.parse('plot/roc.svg').getroot()
    lines = [e for e in root.iter() if e.tag.endswith('polyline')]
    assert len(lines) == len(CHANNELS)
    shaded = {}
    for clip in ('odd', 'calm'):
        text = Path(f'plot/score-{clip}.svg').read_text()
        ElementTree.fromstring(text)
        shaded[clip] = text.count('#f6d5d0')
    assert shaded == {'odd': 2, 'calm': 0}, shaded
    assert Path('plot/sheet.png').stat().st_size > 1000


def test_generated_frames_are_told_from_the_cameras():
    found = json.loads(measure('--json', '--generator', 'a.onnx', 'test')[0])
    assert found['generated_frames'] > 10, found
    assert 0.7 < found['generated_auc'] <= 1, found
    assert 'AUC' in measure('--generator', 'a.onnx', 'test')[0].split(
        'Frames that the generator made')[1]
    assert 'no.onnx' in measure('--generator=no.onnx', 'test', status=3)[1]


def test_without_masks_there_are_no_pixels():
    folder = copy_test('no-masks')
    (folder / 'odd.mask.mkv').unlink()
    found = json.loads(measure(folder, '--json')[0])
    assert found['channels']['fused']['pixel_auc'] is None
    assert 'pixel' not in measure(folder / 'odd.mkv')[0]


def test_labels_that_do_not_fit_are_named():
    folder = copy_test('labels')
    labels = folder / 'odd.labels.txt'
    write_labels(labels, [False] * 59)
    err = measure(folder, status=3)[1]
    assert re.search(r'odd.labels.txt has 59 lines.* 60 frames .*odd.mkv',
                     err), err
    write_labels(labels, [True] * 61)
    assert 'has 61 lines' in measure(folder, status=3)[1]
    labels.write_text('0\n1\nperhaps\n')
    err = measure(folder, status=3)[1]
    assert 'line 3 is "perhaps", wanted 0 or 1' in err, err
    labels.unlink()
    err = measure(folder, status=3)[1]
    assert 'none of the 2 clips has labels' in err, err
    assert '.labels.txt' in err, err


def test_one_kind_of_frames_gives_no_area():
    folder = copy_test('all-usual')
    write_labels(folder / 'odd.labels.txt', [False] * 60)
    fused = json.loads(measure(folder, '--json')[0])['channels']['fused']
    assert fused['auc'] is None and fused['events'] == 0, fused
    measure(folder, '--plot', 'plot-usual')


def test_masks_that_do_not_fit_are_named():
    folder = copy_test('masks')
    path = folder / 'odd.mask.mkv'
    write_clip(path, [bytes(48 * 32)] * 60, 48, 32)
    err = measure(folder, status=3)[1]
    assert re.search(r'mask of .*odd.mkv has 48x32 pixels, wanted its 96x64',
                     err), err
    write_clip(path, [bytes(WIDTH * HEIGHT)] * 50)
    err = measure(folder, status=3)[1]
    assert re.search(r'odd.mask.mkv has 50 frames', err), err
    write_clip(path, [bytes(WIDTH * HEIGHT)] * 61)
    err = measure(folder, status=3)[1]
    assert 'has more frames' in err, err


def test_bundled_is_the_one_of_the_models():
    Path('models').mkdir()
    shutil.copy('a.onnx', 'models/anomaly.onnx')
    os.environ['AE_MODEL_PATH'] = 'models'
    found = json.loads(run('eval', '--anomaly', 'bundled', 'test',
                           '--json')[0])
    del os.environ['AE_MODEL_PATH']
    wanted = json.loads(measure('test', '--json')[0])
    assert found['channels'] == wanted['channels']


def test_wrong_use_is_named():
    err = run('eval', '--anomaly', MODELS / 'denoise-fast.onnx', 'test',
              status=3)[1]
    assert 'denoise-fast.onnx' in err and 'wanted "anomaly"' in err, err
    assert 'no.onnx' in run('eval', '--anomaly=no.onnx', 'test', status=3)[1]
    assert 'wanted clips' in measure(status=2)[1]
    assert 'nothing' in measure('nothing', status=3)[1]
    assert 'wanted above 0' in measure(
        'test', '--false-alarms-per-hour', '0', status=2)[1]
    folder = copy_test('wide')
    write_clip(folder / 'odd.mkv', [bytes(192 * 64)] * 60, 192, 64)
    (folder / 'odd.mask.mkv').unlink()
    err = measure(folder, status=3)[1]
    assert 'odd.mkv' in err and '192x64' in err, err
    Path('pictures/good').mkdir(parents=True)
    err = measure('pictures', status=3)[1]
    assert 'a.onnx is for video' in err, err


def prepare():
    make_material()
    Path('a.ini').write_text(RECIPE)
    run('train', 'a.ini', 'train.mkv', '-o', 'a.onnx')


if __name__ == '__main__':
    sys.exit(outside.main(globals(), prepare))
