#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records video with aeencode, plays it, and sends it over a network.

  record SOURCE FILE.aev    codes into a file
  play FILE.aev [OUT]       shows a file, or converts it
  send SOURCE               to one receiver by UDP, or to any by --tcp
  receive [OUT]             shows what is sent, or records it

SOURCE is a file, a URI, a camera (/dev/video0) or `test'; OUT is a .y4m or
.mkv file, without one there is a window. Ctrl-C ends a recording properly.
Needs the Debian packages python3-gi and gir1.2-gstreamer-1.0.
"""
import argparse
import pathlib
import sys
import time

import gi

gi.require_version('Gst', '1.0')
from gi.repository import GLib, Gst  # noqa: E402

WRITERS = {'.y4m': 'y4menc', '.mkv': 'avenc_ffv1 ! matroskamux'}
RTP = ('application/x-rtp,media=application,clock-rate=90000,payload=96,'
       'encoding-name=X-GST,ssrc=(uint)1')


def quoted(text):
    escaped = str(text).replace('\\', '\\\\').replace('"', '\\"')
    return f'"{escaped}"'


def source(name):
    """Elements that give the frames, at the pace of their times."""
    if name == 'test':
        return 'videotestsrc is-live=true pattern=ball'
    if name.startswith('/dev/'):
        return f'v4l2src device={quoted(name)} ! decodebin'
    uri = name if '://' in name else pathlib.Path(name).resolve().as_uri()
    return f'uridecodebin uri={quoted(uri)}'


def encoder(options):
    """From frames of any kind to coded ones; each second there is a key frame, or
    the whole picture is refreshed."""
    size = ''
    if options.size:
        size = ',width={},height={},pixel-aspect-ratio=1/1'.format(
            *options.size)
    end = (f'identity eos-after={round(options.seconds * options.fps)} ! '
           if options.seconds else '')
    denoise = 'denoise ! ' if options.denoise else ''
    rate = (f'bitrate={options.bitrate}' if options.bitrate
            else f'quality={options.quality}')
    refresh = ' intra-refresh=true' if getattr(
        options, 'refresh', False) else ''
    return (f'videorate ! videoconvert ! videoscale ! '
            f'video/x-raw,framerate={options.fps}/1{size} ! {end}{denoise}'
            f'aeencode name=count {rate} key-int-max={options.fps}'
            f'{refresh}')


def sink(out):
    if not out:
        return 'videoconvert ! autovideosink name=out'
    writer = WRITERS.get(pathlib.Path(out).suffix)
    if not writer:
        sys.exit(f'{out}: wanted a name that ends in {" or ".join(WRITERS)}')
    return f'{writer} ! filesink location={quoted(out)}'


def record(options):
    return (f'{source(options.source)} ! {encoder(options)} '
            f'! filesink location={quoted(options.file)}')


def play(options):
    return (f'filesrc location={quoted(options.file)} ! video/x-ae ! aeparse '
            f'! aedecode name=count ! {sink(options.out)}')


def send(options):
    """At the pace of a camera; what a slow computer cannot code is left out."""
    text = (f'{source(options.source)} ! identity sync=true ! queue '
            f'leaky=downstream max-size-buffers=4 ! {encoder(options)} ! ')
    if options.tcp and options.refresh:
        sys.exit('--refresh is for UDP: by --tcp, receivers begin with a key '
                 'frame')
    if options.tcp:
        return text + (
            f'tcpserversink host={options.host} port={options.port} '
            'sync-method=latest-keyframe recover-policy=keyframe '
            'units-soft-max=100 units-max=200')
    return text + (
        'rtpgstpay ssrc=1 config-interval=1 ! rtpulpfecenc pt=122 '
        f'percentage={options.fec} ! identity '
        f'drop-probability={options.drop / 100} ! udpsink sync=false '
        f'host={options.host} port={options.port}')


def receive(options):
    """Frames are shown when they come."""
    if options.tcp:
        text = (f'tcpclientsrc host={options.host} port={options.port} '
                f'timeout={options.wait} ! video/x-ae ! aeparse')
    else:
        text = (f'udpsrc port={options.port} timeout={options.wait * 10**9} '
                f'caps="{RTP}" ! rtpstorage name=storage size-time=200000000 '
                '! rtpjitterbuffer do-lost=true latency=100 '
                '! rtpulpfecdec name=fec pt=122 ! rtpgstdepay')
    return text + f' ! aedecode name=count ! {sink(options.out)}'


class Counter:
    """Counts what leaves a pad, and says so once a second."""

    def __init__(self, pad, coded):
        self.frames = self.bytes = 0
        self.coded = coded
        self.start = self.told = time.monotonic()
        self.first = self.last = None
        pad.add_probe(Gst.PadProbeType.BUFFER, self.on_buffer)

    def on_buffer(self, _pad, info):
        buffer = info.get_buffer()
        self.bytes += buffer.get_size()
        if buffer.has_flags(Gst.BufferFlags.HEADER):
            return Gst.PadProbeReturn.OK
        self.frames += 1
        self.last = time.monotonic()
        self.first = self.first or self.last
        if sys.stderr.isatty() and self.last - self.told >= 1:
            self.told = self.last
            print(f'\r{self} ', end='', file=sys.stderr, flush=True)
        return Gst.PadProbeReturn.OK

    def __str__(self):
        if not self.frames:
            return '0 frames'
        seconds = self.last - self.first
        rate = (self.frames - 1) / seconds if seconds else 0
        text = f'{self.frames} frames, {rate:.1f} per second'
        if self.coded is None:
            return f'{text}, the first after {self.first - self.start:.1f} s'
        rate = self.bytes * 8e-3 * self.coded / self.frames
        return f'{text}, {rate:.0f} kbit/s'


def run(text, options):
    """Runs the pipeline to its end -> what it counted."""
    try:
        pipeline = Gst.parse_launch(text)
    except GLib.Error as error:
        sys.exit(f'codec_stream: {error.message}')
    out = pipeline.get_by_name('out')
    if out and options.run is receive:
        out.set_property('sync', False)
    fec = pipeline.get_by_name('fec')
    if fec:
        fec.set_property('storage', pipeline.get_by_name(
            'storage').get_property('internal-storage'))
    counter = Counter(pipeline.get_by_name('count').get_static_pad('src'),
                      getattr(options, 'fps', None))
    loop = GLib.MainLoop()
    failed = []

    def on_message(_bus, message):
        structure = message.get_structure()
        if message.type == Gst.MessageType.ERROR:
            failed.append(message.parse_error()[0].message)
            loop.quit()
        elif message.type == Gst.MessageType.EOS:
            loop.quit()
        elif structure and structure.has_name('GstUDPSrcTimeout'):
            pipeline.send_event(Gst.Event.new_eos())

    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect('message', on_message)
    if options.run is receive and options.seconds:
        GLib.timeout_add(round(options.seconds * 1000),
                         pipeline.send_event, Gst.Event.new_eos())
    pipeline.set_state(Gst.State.PLAYING)
    try:
        loop.run()
    except KeyboardInterrupt:
        pipeline.send_event(Gst.Event.new_eos())
        bus.timed_pop_filtered(5 * Gst.SECOND, Gst.MessageType.EOS)
    pipeline.set_state(Gst.State.NULL)
    if failed or not counter.frames:
        name = (getattr(options, 'source', None) or getattr(
            options, 'file', None) or f'port {options.port}')
        sys.exit(f'{name}: {failed[0] if failed else "no frame came"}')
    return counter


def size_of(text):
    width, height = map(int, text.split('x'))
    return width, height


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    coding = argparse.ArgumentParser(add_help=False)
    add = coding.add_argument
    add('--bitrate', type=int, metavar='KBIT', help='kbit/s to keep to')
    add('--quality', type=float, default=50, help='0 to 100 (default 50)')
    add('--fps', type=int, default=30, help='frames per second (default 30)')
    add('--size', metavar='WxH', type=size_of,
        help='scale the pictures')
    add('--denoise', action='store_true', help='take the noise off first')
    network = argparse.ArgumentParser(add_help=False)
    add = network.add_argument
    add('--tcp', action='store_true', help='loses nothing, may be late')
    add('--host', default='127.0.0.1',
        help='receiver; with --tcp the sender, 0.0.0.0: all its addresses')
    add('--port', type=int, default=5000, help='(default 5000)')
    ending = argparse.ArgumentParser(add_help=False)
    ending.add_argument('--seconds', type=float, help='stop after so long')

    command = commands.add_parser('record', parents=[coding, ending])
    command.add_argument('source')
    command.add_argument('file')
    command.set_defaults(run=record)
    command = commands.add_parser('play')
    command.add_argument('file')
    command.add_argument('out', nargs='?')
    command.set_defaults(run=play)
    command = commands.add_parser('send', parents=[coding, network, ending])
    command.add_argument('source')
    command.add_argument('--drop', type=float, default=0, metavar='PERCENT',
                         help='of the packets, to see what a bad link does')
    command.add_argument('--fec', type=int, default=0, metavar='PERCENT',
                         help='packets more (20 to 50) that make good lost ones')
    command.add_argument('--refresh', action='store_true',
                         help='a band that moves across the picture instead '
                         'of key frames: it heals by itself, and is steadier')
    command.set_defaults(run=send)
    command = commands.add_parser('receive', parents=[network, ending])
    command.add_argument('out', nargs='?')
    command.add_argument('--wait', type=int, default=10, metavar='SECONDS',
                         help='end when nothing comes for so long')
    command.set_defaults(run=receive)
    return parser.parse_args()


def main():
    options = parse()
    Gst.init(None)
    print(run(options.run(options), options))


if __name__ == '__main__':
    main()
