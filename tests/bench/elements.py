#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Elements beside others that do the same.

    elements.py TIME_PIPELINE MAKE_NET MODELS ORT_BENCH_JS
                [--threads 1,2] [--rounds N] [--frames N] [TABLE...]

    vaesample   frames a second, beside onnxruntime and PyTorch that run the same
                generator on one code at a time
    idxsrc      pictures a second, beside PNG files (multifilesrc, pngdec) and a
                raw file (filesrc, rawvideoparse)
    aefilter    frames of 640x480 a second, beside onnxruntime that runs the same
                network, without the conversions from pixels and back

They take turns, ROUNDS times each; printed are medians, of generators and networks
by their median times, and how many times as fast we are. Elements run in f32, the others know no other. onnxruntime-node is
looked for in AE_ORT and on NODE_PATH, torch in /usr/bin/python3 or AE_PYTHON;
columns without them hold "-".
"""
import argparse
import gzip
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

TWIN = Path(__file__).with_name('torch_recipes.py')
PYTHON = os.environ.get('AE_PYTHON', '/usr/bin/python3')
SAMPLERS = ('vae-digits', 'vae-faces', 'digits')
SIDE, N_PICTURES = 28, 5000


def number_of(key, *command, env=None):
    """What a program prints; None: it lacks what it needs."""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE,
                          env=env)
    if done.returncode == 77:
        return None
    done.check_returncode()
    return json.loads(done.stdout)[key]


class Bench:
    def __init__(self, options, folder):
        self.o = options
        self.folder = Path(folder)
        self.environment = dict(os.environ)
        own = os.environ.get('AE_ORT')
        if own:
            self.environment['NODE_PATH'] = os.pathsep.join(
                (f'{own}/node_modules', own, os.environ.get('NODE_PATH', '')))
        self.has_node = subprocess.run(
            ['sh', '-c', 'command -v node'],
            stdout=subprocess.DEVNULL).returncode == 0

    def pipeline(self, line, frames, key='median_per_second'):
        skip = max(1, frames // 10)
        return number_of(key, self.o.time_pipeline, skip,
                         line + ' ! fakesink name=end')

    def onnxruntime(self, model, shapes, threads, runs):
        if not self.has_node:
            return None
        ms = number_of('median_ms', 'node', self.o.ort_bench, threads, runs,
                       model, *shapes, env=self.environment)
        return ms and 1e3 / ms

    def torch(self, recipe, threads, runs):
        ms = number_of('median_ms', PYTHON, TWIN, '--sample', recipe, threads,
                       runs, env=dict(os.environ, OMP_NUM_THREADS=str(threads),
                                      OPENBLAS_NUM_THREADS=str(threads)))
        return ms and 1e3 / ms

    def make(self, *what):
        """A network's file, and the shapes of its inputs."""
        out = self.folder / 'net.onnx'
        said = subprocess.run([self.o.make_net, *what, str(out)], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        return out, said.split()

    def turns(self, *ways):
        """Medians of what each way finds, or None."""
        found = [[way() for way in ways] for _ in range(self.o.rounds)]
        return [None if None in column else statistics.median(column)
                for column in zip(*found)]

    def threads(self):
        return [int(n) for n in self.o.threads.split(',')]


def head(*names):
    print('\n| ' + ' | '.join(names) + ' |\n|' + ' --- |' * len(names),
          flush=True)


def row(*cells):
    print('| ' + ' | '.join(cells) + ' |', flush=True)


def rate(value):
    return '-' if value is None else f'{value:.1f}'


def ratio(own, other):
    return '-' if other is None else f'{own / other:.2f}'


def vaesample(bench):
    head('vaesample', 'threads', 'frames a second', 'onnxruntime',
         'times as fast', 'torch', 'times as fast')
    for name in SAMPLERS:
        file = f'{bench.o.models}/{name}.onnx'
        net, shapes = bench.make('--generator', file)
        for threads in bench.threads():
            frames = bench.o.frames
            own, ort, torch = bench.turns(
                lambda: bench.pipeline(
                    f'vaesample model-file={file} n-threads={threads} '
                    f'precision=f32 num-buffers={frames}', frames),
                lambda: bench.onnxruntime(net, shapes, threads, frames),
                lambda: bench.torch(f'{bench.o.models}/{name}.ini', threads,
                                    frames))
            row(name, str(threads), rate(own), rate(ort), ratio(own, ort),
                rate(torch), ratio(own, torch))


def png(pixels):
    """A grey picture's file."""
    def chunk(kind, data):
        return (struct.pack('>I', len(data)) + kind + data
                + struct.pack('>I', zlib.crc32(kind + data)))
    lines = b''.join(b'\0' + pixels[y * SIDE:(y + 1) * SIDE]
                     for y in range(SIDE))
    return (b'\x89PNG\r\n\x1a\n'
            + chunk(b'IHDR', struct.pack('>IIBBBBB', SIDE, SIDE, 8, 0, 0, 0, 0))
            + chunk(b'IDAT', zlib.compress(lines)) + chunk(b'IEND', b''))


def stroke(index):
    """A slanted bar on black, somewhere, as digits have them."""
    at, slope = 8 + index % 12, (index // 12 % 9 - 4) / 8
    return bytes(max(0, 255 - int(90 * abs(x - at - slope * (y - 14))))
                 if 4 <= y < 24 else 0
                 for y in range(SIDE) for x in range(SIDE))


def write_pictures(folder):
    pictures = [stroke(i) for i in range(N_PICTURES)]
    header = struct.pack('>IIII', 0x803, N_PICTURES, SIDE, SIDE)
    with gzip.open(folder / 'images-idx3-ubyte.gz', 'wb') as file:
        file.write(header + b''.join(pictures))
    (folder / 'images.raw').write_bytes(b''.join(pictures))
    (folder / 'png').mkdir()
    for i, pixels in enumerate(pictures):
        (folder / 'png' / f'{i:05}.png').write_bytes(png(pixels))


def idxsrc(bench):
    folder = bench.folder
    write_pictures(folder)

    def way(line):
        return lambda: bench.pipeline(line, N_PICTURES, 'per_second')
    own, files, raw = bench.turns(
        way(f'idxsrc location={folder}/images-idx3-ubyte.gz'),
        way(f'multifilesrc location={folder}/png/%05d.png caps=image/png '
            '! pngdec'),
        way(f'filesrc location={folder}/images.raw blocksize={SIDE * SIDE} '
            f'! rawvideoparse width={SIDE} height={SIDE} format=gray8'))
    head('idxsrc, pictures a second', 'PNG files', 'times as fast',
         'raw file', 'times as fast')
    row(rate(own), rate(files), ratio(own, files), rate(raw), ratio(own, raw))


def aefilter(bench):
    head('aefilter', 'threads', 'frames a second', 'onnxruntime',
         'times as fast')
    frames = max(4, bench.o.frames // 20)
    for name in ('dncnn', 'unet'):
        net, _ = bench.make(name)
        for threads in bench.threads():
            own, ort = bench.turns(
                lambda: bench.pipeline(
                    f'videotestsrc num-buffers={frames} pattern=gradient '
                    '! video/x-raw,format=RGB,width=640,height=480 '
                    f'! aefilter model-file={net} n-threads={threads} '
                    'precision=f32', frames),
                lambda: bench.onnxruntime(net, ['x=1x3x480x640'], threads,
                                          frames))
            row(name, str(threads), rate(own), rate(ort), ratio(own, ort))


TABLES = {'vaesample': vaesample, 'idxsrc': idxsrc, 'aefilter': aefilter}


def main():
    parser = argparse.ArgumentParser()
    for name in ('time_pipeline', 'make_net', 'models', 'ort_bench'):
        parser.add_argument(name)
    parser.add_argument('tables', nargs='*', default=list(TABLES),
                        metavar='TABLE')
    parser.add_argument('--threads', default='1,2')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--frames', type=int, default=400)
    options = parser.parse_intermixed_args()
    unknown = set(options.tables) - set(TABLES)
    if unknown:
        parser.error(f'found the table {sorted(unknown)[0]}, wanted '
                     + ', '.join(TABLES))
    print(f'Medians of {options.rounds} rounds')
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, folder)
        for name in options.tables:
            TABLES[name](bench)
    return 0


if __name__ == '__main__':
    sys.exit(main())
