// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Times one model in onnxruntime.
//
//   node ort-bench.js THREADS REPEATS MODEL [NAME=1x3x480x640]...
//                     [--inputs FOLDER] [--outputs FOLDER]
//
//   NAME=...    shape of an input; dimensions the file leaves open are 1
//   --inputs    takes the values of input N from FOLDER/input_N.bin (raw,
//               little-endian); otherwise they are the same random numbers in
//               0..1 each time (whole numbers and truth values: 0)
//   --outputs   leaves the values of output N in FOLDER/output_N.bin
//
// Prints one JSON object: model, threads, median_ms, min_ms, peak_mb (resident
// memory of this process), inputs and outputs (name, type, dims). Needs the
// npm package onnxruntime-node, found through NODE_PATH. Exit status 77: it is
// not there; 1: the model does not run, and JSON has "error".
'use strict';
const fs = require('fs');
const path = require('path');

const arrays = {
  float32: Float32Array, float64: Float64Array, int64: BigInt64Array,
  uint64: BigUint64Array, int32: Int32Array, uint32: Uint32Array,
  int16: Int16Array, uint16: Uint16Array, int8: Int8Array, uint8: Uint8Array,
  bool: Uint8Array, float16: Uint16Array,
};

function fail (status, text) {
  console.log (JSON.stringify ({ error: text }));
  process.exit (status);
}

function parseArguments (argv) {
  const options = { shapes: {} };
  const plain = [];
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] === '--inputs' || argv[i] === '--outputs')
      options[argv[i].slice (2)] = argv[++i];
    else
      plain.push (argv[i]);
  }
  const [threads, repeats, model, ...shapes] = plain;
  if (!(threads > 0) || !(repeats > 0) || !model)
    fail (2, 'usage: ort-bench.js THREADS REPEATS MODEL [NAME=1x3x480x640]...');
  for (const text of shapes) {
    const [name, dims] = text.split (/=(?=[^=]*$)/);
    options.shapes[name] = dims.split ('x').filter (Boolean).map (Number);
  }
  return Object.assign (options, {
    threads: Number (threads), repeats: Number (repeats), model,
  });
}

// A linear congruential generator: the same numbers on every machine.
function random (seed) {
  return () => {
    seed = (Math.imul (seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

function inputData (type, count, file, next) {
  const Type = arrays[type];
  if (file) {
    const bytes = fs.readFileSync (file);
    return new Type (bytes.buffer.slice (
      bytes.byteOffset, bytes.byteOffset + bytes.length));
  }
  const data = new Type (count);
  return type.startsWith ('float') && type !== 'float16'
    ? data.map (next) : data;
}

function makeFeeds (ort, session, options) {
  const next = random (1);
  const feeds = {};
  session.inputNames.forEach ((name, index) => {
    const meta = (session.inputMetadata || []).find ((m) => m.name === name);
    const known = meta && meta.shape
      ? meta.shape.map ((d) => (typeof d === 'number' && d >= 0 ? d : 1)) : [1];
    const dims = options.shapes[name] || known;
    const type = (meta && meta.type) || 'float32';
    const count = dims.reduce ((a, b) => a * b, 1);
    const file = options.inputs
      && path.join (options.inputs, `input_${index}.bin`);
    feeds[name] = new ort.Tensor (
      type, inputData (type, count, file, next), dims);
  });
  return feeds;
}

function describe (names, tensors) {
  return names.map ((name) => ({
    name, type: tensors[name].type, dims: Array.from (tensors[name].dims),
  }));
}

function writeOutputs (folder, names, results) {
  names.forEach ((name, index) => {
    const { data } = results[name];
    fs.writeFileSync (path.join (folder, `output_${index}.bin`),
      Buffer.from (data.buffer, data.byteOffset, data.byteLength));
  });
}

async function time (session, feeds, repeats) {
  const ms = [];
  const warm = Math.min (5, repeats);
  for (let i = 0; i < warm + repeats; i++) {
    const start = process.hrtime.bigint ();
    await session.run (feeds);
    if (i >= warm)
      ms.push (Number (process.hrtime.bigint () - start) / 1e6);
  }
  return ms.sort ((a, b) => a - b);
}

// Highest resident memory of this process, MiB.
function peakMemory () {
  const status = fs.readFileSync ('/proc/self/status', 'utf8');
  return Math.round (Number (/VmHWM:\s+(\d+)/.exec (status)[1]) / 1024);
}

async function main () {
  const options = parseArguments (process.argv.slice (2));
  let ort;
  try {
    ort = require ('onnxruntime-node');
  } catch (error) {
    fail (77, 'onnxruntime-node is not found: npm install --ignore-scripts '
      + 'onnxruntime-node, and NODE_PATH set to its node_modules');
  }
  const session = await ort.InferenceSession.create (options.model, {
    intraOpNumThreads: options.threads, interOpNumThreads: 1,
    graphOptimizationLevel: 'all', executionMode: 'sequential',
    logSeverityLevel: 3,
  });
  const feeds = makeFeeds (ort, session, options);
  const results = await session.run (feeds);
  if (options.outputs)
    writeOutputs (options.outputs, session.outputNames, results);
  const ms = await time (session, feeds, options.repeats);
  console.log (JSON.stringify ({
    model: options.model,
    threads: options.threads,
    median_ms: Number (ms[ms.length >> 1].toFixed (4)),
    min_ms: Number (ms[0].toFixed (4)),
    peak_mb: peakMemory (),
    inputs: describe (session.inputNames, feeds),
    outputs: describe (session.outputNames, results),
  }));
}

main ().catch ((error) => fail (1, error.message));
