// SPDX-License-Identifier: MIT
//
// logits.js MODEL.onnx OUT.onnx: writes the same model without the softmax that ends it, so that logits can be compared.
// An ONNX file is a protocol buffer; only the fields named here are looked into, everything else is copied.

'use strict';
const fs = require('fs');

const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;
const GRAPH_OUTPUT = 12;
const NODE_INPUT = 1;
const NODE_OUTPUT = 2;
const NODE_OP_TYPE = 4;
const VALUE_NAME = 1;
const LENGTH_DELIMITED = 2;

function readVarint(buffer, at) {
	let value = 0, shift = 0, byte;

	do {
		byte = buffer[at++];
		value += (byte & 0x7f) * 2 ** shift;
		shift += 7;
	} while (byte & 0x80);
	return [value, at];
}

function varint(value) {
	const bytes = [];

	for (; value >= 0x80; value = Math.floor(value / 0x80))
		bytes.push(value % 0x80 | 0x80);
	return Buffer.from([...bytes, value]);
}

// The fields of a message: number, wire type, payload and the bytes as they stood.
function* fields(buffer) {
	for (let at = 0; at < buffer.length;) {
		const start = at;
		let tag, payload;

		[tag, at] = readVarint(buffer, at);
		const type = tag & 7;

		if (type === LENGTH_DELIMITED) {
			let length;

			[length, at] = readVarint(buffer, at);
			payload = buffer.subarray(at, at + length);
			at += length;
		} else if (type === 0) {
			[payload, at] = readVarint(buffer, at);
		} else {
			at += type === 1 ? 8 : 4;
		}
		yield { number: Math.floor(tag / 8), payload, raw: buffer.subarray(start, at) };
	}
}

const message = (number, payload) => Buffer.concat([varint(number * 8 + LENGTH_DELIMITED), varint(payload.length), payload]);

const strings = (buffer, number) => [...fields(buffer)].filter((f) => f.number === number).map((f) => f.payload.toString());

function cutGraph(graph) {
	const all = [...fields(graph)];
	const output = strings(all.find((f) => f.number === GRAPH_OUTPUT).payload, VALUE_NAME)[0];
	const last = all.find((f) => f.number === GRAPH_NODE && strings(f.payload, NODE_OUTPUT).includes(output));

	if (strings(last.payload, NODE_OP_TYPE)[0] !== 'Softmax')
		throw new Error(`${output} does not come from a softmax`);
	const [logits] = strings(last.payload, NODE_INPUT);

	return Buffer.concat(all.filter((f) => f !== last).map((f) => {
		if (f.number !== GRAPH_OUTPUT)
			return f.raw;
		return message(GRAPH_OUTPUT, Buffer.concat([...fields(f.payload)].map((v) =>
			(v.number === VALUE_NAME ? message(VALUE_NAME, Buffer.from(logits)) : v.raw))));
	}));
}

function cutModel(model) {
	return Buffer.concat([...fields(model)].map((f) =>
		(f.number === MODEL_GRAPH ? message(MODEL_GRAPH, cutGraph(f.payload)) : f.raw)));
}

module.exports = { cutModel };

if (require.main === module) {
	const [, , from, to] = process.argv;

	fs.writeFileSync(to, cutModel(fs.readFileSync(from)));
}
