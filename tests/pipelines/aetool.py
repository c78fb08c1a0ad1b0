#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""aetool from the outside: what it prints, writes and refuses.

usage: aetool.py AETOOL

The last line is `N passed, N failed, N skipped`.
"""
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import outside
from outside import write_idx

AETOOL = os.path.abspath(sys.argv[1])
run = outside.runner(AETOOL)
BALANCED = Path(__file__).parents[2] / 'models' / 'denoise-balanced.onnx'
RECIPE = '''[network]
widths = 16,16,16
depths = 1,1,1
[training]
steps = 6
batch = 1
patch = 32
validate_every = 3
'''
CODEC_RECIPE = '''[model]
task = codec
[codec]
latents = 64
core = 16
widths = 8,8
context_steps = 2
[training]
steps = 6
batch = 1
patch = 32
seed = 7
validate_every = 3
validation = 0.2
checkpoint_every = 2
'''

AUTOENCODER_RECIPE = '''[model]
task = autoencoder
[autoencoder]
net = dense
widths = 16
latent = 4
code = variational
classes = 2
size = 6x6
[training]
steps = 6
batch = 4
validate_every = 3
'''


def pictures(folder):
    """Two small PNG files and a clip."""
    def launch(*words):
        subprocess.run(['gst-launch-1.0', '-q', *words], check=True,
                       timeout=600)
    for i, pattern in enumerate(('smpte', 'zone-plate')):
        launch('videotestsrc', 'num-buffers=1', f'pattern={pattern}', '!',
               'video/x-raw,width=96,height=80', '!', 'pngenc', '!',
               'filesink', f'location={folder}/p{i}.png')
    launch('videotestsrc', 'num-buffers=16', 'pattern=ball', '!',
           'video/x-raw,format=I420,width=64,height=48', '!', 'avenc_ffv1',
           '!', 'matroskamux', '!', 'filesink', f'location={folder}/c.mkv')


def test_help_lists_every_command():
    out, _ = run('--help')
    for name in ('autotune', 'bench', 'compare', 'eval', 'idx', 'info',
                 'onnx-test', 'pan', 'train'):
        assert re.search(rf'^  {name} ', out, re.M), name
        assert 'Usage' in run(name, '--help')[0]


def test_wrong_use_is_named():
    assert "no command 'paint'" in run('paint', status=2)[1]
    assert 'wanted one model' in run('info', status=2)[1]
    assert 'no.onnx' in run('info', 'no.onnx', status=3)[1]
    assert 'r.ini' in run('train', 'none/r.ini', 'c.mkv', status=3)[1]
    assert 'nothing.mkv' in run('train', 'r.ini', 'nothing.mkv',
                                status=3)[1]
    assert '0x0' in run('bench', 'm.onnx', '--size', '0x0', status=2)[1]
    assert '10,x' in run('eval', '--clip', 'c.mkv', '--sigmas', '10,x',
                         status=2)[1]
    assert 'training.stepps' in run(
        'train', 'r.ini', 'c.mkv', '-s', 'training.stepps', status=3)[1]


def test_training_writes_everything():
    run('train', 'r.ini', 'c.mkv', 'p*.png', '-o', 'm.onnx')
    for name in ('m.onnx', 'm.ckpt', 'm.csv', 'm.png'):
        assert Path(name).stat().st_size > 0, name
    rows = Path('m.csv').read_text().splitlines()
    assert rows[0] == 'step,seconds,loss,psnr,learning_rate'
    assert rows[-1].startswith('6,')


def test_resumed_training_gives_the_same_model():
    often = ('-s', 'training.checkpoint_every=1')
    run('train', 'r.ini', 'c.mkv', 'p0.png', '-o', 'whole.onnx', *often)
    # The schedule must be that of the whole: stopped by time, not by steps.
    # Sequences begin anew at each checkpoint, of which there is one per step.
    run('train', 'r.ini', 'c.mkv', 'p0.png', '-o', 'half.onnx',
        *often, '--time-limit', '0.00001')
    before = Path('half.csv').read_text()
    run('train', 'r.ini', 'c.mkv', 'p0.png', '-o', 'half.onnx', '--resume',
        *often)
    assert 'step' in before
    whole, half = (json.loads(run('info', '--json', f'{n}.onnx')[0])
                   for n in ('whole', 'half'))
    assert whole['id'] == half['id'], (whole['id'], half['id'])


def test_interrupted_training_saves():
    child = subprocess.Popen(
        [AETOOL, 'train', 'r.ini', 'c.mkv', '-o', 'cut.onnx', '--steps',
         '1000000', '-s', 'training.checkpoint_every=5'],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not Path('cut.csv').exists() and time.monotonic() < until:
        time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=600)
    assert child.returncode == 0, err.decode()
    assert b'interrupted' in err and b'cut.onnx' in out
    assert Path('cut.onnx').exists() and Path('cut.ckpt').exists()


def test_folder_that_cannot_be_written_is_an_error():
    err = run('train', 'r.ini', 'c.mkv', '-o', 'no/where/m.onnx',
              status=3)[1]
    assert 'no/where' in err


def test_info_knows_the_model():
    out, _ = run('info', 'm.onnx')
    assert re.search(r'^task +denoise$', out, re.M)
    assert re.search(r'^parameters +\d+$', out, re.M)
    assert 'kMAC per pixel' in out
    assert 'digraph' in run('info', '--dot', 'm.onnx')[0]
    info = json.loads(run('info', '--json', 'm.onnx')[0])
    assert info['inputs'][0]['name'] == 'frame'
    assert info['metadata']['ae.task'] == 'denoise'
    assert info['mac_per_pixel'] > 100


def test_info_tells_names_of_dimensions():
    model = (Path(__file__).parents[1] / 'data/torch/denoiser_17/model.onnx')
    out, _ = run('info', model)
    assert re.search(r'^input +in0 f32 \[1, 3, h, w\]$', out, re.M), out
    info = json.loads(run('info', '--json', model)[0])
    assert info['inputs'][0]['dims'] == ['', '', 'h', 'w'], info


def test_bench_gives_json():
    result = json.loads(run('bench', '--json', '--size', '64x48', '--runs',
                            '3', '--no-onnxruntime', 'm.onnx')[0])
    assert result['median_ms'] >= result['min_ms'] > 0
    assert result['denoiser_median_ms'] > 0
    assert result['onnxruntime_ratio'] is None
    assert 'Conv' in run('bench', '--profile', '--runs', '1', '--size',
                         '64x48', '--no-onnxruntime', 'm.onnx')[0]


def test_bench_times_a_detector_and_its_parts():
    model = BALANCED.with_name('anomaly.onnx')
    sizes = json.loads(run('bench', '--json', '--runs', '3', '--size',
                           '96x72', model)[0])
    times = sizes['96x72']
    assert times['median_ms'] >= times['min_ms'] > 0
    assert abs(times['frames_per_second'] * times['median_ms'] - 1000) < 1
    parts = ('scaling', 'motion', 'networks', 'densities', 'cells')
    assert all(times[f'{part}_ms'] > 0 for part in parts), times
    out, _ = run('bench', '--runs', '2', '--threads', '1', model)
    assert '360x240, threads 1' in out and '1280x720' in out, out
    for part in parts:
        assert re.search(rf'^{part} +[0-9.]+ ms, \d+ %$', out, re.M), out
    assert 'Conv' in run('bench', '--profile', '--runs', '1', '--size',
                         '96x72', '--no-onnxruntime', model)[0]


def test_bench_suite_times_every_network():
    result = json.loads(run('bench', '--suite', '--size', '64x48', '--runs',
                            '1', '--rounds', '1', '--no-onnxruntime',
                            '--json')[0])
    for name in ('ffdnet', 'unet', 'dncnn', 'encoder', 'decoder', 'mlp',
                 'mlp, batch 64', 'dcgan-generator', 'denoise-quality',
                 'anomaly'):
        assert result[name]['median_ms'] > 0, name
        assert result[name]['activation_bytes'] > 0, name
    assert result['geometric_mean'] is None
    assert 'no model' in run('bench', '--suite', 'm.onnx', status=2)[1]


def test_autotune_prints_the_cost_table():
    out, _ = run('autotune')
    rows = re.findall(r'^\| \d+ > \d+, \d+x\d+, (\d)x\1 / [12] \|(.*)\|$',
                      out, re.M)
    assert len(rows) >= 20, out
    for _, row in rows:
        ms = [float(v) for v in row.split('|')[:3] if v != ' - ']
        assert ms and min(ms) > 0, row
    assert re.search(r'^\{ \{ \d+, \d+ \}, \{ \d+, \d+ \} \},$', out, re.M)
    assert 'wanted no arguments' in run('autotune', 'x', status=2)[1]


def test_training_a_codec():
    Path('codec.ini').write_text(CODEC_RECIPE)
    out, err = run('train', 'codec.ini', 'c.mkv', 'p*.png')
    assert re.search(r'codec.onnx: 6 steps,.* rate-distortion -?[\d.]+ dB',
                     out), out
    assert re.search(r'step 6/6 .* dB rate [\d.]+ bits per pixel', err), err
    # once, at the end
    assert err.count('fitting contexts and tables') == 1, err
    info = json.loads(run('info', '--json', 'codec.onnx')[0])['metadata']
    assert info['ae.task'] == 'codec' and info['ae.name'] == 'codec'
    assert info['ae.train.steps'] == '6' and 'latents = 64' in info['ae.recipe']
    rows = Path('codec.csv').read_text().splitlines()
    assert rows[0] == 'step,seconds,loss,rate-distortion,learning_rate'
    assert rows[-1].startswith('6,')
    assert Path('codec.png').exists()
    # All steps are done: it fits to other inputs, without the table too.
    Path('codec.csv').unlink()
    out, err = run('train', 'codec.ini', 'c.mkv', '--resume')
    assert '6 steps' in out and 'Going on' in err, (out, err)
    again = json.loads(run('info', '--json', 'codec.onnx')[0])['metadata']
    assert again['ae.train.steps'] == '6'
    assert again['ae.train.pictures'] == '16'
    assert again['ae.codec.intra'] != info['ae.codec.intra']
    # It goes on from the model, and not from one of another shape.
    run('train', 'codec.ini', 'p0.png', '--base', 'codec.onnx', '--steps', '2',
        '-o', 'more.onnx')
    assert 'wanted' in run('train', 'codec.ini', 'c.mkv', '--base', 'codec',
                           '-o', 'no.onnx', status=3)[1]


def test_codec_recipes_are_checked():
    err = run('train', 'codec', 'c.mkv', '-o', 'no.onnx', status=3)[1]
    assert '16 are too small' in err, err  # the bundled recipe was found
    err = run('train', 'codec', 'c.mkv', '-s', 'loss.type=l2', status=3)[1]
    assert "[loss] type is not used by task 'codec'" in err, err
    err = run('train', 'r.ini', 'c.mkv', '-s', 'codec.tune=psnr', status=3)[1]
    assert "[codec] tune is not used by task 'denoise'" in err, err
    err = run('train', 'r.ini', 'c.mkv', '--base', 'nothing', status=3)[1]
    assert 'nothing.onnx' in err, err
    assert 'of task "denoise", the recipe of task "codec"' in run(
        'train', 'codec', 'c.mkv', '--base', BALANCED, status=3)[1]
    err = run('train', 'r.ini', 'c.mkv', '--steps', '0', status=3)[1]
    assert 'steps is 0' in err, err


def png_size(path):
    return struct.unpack('>II', Path(path).read_bytes()[16:24])


def test_training_an_autoencoder():
    Path('ae.ini').write_text(AUTOENCODER_RECIPE)
    write_idx('a-images-idx3-ubyte.gz', (20, 6, 6),
              bytes(i * 7 % 256 for i in range(20 * 36)))
    # Told of classes it takes no pictures without.
    err = run('train', 'ae.ini', 'a-images-idx3-ubyte.gz', status=3)[1]
    assert '20 frames of' in err and 'without a label, wanted one' in err, err
    write_idx('a-labels-idx1-ubyte.gz', (19,), bytes(19))
    err = run('train', 'ae.ini', 'a-images-idx3-ubyte.gz', status=3)[1]
    assert 'found 19 labels, wanted one for each of the 20' in err, err
    write_idx('a-labels-idx1-ubyte.gz', (20,), bytes([0, 1, 1, 2] * 5))
    out, err = run('train', 'ae.ini', 'a-images-idx3-ubyte.gz')
    assert 'left out: 5 frames of' in err, err
    assert 'with the label 2, wanted 0 to 1' in err, err
    assert re.search(r'ae.onnx: 6 steps,.* elbo -?[\d.]+ nats',
                     out), out
    assert re.search(r'step 6/6 .* mse .* active .* reconstruction '
                     r'.* divergence', err), err
    info = json.loads(run('info', '--json', 'ae.onnx')[0])['metadata']
    assert info['ae.task'] == 'autoencoder', info
    assert info['ae.autoencoder.size'] == '6x6', info
    assert info['ae.autoencoder.latent'] == '4', info
    assert info['ae.train.pictures'] == '15', info
    # Videos are scaled; those of other proportions are not taken.
    run('train', 'ae.ini', 'c.mkv', '-s', 'autoencoder.classes=0', '-s',
        'autoencoder.size=32x24', '-s', 'autoencoder.channels=3', '-o',
        'clip.onnx')
    err = run('train', 'ae.ini', 'c.mkv', '-s', 'autoencoder.classes=0',
              status=3)[1]
    assert '64x48, wanted the proportions of 6x6' in err, err


def test_training_a_gan():
    Path('gan.ini').write_text(
        '[model]\ntask = gan\n[gan]\nnet = dense\nwidths = 16\nlatent = 3\n'
        'classes = 2\nsize = 6x6\n[training]\nsteps = 40\nbatch = 8\n'
        'seed = 3\n')
    write_idx('g-images-idx3-ubyte.gz', (20, 6, 6),
              bytes(255 * (i // 36 % 2 == i % 2) for i in range(20 * 36)))
    write_idx('g-labels-idx1-ubyte.gz', (20,), bytes([0, 1] * 10))
    out, err = run('train', 'gan.ini', 'g-images-idx3-ubyte.gz')
    assert re.search(r'gan.onnx: 40 steps,.* coverage [\d.]+ %', out), out
    assert re.search(r'step 40/40 .* discriminator .* margin .* spread .* '
                     r'returns 0', err), err
    assert 'contact sheet gan-sheet.png' in out, out
    assert png_size('gan-sheet.png') == (82, 34)
    run('train', 'gan.ini', 'g-images-idx3-ubyte.gz', '-o', 'sheets.onnx',
        '--sheet', 'one.png', '--sheets', 'all', '-s',
        'training.validate_every=20')
    found = sorted(path.name for path in Path('all').iterdir())
    assert found == ['step-00000020.png', 'step-00000040.png'], found
    last = Path('all/step-00000040.png').read_bytes()
    assert Path('one.png').read_bytes() == last
    err = run('train', 'gan.ini', 'g-images-idx3-ubyte.gz', '--sheet',
              'nowhere/one.png', status=3)[1]
    assert 'nowhere/one.png: cannot write into the folder' in err, err
    info = json.loads(run('info', '--json', 'gan.onnx')[0])['metadata']
    assert info['ae.task'] == 'gan', info
    assert info['ae.gan.classes'] == '2', info
    assert info['ae.train.seed'] == '3', info
    # A discriminator that is soon never wrong.
    err = run('train', 'gan.ini', 'g-images-idx3-ubyte.gz', '-s',
              'gan.spectral_limit=0', '-s', 'gan.discriminator_rate=0.1',
              '-s', 'gan.watch=5', '-o', 'back.onnx')[1]
    assert re.search(r'step \d+: the \w+ .*: back to where it went well, with '
                     r'half the rates \(time 1\)', err), err
    err = run('train', 'gan.ini', 'g-images-idx3-ubyte.gz', '-s',
              'gan.loss=huber', status=3)[1]
    assert "[gan] loss is 'huber', wanted one of: hinge" in err, err


def test_eval_of_autoencoders():
    Path('ae.ini').write_text(AUTOENCODER_RECIPE)
    grey = bytes(i * 11 % 256 for i in range(20 * 36))
    write_idx('e-images-idx3-ubyte.gz', (20, 6, 6), grey)
    write_idx('e-labels-idx1-ubyte.gz', (20,), bytes([0, 1] * 10))
    run('train', 'ae.ini', 'e-images-idx3-ubyte.gz', '-o', 'e.onnx')
    out, _ = run('eval', '--autoencoder', 'e.onnx', 'e-images-idx3-ubyte.gz',
                 '--sheet', 'sheet.png')
    assert re.fullmatch(
        r"20 pictures: MSE [\d.]+, PSNR [\d.]+ dB\n"
        r"gradient energy: [\d.]+ of the pictures' own\n", out), out
    assert Path('sheet.png').stat().st_size > 100
    hurt = json.loads(run(
        'eval', '--json', '--autoencoder', 'e.onnx', 'e-images-idx3-ubyte.gz',
        '--knock-out', '0.5')[0])
    assert hurt['mse_knocked_out'] != hurt['mse'] > 0, hurt
    assert hurt['active'] == 1, hurt
    assert 'knocked out: MSE' in run(
        'eval', '--autoencoder', 'e.onnx', 'e-images-idx3-ubyte.gz',
        '--knock-out', '0.25')[0]
    assert 'knocked out 0 to 0.9' in run(
        'eval', '--autoencoder', 'e.onnx', 'e-images-idx3-ubyte.gz',
        '--knock-out', '1', status=2)[1]
    err = run('eval', '--autoencoder', 'e.onnx', 'e-images-idx3-ubyte.gz',
              '--samples', '3', status=3)[1]
    assert 'VAEs of black and white pictures' in err, err
    run('train', 'ae.ini', 'e-images-idx3-ubyte.gz', '-o', 'b.onnx', '-s',
        'autoencoder.likelihood=bernoulli', '-s', 'autoencoder.binarise=yes')

    def likely(samples):
        return json.loads(run(
            'eval', '--json', '--autoencoder', 'b.onnx', '--samples', samples,
            '--max-pictures', 10, 'e-images-idx3-ubyte.gz')[0])
    one, many = likely(1), likely(50)
    assert one['pictures'] == 10 and one['mse'] == many['mse']
    # 36 pixels of which little is known yet: some log 2 each; more samples make
    # the bound tighter than its mean is
    assert abs(one['elbo'] + one['nll']) < 1e-3 and 15 < one['nll'] < 50, one
    assert -many['elbo'] > many['nll'] > 15, many
    for wrong, text in ((BALANCED, "found the task 'denoise', wanted"),
                        ('p0.png', 'p0.png')):
        err = run('eval', '--autoencoder', wrong, 'e-images-idx3-ubyte.gz',
                  status=3)[1]
        assert text in err, err
    assert 'wanted pictures in' in run(
        'eval', '--autoencoder', 'e.onnx', 'p0.png', status=3)[1]
    write_idx('f-images-idx3-ubyte.gz', (2, 7, 6), bytes(84))
    assert 'a picture of 6x7 and 1 channels, wanted 6x6 and 1' in run(
        'eval', '--autoencoder', 'e.onnx', 'f-images-idx3-ubyte.gz',
        status=3)[1]
    Path('e-labels-idx1-ubyte.gz').unlink()
    assert 'wanted a label of 0 to 1' in run(
        'eval', '--autoencoder', 'e.onnx', 'e-images-idx3-ubyte.gz',
        status=3)[1]


def test_training_names_places_it_cannot_write():
    Path('folder.onnx').mkdir()
    err = run('train', 'r.ini', 'c.mkv', '-o', 'folder.onnx', status=3)[1]
    assert 'folder.onnx: found a folder, wanted a file' in err, err
    err = run('train', 'r.ini', 'c.mkv', '-o', 'no/where.onnx', status=3)[1]
    assert 'no/where.onnx: cannot write into the folder' in err, err


def test_interrupted_codec_training_fits():
    Path('codec.ini').write_text(CODEC_RECIPE)
    child = subprocess.Popen(
        [AETOOL, 'train', 'codec.ini', 'p0.png', '-o', 'cutc.onnx', '--steps',
         '1000000', '-s', 'training.checkpoint_every=5'],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not Path('cutc.csv').exists() and time.monotonic() < until:
        time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=600)
    assert child.returncode == 0, err.decode()
    assert b'interrupted' in err and b'cutc.onnx' in out
    # the checkpoints before the end made no model
    assert err.count(b'fitting') == 1, err
    info = json.loads(run('info', '--json', 'cutc.onnx')[0])
    assert info['metadata']['ae.task'] == 'codec'


def test_bench_draws_a_chart():
    run('bench', '--suite', '--size', '64x48', '--runs', '1', '--rounds', '1',
        '--no-onnxruntime', '--chart', 'chart.svg')
    root = ElementTree.parse('chart.svg').getroot()
    assert root.tag.endswith('svg')
    assert 'onnxruntime = 1' in Path('chart.svg').read_text()
    assert '--suite or --training' in run('bench', 'm.onnx', '--chart', 'c',
                                          status=2)[1]


def test_bench_walks_sizes():
    out, _ = run('bench', '--walk', '--size', '64x64', '--runs', '1',
                 '--no-onnxruntime')
    cells = re.findall(r'^\| (\d+x\d+) \| (\d+) \|(.*)\|$', out, re.M)
    assert [c[0] for c in cells[:3]] == ['16x16', '32x32', '64x64'], out
    for _, _, values in cells:
        assert all(v == ' - ' or float(v) >= 0 for v in values.split('|')), out
    assert 'cliff' in out or 'No cell' in out


def test_bench_measures_load():
    out, _ = run('bench', '--load', '--size', '64x48', '--runs', '1',
                 '--no-onnxruntime')
    for preset in ('fast', 'balanced', 'quality'):
        assert re.search(rf'^\| denoise-{preset} \| [\d.]+ \| [\d.]+ \| ',
                         out, re.M), out
    frames = re.search(r'frames per second: ([\d. ]+);', out)
    assert len(frames[1].split()) == 4, out


def test_eval_measures_added_noise():
    result = json.loads(run(
        'eval', 'm.onnx', '--stills', '.', '--clip', 'c.mkv', '--fixed',
        'c.mkv', '--sigmas', '5', '--json', '--picture', 'sheet.png')[0])
    # 5 grey levels are 34.15 dB; clipping black and white takes some away.
    for key in ('stills', 'clips', 'fixed_camera'):
        noisy = result[key]['noisy'][0]
        assert 34.1 < noisy['psnr'] < 38, (key, noisy)
        assert 0 < noisy['ssim'] < 1
        assert result[key]['m.onnx'][0]['psnr'] > 5
    assert Path('sheet.png').stat().st_size > 1000


def test_eval_finds_the_bundled_models():
    result = json.loads(run('eval', '-p', 'fast', '-p', 'quality', '--stills',
                            '.', '--sigmas', '20', '--json')[0])
    for name in ('fast', 'quality'):
        psnr = result['stills'][name][0]['psnr']
        assert psnr > result['stills']['noisy'][0]['psnr'] + 3, name
    assert 'denoise-slow.onnx' in run('eval', '-p', 'slow', '--stills', '.',
                                      status=3)[1]


def test_eval_measures_codecs():
    out, _ = run('eval', '--codec', 'bundled', '--clip', 'c.mkv', '--frames', '3',
                 '--stills', '.', '--chart', 'rd', '--json')
    found = json.loads(out)
    for kind in ('stills', 'clips'):
        points = found[kind]['ours']['points']
        assert len(points) > 5 and points == sorted(points), points
        qualities = [quality for _, quality in points]
        assert qualities[0] > 12 and qualities[-1] > qualities[0] + 8, points
        chart = ElementTree.parse(f'rd-{kind}.svg').getroot()
        assert chart.tag.endswith('svg')
    out, _ = run('eval', '--codec=bundled', '--clip', 'c.mkv', '--frames', '4',
                 '--key-interval', '1')
    assert re.search(r'^\| ours \| [\d.]+ \| [\d.]+ \| [\d.:]+', out, re.M)
    assert '--stills' in run('eval', '--codec', 'bundled', status=2)[1]
    assert 'not a codec' in run(
        'eval', '--codec', BALANCED, '--clip', 'c.mkv', status=3)[1]


def test_pan_and_compare():
    run('pan', 'p1.png', '--reduce', '1', '--size', '64x48', '--frames', '8')
    result = json.loads(run('compare', '--json', 'clean.mkv', 'noisy.mkv',
                            'clean.mkv', '--picture', 'pair.png')[0])
    assert result['noisy']['frames'] == 8
    assert result['noisy']['psnr'] < 35 < result['clean']['psnr']
    assert Path('pair.png').exists()
    assert 'wanted at least' in run('pan', 'p1.png', status=3)[1]


def test_onnx_test_counts():
    Path('tests/one').mkdir(parents=True)
    Path('tests/one/model.onnx').write_bytes(b'no model')
    out, _ = run('onnx-test', 'tests', status=1)
    lines = out.splitlines()
    assert lines[-1] == 'passed 0, wrong 0, refused 1'
    assert lines[0].startswith('refused tests/one: ')


def prepare():
    pictures(os.getcwd())
    Path('r.ini').write_text(RECIPE)


if __name__ == '__main__':
    sys.exit(outside.main(globals(), prepare))
