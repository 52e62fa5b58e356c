// SPDX-License-Identifier: MIT
//
// generate.js ONNXRUNTIME_FOLDER MODELS_FOLDER
//
// Makes data/*.json, the committed golden outputs, with ONNX Runtime (one thread, all optimisations):
//   MODEL-INPUT.json  of an output: its shape, every entry of at least THRESHOLD; of rec, which ends in a softmax
//                     over 6625 classes, also each STRIDE-th logit
//   lines.json        what is recognised on each rendered line, its confidence, the classifier's answer, and each
//                     LINE_STRIDE-th logit
// Run by hand (tests/golden/update) when inputs or lines change.

'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');
const { execFileSync } = require('child_process');
const { INPUTS, make } = require('./inputs.js');
const { LINES, render } = require('./lines.js');
const { cutModel } = require('./logits.js');

const [, , runtimeFolder, modelsFolder] = process.argv;
const ort = require(path.join(runtimeFolder, 'node_modules/onnxruntime-node'));
const DATA = path.join(__dirname, 'data');
const THRESHOLD = 1e-4;
const STRIDE = 37;
const LINE_STRIDE = 499;
const LOGITS = 'rec-logits';
const FILES = { rec: 'ch_PP-OCRv4_rec_infer.onnx', cls: 'ch_ppocr_mobile_v2.0_cls_infer.onnx' };

const number = (value) => Number(value.toPrecision(7));
const sample = (data, stride) => Array.from(data).filter((_, i) => i % stride === 0).map((v) => Number(v.toPrecision(6)));

async function run(session, shape, data) {
	const outputs = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', data, shape) });

	return outputs[session.outputNames[0]];
}

// The preprocessing of this model family: scale to the height with bilinear sampling at pixel centres (weights of 11
// bits, bytes as the result, as OpenCV does), keep the aspect ratio, blue-green-red planes in [-1, 1], zeros to the right.
function taps(from, to) {
	return Array.from({ length: to }, (_, i) => {
		const at = Math.max(0, (i + 0.5) * (from / to) - 0.5);
		const whole = Math.trunc(at);

		if (whole >= from - 1)
			return [from - 1, from - 1, 0];
		return [whole, whole + 1, Math.trunc((at - whole) * 2048 + 0.5)];
	});
}

function preprocess(file, shape) {
	const [, , height, width] = shape;
	const [w, h] = execFileSync('identify', ['-format', '%w %h', file], { encoding: 'utf8' }).split(' ').map(Number);
	const rgb = execFileSync('convert', [file, '-depth', '8', 'rgb:-'], { maxBuffer: 1 << 28 });
	const scaled = Math.min(width, Math.ceil(height * w / h));
	const out = new Float32Array(3 * height * width);
	const rows = taps(h, height), columns = taps(w, scaled);

	for (let y = 0; y < height; y++)
		for (let x = 0; x < scaled; x++)
			for (let c = 0; c < 3; c++) {
				const [y0, y1, wy] = rows[y], [x0, x1, wx] = columns[x];
				const at = (yy, xx) => rgb[(yy * w + xx) * 3 + (2 - c)];
				const top = at(y0, x0) * (2048 - wx) + at(y0, x1) * wx;
				const low = at(y1, x0) * (2048 - wx) + at(y1, x1) * wx;
				const byte = Math.floor((top * (2048 - wy) + low * wy + 2 ** 21) / 2 ** 22);

				out[(c * height + y) * width + x] = byte / 127.5 - 1;
			}
	return out;
}

// Greedy CTC: best class of each step, repeats merged, blanks (0) dropped; the last class is a space.
function decode(output, keys) {
	const [, steps, classes] = output.dims;
	let text = '', last = 0, sum = 0, count = 0;

	for (let t = 0; t < steps; t++) {
		const row = output.data.subarray(t * classes, (t + 1) * classes);
		const best = row.indexOf(Math.max(...row));

		if (best !== 0 && best !== last) {
			text += best === classes - 1 ? ' ' : keys[best - 1];
			sum += row[best];
			count++;
		}
		last = best;
	}
	return { text, confidence: count ? number(sum / count) : 0 };
}

async function main() {
	const options = { intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: 'all' };
	const sessions = {};

	for (const model of Object.keys(FILES))
		sessions[model] = await ort.InferenceSession.create(path.join(modelsFolder, FILES[model]), options);
	sessions[LOGITS] = await ort.InferenceSession.create(cutModel(fs.readFileSync(path.join(modelsFolder, FILES.rec))),
		options);
	fs.mkdirSync(DATA, { recursive: true });
	for (const input of INPUTS) {
		const output = await run(sessions[input.model], input.shape, make(input));
		const golden = { model: input.model, input: input.name, shape: output.dims, threshold: THRESHOLD };
		const large = [];

		output.data.forEach((value, index) => {
			if (value >= THRESHOLD)
				large.push(`${index},${number(value)}`);
		});
		let text = `${JSON.stringify(golden).slice(0, -1)},\n"large": [${large.join(',')}]`;

		if (input.model === 'rec') {
			const logits = await run(sessions[LOGITS], input.shape, make(input));

			text += `,\n"stride": ${STRIDE},\n"logits": [${sample(logits.data, STRIDE).join(',')}]`;
		}
		fs.writeFileSync(path.join(DATA, `${input.model}-${input.name}.json`), `${text}}\n`);
		console.log(`${input.model}-${input.name}: ${large.length} entries of at least ${THRESHOLD}`);
	}

	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'pumori-golden-'));
	const keys = fs.readFileSync(path.join(modelsFolder, 'ppocr_keys_v1.txt'), 'utf8').split(/\r?\n/);
	const answers = {};

	for (const line of LINES) {
		const file = path.join(folder, `${line.name}.png`);

		render(line, file, false);
		const direction = await run(sessions.cls, [1, 3, 48, 192], preprocess(file, [1, 3, 48, 192]));
		render(line, file, true);
		const pixels = preprocess(file, [1, 3, 48, 320]);
		const read = decode(await run(sessions.rec, [1, 3, 48, 320], pixels), keys);
		const logits = await run(sessions[LOGITS], [1, 3, 48, 320], pixels);

		answers[line.name] = { ...read, turned: direction.data[1] > direction.data[0],
			certainty: number(Math.max(...direction.data)), stride: LINE_STRIDE,
			logits: sample(logits.data, LINE_STRIDE) };
		const note = (read.text === line.text ? '' : ` (rendered: ${line.text})`) +
			(answers[line.name].turned === !!line.turned ? '' : ' (classifier disagrees)');

		console.log(`${line.name}: "${read.text}" ${read.confidence} ${answers[line.name].certainty}${note}`);
	}
	fs.rmSync(folder, { recursive: true });
	fs.writeFileSync(path.join(DATA, 'lines.json'),
		`{\n${Object.entries(answers).map(([k, v]) => `${JSON.stringify(k)}: ${JSON.stringify(v)}`).join(',\n')}\n}\n`);
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
