// SPDX-License-Identifier: MIT
//
// onnx.js: writes ONNX files. A model is a protocol buffer; each message is built from its fields, by number.

'use strict';
const fs = require('fs');

const FLOAT = 1;
const INT8 = 3;
const INT64 = 7;
const IR_VERSION = 8;

function varint(value) {
	const bytes = [];
	let rest = BigInt.asUintN(64, BigInt(value));

	for (; rest >= 0x80n; rest >>= 7n)
		bytes.push(Number(rest & 0x7fn) | 0x80);
	return Buffer.from([...bytes, Number(rest)]);
}

// Fields of a message. Parts are kept apart and joined once, in the file.
function integer(number, value) {
	return [varint(number << 3), varint(value)];
}

function float(number, value) {
	const bytes = Buffer.alloc(4);

	bytes.writeFloatLE(value);
	return [varint(number << 3 | 5), bytes];
}

function bytes(number, parts) {
	const list = Array.isArray(parts) ? parts.flat(Infinity) : [Buffer.from(parts)];
	const length = list.reduce((sum, part) => sum + part.length, 0);

	return [varint(number << 3 | 2), varint(length), ...list];
}

function attribute(name, value) {
	const fields = [bytes(1, name)];

	if (Array.isArray(value))
		fields.push(...value.map((item) => integer(8, item)), integer(20, 7));
	else if (typeof value === 'string')
		fields.push(bytes(4, value), integer(20, 3));
	else if (value && value.float !== undefined)
		fields.push(float(2, value.float), integer(20, 1));
	else
		fields.push(integer(3, value), integer(20, 2));
	return bytes(5, fields);
}

function typed(name, type, shape) {
	const dimensions = shape.map((extent) => bytes(1, [integer(1, extent)]));

	return [bytes(1, name), bytes(2, [bytes(1, [integer(1, type), bytes(2, dimensions)])])];
}

// Numbers that are the same on every machine and in every run: xorshift, spread evenly about zero.
class Random {
	constructor(seed) {
		this.state = seed | 1;
	}

	// @count numbers with standard deviation @deviation about @mean.
	values(count, deviation, mean = 0) {
		const result = new Float32Array(count);
		const scale = deviation * Math.sqrt(3) / 2147483648;
		let state = this.state;

		for (let i = 0; i < count; i++) {
			state ^= state << 13;
			state ^= state >>> 17;
			state ^= state << 5;
			result[i] = mean + state * scale;
		}
		this.state = state;
		return result;
	}
}

class Graph {
	constructor(name, opset) {
		this.name = name;
		this.opset = opset;
		this.nodes = [];
		this.constants = [];
		this.inputs = [];
		this.outputs = [];
		this.known = new Map();
		this.count = 0;
	}

	input(name, shape, type = FLOAT) {
		this.inputs.push(bytes(11, typed(name, type, shape)));
		return name;
	}

	output(name, shape, type = FLOAT) {
		this.outputs.push(bytes(12, typed(name, type, shape)));
	}

	// Returns the name of the (first) result: @attributes.output or outputs, or a new one.
	node(operator, inputs, attributes = {}) {
		const { output = `${operator}_${this.count++}`, outputs = [output], domain = '', ...rest } = attributes;
		const fields = inputs.map((name) => bytes(1, name));

		for (const name of outputs)
			fields.push(bytes(2, name));
		fields.push(bytes(3, `node_${this.nodes.length}`), bytes(4, operator));
		for (const [key, value] of Object.entries(rest))
			fields.push(attribute(key, value));
		if (domain)
			fields.push(bytes(7, domain));
		this.nodes.push(bytes(1, fields));
		return outputs[0];
	}

	tensor(shape, data, type) {
		const name = `constant_${this.count++}`;

		this.constants.push(bytes(5, [shape.map((extent) => integer(1, extent)), integer(2, type), bytes(8, name),
			bytes(9, [Buffer.from(data.buffer, data.byteOffset, data.byteLength)])]));
		return name;
	}

	floats(shape, data) {
		return this.tensor(shape, data, FLOAT);
	}

	// Int8Array.
	bytes(shape, data) {
		return this.tensor(shape, data, INT8);
	}

	scalar(value) {
		const key = `float ${value}`;

		if (!this.known.has(key))
			this.known.set(key, this.floats([], Float32Array.of(value)));
		return this.known.get(key);
	}

	integers(values, shape = [values.length]) {
		const key = `int64 ${shape}: ${values}`;

		if (!this.known.has(key))
			this.known.set(key, this.tensor(shape, BigInt64Array.from(values, BigInt), INT64));
		return this.known.get(key);
	}

	write(path) {
		const graph = [this.nodes, bytes(2, this.name), this.constants, this.inputs, this.outputs];
		const model = [integer(1, IR_VERSION), bytes(2, 'pumori'), bytes(7, graph),
			bytes(8, [bytes(1, ''), integer(2, this.opset)])];
		const file = fs.openSync(path, 'w');

		for (const part of model.flat(Infinity))
			fs.writeSync(file, part);
		fs.closeSync(file);
	}
}

module.exports = { Graph, Random, FLOAT, INT64 };
