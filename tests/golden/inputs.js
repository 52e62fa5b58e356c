// SPDX-License-Identifier: MIT
//
// The inputs of the golden outputs, made from a formula so that they need not be stored.
//
// The generator is a 32-bit linear congruence, s' = s * 1664525 + 1013904223 mod 2^32, seeded by the
// input's row below; a number in [0, 1) is (s >>> 8) / 2^24, exact in fp32.
//   noise    every element 2 * r - 1
//   strokes  a white line (1.0) with dark strokes: for each of 40 strokes, in this order, x = r * width,
//            y = r * height / 2, w = 2 + 10 * r, h = 6 + height / 2 * r, value = -1 + 0.5 * r; x, y, w, h are cut
//            to integers; the same strokes on every channel

'use strict';
const fs = require('fs');

const INPUTS = [
	{ model: 'rec', name: 'noise', shape: [1, 3, 48, 320], seed: 1 },
	{ model: 'rec', name: 'strokes', shape: [1, 3, 48, 320], seed: 2 },
	{ model: 'cls', name: 'noise', shape: [1, 3, 48, 192], seed: 3 },
	{ model: 'cls', name: 'strokes', shape: [1, 3, 48, 192], seed: 4 },
	{ model: 'cls', name: 'strokes2', shape: [1, 3, 48, 192], seed: 5 },
];

function generator(seed) {
	let state = seed >>> 0;

	return () => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return (state >>> 8) / 16777216;
	};
}

function make(input) {
	const [, channels, height, width] = input.shape;
	const data = new Float32Array(channels * height * width);
	const random = generator(input.seed);

	if (input.name === 'noise') {
		for (let i = 0; i < data.length; i++)
			data[i] = 2 * random() - 1;
		return data;
	}
	data.fill(1);
	for (let stroke = 0; stroke < 40; stroke++) {
		const x = Math.trunc(random() * width);
		const y = Math.trunc(random() * height / 2);
		const w = Math.trunc(2 + 10 * random());
		const h = Math.trunc(6 + height / 2 * random());
		const value = -1 + 0.5 * random();

		for (let c = 0; c < channels; c++)
			for (let row = y; row < Math.min(y + h, height); row++)
				for (let column = x; column < Math.min(x + w, width); column++)
					data[(c * height + row) * width + column] = value;
	}
	return data;
}

// A .npy file of version 1.0, little-endian fp32, C order.
function writeNpy(path, shape, data) {
	let header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
	const padding = 64 - (10 + header.length + 1) % 64;

	header += ' '.repeat(padding) + '\n';
	const start = Buffer.alloc(10);
	start.write('\x93NUMPY\x01\x00', 'latin1');
	start.writeUInt16LE(header.length, 8);
	fs.writeFileSync(path, Buffer.concat([start, Buffer.from(header, 'latin1'),
		Buffer.from(data.buffer, data.byteOffset, data.byteLength)]));
}

function readNpy(path) {
	const file = fs.readFileSync(path);

	if (file.toString('latin1', 0, 6) !== '\x93NUMPY')
		throw new Error(`${path} is not an npy file`);
	const long = file[6] >= 2;
	const start = long ? 12 : 10;
	const length = long ? file.readUInt32LE(8) : file.readUInt16LE(8);
	const header = file.toString('latin1', start, start + length);

	if (!/'descr': '<f4'/.test(header) || !/'fortran_order': False/.test(header))
		throw new Error(`${path}: not fp32 in C order: ${header}`);
	const shape = /'shape': \(([^)]*)\)/.exec(header)[1].split(',').filter((s) => s.trim()).map(Number);
	const bytes = file.subarray(start + length);

	return { shape, data: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)) };
}

module.exports = { INPUTS, make, writeNpy, readNpy };
