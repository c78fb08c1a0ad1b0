#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records what gandiscriminate finds: one file for each event, from some
seconds before it on.

usage: record_events.py SOURCE [OPTION...]

SOURCE is a file, a URI, a camera (/dev/video0) or `test'. Prints a JSON line
when an event begins and ends, and when its file is complete. Ctrl-C ends the
files properly.
Needs the Debian packages python3-gi and gir1.2-gstreamer-1.0.
"""
import argparse
import collections
import json
import pathlib
import signal
import sys
import threading
import time

import gi

gi.require_version('Gst', '1.0')
from gi.repository import GLib, Gst  # noqa: E402

# The first that is installed is used. Without delay, and with a key frame
# each second at 30 frames per second: a file begins with one.
ENCODERS = {
    'x264enc': 'x264enc tune=zerolatency speed-preset=veryfast '
               'key-int-max=30 ! h264parse',
    'vp8enc': 'vp8enc deadline=1 cpu-used=8 lag-in-frames=0 end-usage=cq '
              'cq-level=12 target-bitrate=4000000 keyframe-max-dist=30',
    'jpegenc': 'jpegenc',
}
FIELDS = ('event-id', 'score', 'peak-score', 'zone', 'x', 'y', 'w', 'h')
# Coded frames that a disk may be late with
MAX_WAITING = 64 << 20


def quoted(text):
    escaped = str(text).replace('\\', '\\\\').replace('"', '\\"')
    return f'"{escaped}"'


def source(name):
    if name == 'test':
        return 'videotestsrc is-live=true pattern=ball'
    if name.startswith('/dev/'):
        return f'v4l2src device={quoted(name)} ! decodebin'
    uri = name if '://' in name else pathlib.Path(name).resolve().as_uri()
    return f'uridecodebin uri={quoted(uri)}'


def encoder(name):
    for candidate in [name] if name else ENCODERS:
        if Gst.ElementFactory.find(candidate):
            return ENCODERS[candidate]
    sys.exit(f'record_events: no {name or " nor ".join(ENCODERS)} here')


def say(kind, **values):
    print(json.dumps({'type': kind, **values}), flush=True)


def seconds(nanoseconds):
    return round(nanoseconds / Gst.SECOND, 3)


class File:
    """Coded frames into a Matroska file, beside the pipeline they come from:
    it can be ended while that goes on."""
    n_failed = 0

    def __init__(self, path, event_id, caps):
        self.path, self.event_id = path, event_id
        self.first = self.last = None  # running times, in ns
        self.until = None              # the event has ended: this is the end
        self.closed = False
        self.pipeline = Gst.parse_launch(
            'appsrc name=in format=time ! matroskamux '
            f'! filesink location={quoted(path)}')
        self.input = self.pipeline.get_by_name('in')
        self.input.set_property('caps', caps)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect('message', self.on_message)
        self.pipeline.set_state(Gst.State.PLAYING)

    def add(self, when, buffer):
        if self.closed:
            return
        if self.input.get_property('current-level-bytes') > MAX_WAITING:
            self.fail('the disk is too slow')
            self.end()
            return
        if self.first is None:
            self.first = when
        self.last = when
        # A copy: the next event's file may hold the same frame.
        copy = buffer.copy()
        copy.pts, copy.dts = when - self.first, Gst.CLOCK_TIME_NONE
        self.input.emit('push-buffer', copy)

    def end(self):
        if not self.closed:
            self.closed = True
            self.input.emit('end-of-stream')

    def fail(self, text):
        print(f'{self.path}: {text}', file=sys.stderr)
        File.n_failed += 1

    def on_message(self, bus, message):
        if not self.pipeline or message.type not in (
                Gst.MessageType.EOS, Gst.MessageType.ERROR):
            return
        self.closed = True
        if message.type == Gst.MessageType.ERROR:
            self.fail(message.parse_error()[0].message)
        elif self.first is not None:
            say('file', **{'event-id': self.event_id, 'file': str(self.path),
                           'start': seconds(self.first),
                           'duration': seconds(self.last - self.first)})
        bus.remove_signal_watch()
        self.pipeline.set_state(Gst.State.NULL)
        self.pipeline = None

    def wait(self):
        """For the end; after the main loop."""
        self.end()
        if self.pipeline:
            bus = self.pipeline.get_bus()
            message = bus.timed_pop_filtered(
                10 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
            if message:
                self.on_message(bus, message)


class Recorder:
    """Keeps the last seconds of coded frames, and gives them to files.

    Events come from the thread that scores, before the frame goes on to the
    encoder; frames from the encoder's thread, which alone has the files."""

    def __init__(self, options):
        self.options = options
        self.before = int(options.before * Gst.SECOND)
        self.after = int(options.after * Gst.SECOND)
        self.ring = collections.deque()  # (running time, is key, buffer)
        self.lock = threading.Lock()
        self.news = []                   # messages, guarded by the lock
        self.files = []
        self.prefix = time.strftime('%Y%m%d-%H%M%S')

    def path(self, event_id):
        return pathlib.Path(self.options.output,
                            f'{self.prefix}-{event_id:04}.mkv')

    def on_event(self, _bus, message):
        structure = message.get_structure()
        if not structure.has_name('gandiscriminate'):
            return
        event = structure.get_value('event')
        if event not in ('begin', 'end'):
            return
        start = structure.get_value('event-start')
        length = structure.get_value('event-duration')
        event_id = structure.get_value('event-id')
        with self.lock:
            self.news.append((event, event_id, start, start + length))
        say(event, start=seconds(start), duration=seconds(length),
            file=str(self.path(event_id)),
            **{name: structure.get_value(name) for name in FIELDS})

    def begin(self, event_id, start, caps):
        """From the last key frame that is early enough on."""
        file = File(self.path(event_id), event_id, caps)
        self.files.append(file)
        first = max((when for when, is_key, _ in self.ring
                     if is_key and when <= start - self.before), default=0)
        for when, _, buffer in self.ring:
            if when >= first:
                file.add(when, buffer)

    def take_news(self, caps):
        with self.lock:
            news, self.news = self.news, []
        for event, event_id, start, end in news:
            if event == 'begin':
                self.begin(event_id, start, caps)
            for file in self.files:
                if event == 'end' and file.event_id == event_id:
                    file.until = end + self.after

    def trim(self, now):
        """Keeps a key frame that is early enough, and all that follow."""
        oldest = now - self.before - int(
            self.options.min_duration * Gst.SECOND)
        first = max((when for when, is_key, _ in self.ring
                     if is_key and when <= oldest), default=0)
        while self.ring and self.ring[0][0] < first:
            self.ring.popleft()

    def on_frame(self, sink):
        sample = sink.emit('pull-sample')
        buffer = sample.get_buffer()
        when = sample.get_segment().to_running_time(
            Gst.Format.TIME, buffer.pts)
        if buffer.pts == Gst.CLOCK_TIME_NONE or when == Gst.CLOCK_TIME_NONE:
            return Gst.FlowReturn.OK
        self.take_news(sample.get_caps())
        is_key = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
        if self.ring or is_key:
            self.ring.append((when, is_key, buffer))
        for file in self.files:
            if file.until is not None and when > file.until:
                file.end()
            file.add(when, buffer)
        self.files = [f for f in self.files if f.pipeline]
        self.trim(when)
        return Gst.FlowReturn.OK

    def finish(self):
        for file in self.files:
            file.wait()


def build(options, recorder):
    model = f' model-file={quoted(options.model)}' if options.model else ''
    text = (f'{source(options.source)} ! videoconvert ! gandiscriminate{model} '
            f'false-alarms-per-hour={options.alarms} '
            f'min-duration={int(options.min_duration * Gst.SECOND)} '
            '! tee name=t t. ! queue ! videoconvert '
            f'! {encoder(options.encoder)} '
            '! appsink name=coded emit-signals=true sync=false async=false ')
    if not options.no_display:
        text += 't. ! queue ! videoconvert ! autovideosink'
    pipeline = Gst.parse_launch(text)
    pipeline.get_by_name('coded').connect('new-sample', recorder.on_frame)
    return pipeline


def run(pipeline, recorder):
    """To the end of the stream, or Ctrl-C -> errors."""
    loop = GLib.MainLoop()
    failed = []

    def on_message(_bus, message):
        if message.type == Gst.MessageType.ERROR:
            failed.append(message.parse_error()[0].message)
            loop.quit()
        elif message.type == Gst.MessageType.EOS:
            loop.quit()
        elif message.type == Gst.MessageType.WARNING:
            print(message.parse_warning()[0].message, file=sys.stderr)

    def on_signal():
        pipeline.send_event(Gst.Event.new_eos())
        GLib.timeout_add_seconds(3, loop.quit)  # sources that do not listen
        return GLib.SOURCE_REMOVE  # the next one ends at once

    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, on_signal)
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect('message', on_message)
    # In the thread that scores: a recording goes faster than messages do.
    bus.enable_sync_message_emission()
    bus.connect('sync-message::element', recorder.on_event)
    pipeline.set_state(Gst.State.PLAYING)
    loop.run()
    pipeline.set_state(Gst.State.NULL)
    recorder.finish()
    return failed


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add('source')
    add('--model', metavar='ONNX', help='as aetool train made it')
    add('--output', metavar='FOLDER', default='.', help='(default: this one)')
    add('--before', type=float, default=5, metavar='SECONDS',
        help='recorded before an event, at least (default 5)')
    add('--after', type=float, default=2, metavar='SECONDS',
        help='recorded after it (default 2)')
    add('--min-duration', type=float, default=0, metavar='SECONDS',
        help='shorter events do not count (default 0)')
    add('--alarms', type=float, default=1, metavar='RATE',
        help='false alarms per hour that are put up with (default 1)')
    add('--encoder', choices=ENCODERS, help='(default: the first there is)')
    add('--no-display', action='store_true')
    options = parser.parse_args()
    if min(options.before, options.after, options.min_duration) < 0:
        parser.error('wanted seconds of 0 and more')
    if not 1e-6 <= options.alarms <= 1e6:
        parser.error('wanted 1e-6 to 1e6 false alarms per hour')
    return options


def main():
    options = parse()
    Gst.init(None)
    try:
        pathlib.Path(options.output).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(f'record_events: {error}')
    recorder = Recorder(options)
    try:
        pipeline = build(options, recorder)
    except GLib.Error as error:
        sys.exit(f'record_events: {error.message}')
    failed = run(pipeline, recorder)
    if failed:
        sys.exit(f'{options.source}: {failed[0]}')
    if File.n_failed:
        sys.exit(1)


if __name__ == '__main__':
    main()
