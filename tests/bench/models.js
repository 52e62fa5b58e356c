// SPDX-License-Identifier: MIT
//
// models.js NAME OUT.onnx: writes a well-known architecture as an exporter would, with random weights of the usual
// scale: what a model costs depends on its shapes alone. Without arguments lists the names.

'use strict';
const { Graph, Random, FLOAT, INT64 } = require('./onnx.js');

// --- convolutional nets -----------------------------------------------------

class ConvolutionNet {
	constructor(name) {
		this.graph = new Graph(name, 13);
		this.random = new Random(12345);
		this.channels = 3;
		this.size = 224;
		this.x = this.graph.input('input', [1, 3, 224, 224]);
	}

	// Convolution, batch normalisation (unless @bias), function.
	conv(outputs, kernel, { stride = 1, groups = 1, pad = (kernel - 1) >> 1, gain = 1, bias = false,
		activation = '' } = {}) {
		const { graph, random } = this;
		const depth = this.channels / groups;
		const deviation = gain * Math.sqrt(2 / (depth * kernel * kernel));
		const inputs = [this.x, graph.floats([outputs, depth, kernel, kernel],
			random.values(outputs * depth * kernel * kernel, deviation))];

		if (bias)
			inputs.push(graph.floats([outputs], random.values(outputs, 0.1)));
		this.x = graph.node('Conv', inputs, { kernel_shape: [kernel, kernel], strides: [stride, stride],
			pads: [pad, pad, pad, pad], dilations: [1, 1], group: groups });
		if (!bias)
			this.x = graph.node('BatchNormalization', [this.x,
				graph.floats([outputs], random.values(outputs, 0.1, 1)),
				graph.floats([outputs], random.values(outputs, 0.1)),
				graph.floats([outputs], random.values(outputs, 0.1)),
				graph.floats([outputs], random.values(outputs, 0.1, 1))], { epsilon: { float: 1e-5 } });
		this.channels = outputs;
		this.size = Math.floor((this.size + 2 * pad - kernel) / stride) + 1;
		if (activation === 'relu')
			this.relu();
		else if (activation === 'relu6')
			this.x = graph.node('Clip', [this.x, graph.scalar(0), graph.scalar(6)]);
		return this.x;
	}

	relu() {
		this.x = this.graph.node('Relu', [this.x]);
	}

	pool(kernel, stride, pad, ceil = 0) {
		this.x = this.graph.node('MaxPool', [this.x], { kernel_shape: [kernel, kernel], strides: [stride, stride],
			pads: [pad, pad, pad, pad], ceil_mode: ceil });
	}

	add(other) {
		this.x = this.graph.node('Add', [this.x, other]);
	}

	// Back to where the map had @channels.
	from(x, channels) {
		this.x = x;
		this.channels = channels;
	}

	classify(classes) {
		const { graph, random, channels } = this;

		this.x = graph.node('GlobalAveragePool', [this.x]);
		this.x = graph.node('Flatten', [this.x], { axis: 1 });
		graph.node('Gemm', [this.x,
			graph.floats([classes, channels], random.values(classes * channels, Math.sqrt(1 / channels))),
			graph.floats([classes], random.values(classes, 0.1))], { transB: 1, output: 'output' });
		graph.output('output', [1, classes]);
		return graph;
	}
}

function resnet50() {
	const net = new ConvolutionNet('resnet50');

	net.conv(64, 7, { stride: 2, activation: 'relu' });
	net.pool(3, 2, 1);
	[[64, 3], [128, 4], [256, 6], [512, 3]].forEach(([width, blocks], stage) => {
		for (let block = 0; block < blocks; block++) {
			const stride = block === 0 && stage > 0 ? 2 : 1;
			const { x, channels } = net;
			let shortcut = x;

			if (block === 0) {
				shortcut = net.conv(4 * width, 1, { stride, gain: 0.7 });
				net.from(x, channels);
			}
			net.conv(width, 1, { activation: 'relu' });
			net.conv(width, 3, { stride, activation: 'relu' });
			net.conv(4 * width, 1, { gain: 0.4 });
			net.add(shortcut);
			net.relu();
		}
	});
	return net.classify(1000);
}

function mobilenetV2() {
	const net = new ConvolutionNet('mobilenet-v2');

	net.conv(32, 3, { stride: 2, activation: 'relu6' });
	for (const [factor, outputs, repeats, first] of [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2],
		[6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]]) {
		for (let i = 0; i < repeats; i++) {
			const stride = i === 0 ? first : 1;
			const { x, channels } = net;
			const width = channels * factor;

			if (factor > 1)
				net.conv(width, 1, { activation: 'relu6' });
			net.conv(width, 3, { stride, groups: width, activation: 'relu6' });
			net.conv(outputs, 1, { gain: 0.7 });
			if (stride === 1 && channels === outputs)
				net.add(x);
		}
	}
	net.conv(1280, 1, { activation: 'relu6' });
	return net.classify(1000);
}

function squeezenet() {
	const net = new ConvolutionNet('squeezenet-1.1');
	const plain = { bias: true, activation: 'relu' };
	const fire = (squeeze, expand) => {
		net.conv(squeeze, 1, plain);
		const x = net.x;
		const left = net.conv(expand, 1, plain);

		net.from(x, squeeze);
		net.x = net.graph.node('Concat', [left, net.conv(expand, 3, plain)], { axis: 1 });
		net.channels = 2 * expand;
	};

	net.conv(64, 3, { ...plain, stride: 2, pad: 0 });
	net.pool(3, 2, 0, 1);
	fire(16, 64);
	fire(16, 64);
	net.pool(3, 2, 0, 1);
	fire(32, 128);
	fire(32, 128);
	net.pool(3, 2, 0, 1);
	fire(48, 192);
	fire(48, 192);
	fire(64, 256);
	fire(64, 256);
	net.conv(1000, 1, plain);
	net.x = net.graph.node('GlobalAveragePool', [net.x]);
	net.graph.node('Flatten', [net.x], { axis: 1, output: 'output' });
	net.graph.output('output', [1, 1000]);
	return net.graph;
}

// --- transformers -----------------------------------------------------------

class Transformer {
	constructor(name, { width, heads, layers, hidden, vocabulary, length, int8 = false }) {
		Object.assign(this, { int8, width, heads, layers, hidden, vocabulary, length, depth: width / heads });
		this.graph = new Graph(name, 13);
		this.random = new Random(54321);
	}

	matrix(rows, columns, gain = 1) {
		return this.graph.floats([rows, columns], this.random.values(rows * columns, gain / Math.sqrt(rows)));
	}

	linear(x, rows, columns, gain) {
		if (this.int8)
			return this.linearInt8(x, rows, columns, gain);
		const product = this.graph.node('MatMul', [x, this.matrix(rows, columns, gain)]);

		return this.graph.node('Add', [product, this.graph.floats([columns], this.random.values(columns, 0.02))]);
	}

	// The same as dynamic quantisation of an exporter leaves it: weights of 8 bits, one scale a matrix.
	linearInt8(x, rows, columns, gain = 1) {
		const { graph, random } = this;
		const values = random.values(rows * columns, gain / Math.sqrt(rows));
		const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) / 127;
		const weights = graph.bytes([rows, columns], Int8Array.from(values, (value) => Math.round(value / scale)));
		const [bytes, factor, zero] = this.quantize(x);
		const sums = graph.node('MatMulInteger', [bytes, weights, zero, this.graph.bytes([], Int8Array.of(0))]);
		const product = graph.node('Mul', [graph.node('Cast', [sums], { to: FLOAT }),
			graph.node('Mul', [factor, graph.scalar(scale)])]);

		return graph.node('Add', [product, graph.floats([columns], random.values(columns, 0.02))]);
	}

	// What several matrices read is quantised once.
	quantize(x) {
		if (this.quantized !== x) {
			const name = `quantized_${x}`;

			this.quantized = x;
			this.parts = [name, `${name}_scale`, `${name}_zero`];
			this.graph.node('DynamicQuantizeLinear', [x], { outputs: this.parts });
		}
		return this.parts;
	}

	// Layer normalisation in the operators of a time when it had none of its own.
	norm(x) {
		const { graph, width, random } = this;
		const mean = graph.node('ReduceMean', [x], { axes: [-1], keepdims: 1 });
		const centred = graph.node('Sub', [x, mean]);
		const square = graph.node('Pow', [centred, graph.scalar(2)]);
		const variance = graph.node('ReduceMean', [square], { axes: [-1], keepdims: 1 });
		const deviation = graph.node('Sqrt', [graph.node('Add', [variance, graph.scalar(1e-5)])]);
		const scaled = graph.node('Mul', [graph.node('Div', [centred, deviation]),
			graph.floats([width], random.values(width, 0.1, 1))]);

		return graph.node('Add', [scaled, graph.floats([width], random.values(width, 0.1))]);
	}

	gelu(x) {
		const { graph } = this;
		const erf = graph.node('Erf', [graph.node('Div', [x, graph.scalar(Math.SQRT2)])]);
		const product = graph.node('Mul', [x, graph.node('Add', [erf, graph.scalar(1)])]);

		return graph.node('Mul', [product, graph.scalar(0.5)]);
	}

	geluTanh(x) {
		const { graph } = this;
		const cube = graph.node('Mul', [graph.node('Pow', [x, graph.scalar(3)]), graph.scalar(0.044715)]);
		const argument = graph.node('Mul', [graph.node('Add', [x, cube]), graph.scalar(Math.sqrt(2 / Math.PI))]);
		const factor = graph.node('Add', [graph.node('Tanh', [argument]), graph.scalar(1)]);

		return graph.node('Mul', [graph.node('Mul', [x, graph.scalar(0.5)]), factor]);
	}

	// [1, length, width] to [1, heads, length, depth].
	split(x, permutation = [0, 2, 1, 3]) {
		const shape = this.graph.integers([1, this.length, this.heads, this.depth]);

		return this.graph.node('Transpose', [this.graph.node('Reshape', [x, shape])], { perm: permutation });
	}

	// Of queries and keys (already turned), both per head.
	attend(query, key, value, mask) {
		const { graph, length, width } = this;
		let score = graph.node('Div', [graph.node('MatMul', [query, key]), graph.scalar(Math.sqrt(this.depth))]);

		if (mask)
			score = mask(score);
		const mixed = graph.node('MatMul', [graph.node('Softmax', [score], { axis: -1 }), value]);

		return graph.node('Reshape', [graph.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
			graph.integers([1, length, width])]);
	}

	embed(ids, positions) {
		const { graph, random, width, vocabulary } = this;
		const words = graph.floats([vocabulary, width], random.values(vocabulary * width, 1));

		return graph.node('Add', [graph.node('Gather', [words, ids], { axis: 0 }), positions]);
	}
}

function encoder(name, size) {
	const net = new Transformer(name, size);
	const { graph, width, length, hidden, random } = net;
	const ids = graph.input('input_ids', [1, length], INT64);
	let x = net.norm(net.embed(ids, graph.floats([1, length, width], random.values(length * width, 0.3))));

	for (let layer = 0; layer < net.layers; layer++) {
		const query = net.split(net.linear(x, width, width));
		const key = net.split(net.linear(x, width, width), [0, 2, 3, 1]);
		const mixed = net.attend(query, key, net.split(net.linear(x, width, width)));

		x = net.norm(graph.node('Add', [net.linear(mixed, width, width), x]));
		x = net.norm(graph.node('Add', [net.linear(net.gelu(net.linear(x, width, hidden)), hidden, width), x]));
	}
	graph.node('Identity', [x], { output: 'last_hidden_state' });
	graph.output('last_hidden_state', [1, length, width]);
	return graph;
}

// A stack of blocks that normalise first; @attention(net, normalised, layer) yields what is mixed.
function decoder(net, x, attention) {
	const { graph, width, hidden, length, vocabulary } = net;

	for (let layer = 0; layer < net.layers; layer++) {
		x = graph.node('Add', [x, net.linear(attention(net.norm(x), layer), width, width, 0.5)]);
		x = graph.node('Add', [x, net.linear(net.geluTanh(net.linear(net.norm(x), width, hidden)), hidden, width,
			0.5)]);
	}
	graph.node('MatMul', [net.norm(x), net.matrix(width, vocabulary)], { output: 'logits' });
	graph.output('logits', [1, length, vocabulary]);
	return graph;
}

function prefill(name, size) {
	const net = new Transformer(name, size);
	const { graph, width, length, random } = net;
	const ids = graph.input('input_ids', [1, length], INT64);
	const future = Float32Array.from({ length: length * length }, (_, i) => i % length > i / length ? -1e4 : 0);
	const causal = graph.floats([1, 1, length, length], future);
	const x = net.embed(ids, graph.floats([1, length, width], random.values(length * width, 0.3)));

	return decoder(net, x, (normalised) => {
		const query = net.split(net.linear(normalised, width, width));
		const key = net.split(net.linear(normalised, width, width), [0, 2, 3, 1]);
		const value = net.split(net.linear(normalised, width, width));

		return net.attend(query, key, value, (score) => graph.node('Add', [score, causal]));
	});
}

// One token against a cache of fixed size: past.* are read, present.* are past.* with one row written.
function decode(name, size, context) {
	const net = new Transformer(name, { ...size, length: 1 });
	const { graph, width, heads, depth, random } = net;
	const ids = graph.input('input_ids', [1, 1], INT64);
	const position = graph.input('position', [1], INT64);
	const places = graph.floats([context, width], random.values(context * width, 0.3));
	const x = net.embed(ids, graph.node('Gather', [places, position], { axis: 0 }));
	const head = graph.integers([...Array(heads).keys()], [heads, 1]);
	const column = graph.node('Expand', [graph.node('Reshape', [position, graph.integers([1, 1])]),
		graph.integers([heads, 1])]);
	const row = graph.node('Concat', [head, column], { axis: 1 });
	const order = graph.integers([...Array(context).keys()], [1, 1, 1, context]);
	const visible = graph.node('LessOrEqual', [order, position]);
	let states = 0;

	const remember = (x) => {
		const shape = [heads, context, depth], index = states++;
		const past = graph.input(`past.${index}`, shape), present = `present.${index}`;
		const update = graph.node('Reshape', [x, graph.integers([heads, depth])]);

		graph.node('ScatterND', [past, row, update], { output: present });
		graph.output(present, shape);
		return present;
	};
	return decoder(net, x, (normalised) => {
		const query = net.split(net.linear(normalised, width, width));
		const keys = graph.node('Transpose', [remember(net.linear(normalised, width, width))], { perm: [0, 2, 1] });
		const values = remember(net.linear(normalised, width, width));

		return net.attend(query, keys, values,
			(score) => graph.node('Where', [visible, score, graph.scalar(-1e4)]));
	});
}

const MINILM = { width: 384, heads: 12, layers: 6, hidden: 1536, vocabulary: 30522 };
const BERT = { width: 768, heads: 12, layers: 12, hidden: 3072, vocabulary: 30522 };
const GPT = { width: 384, heads: 6, layers: 6, hidden: 1536, vocabulary: 8192 };
const GPT_SMALL = { width: 256, heads: 4, layers: 4, hidden: 1024, vocabulary: 4096 };
const GPT_LARGE = { width: 512, heads: 8, layers: 12, hidden: 2048, vocabulary: 8192 };

const models = {
	'resnet50': resnet50,
	'mobilenet-v2': mobilenetV2,
	'squeezenet-1.1': squeezenet,
	'minilm-32': (name) => encoder(name, { ...MINILM, length: 32 }),
	'minilm-128': (name) => encoder(name, { ...MINILM, length: 128 }),
	'minilm-32-int8': (name) => encoder(name, { ...MINILM, length: 32, int8: true }),
	'minilm-128-int8': (name) => encoder(name, { ...MINILM, length: 128, int8: true }),
	'bert-base-128': (name) => encoder(name, { ...BERT, length: 128 }),
	'gpt-prefill-64': (name) => prefill(name, { ...GPT, length: 64 }),
	'gpt-decode': (name) => decode(name, GPT_SMALL, 256),
	'gpt-decode-large': (name) => decode(name, GPT_LARGE, 256),
};

const [name, path] = process.argv.slice(2);

if (!name)
	console.log(Object.keys(models).join('\n'));
else if (!models[name] || !path)
	throw new Error(`usage: models.js NAME OUT.onnx, NAME one of ${Object.keys(models).join(', ')}`);
else
	models[name](name).write(path);
