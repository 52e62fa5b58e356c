// SPDX-License-Identifier: MIT
//
// generate.js ONNXRUNTIME_FOLDER MODELS_FOLDER
//
// Makes data/*.json, the committed golden outputs, with ONNX Runtime (one thread, all optimisations):
//   MODEL-INPUT.json  of an output: its shape, every entry of at least THRESHOLD, and each STRIDE-th entry's
//                     value whatever its size, so that the small ones are checked, too
//   lines.json        what is recognised on each rendered line, its confidence, and the classifier's answer
// Run by hand (tests/golden/update) when inputs or lines change.

'use strict';
const fs = require('fs');
const os = require('os');
const path = require('path');
const { execFileSync } = require('child_process');
const { INPUTS, make } = require('./inputs.js');
const { LINES, render } = require('./lines.js');

const [, , runtimeFolder, modelsFolder] = process.argv;
const ort = require(path.join(runtimeFolder, 'node_modules/onnxruntime-node'));
const DATA = path.join(__dirname, 'data');
const THRESHOLD = 1e-4;
const STRIDE = 37;
const FILES = { rec: 'ch_PP-OCRv4_rec_infer.onnx', cls: 'ch_ppocr_mobile_v2.0_cls_infer.onnx' };

const number = (value) => Number(value.toPrecision(7));

async function run(session, shape, data) {
	const outputs = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', data, shape) });

	return outputs[session.outputNames[0]];
}

// The preprocessing of this model family: scale to the height with bilinear sampling at pixel centres, keep the aspect
// ratio, blue-green-red planes in [-1, 1], zeros to the right.
function preprocess(file, shape) {
	const [, , height, width] = shape;
	const [w, h] = execFileSync('identify', ['-format', '%w %h', file], { encoding: 'utf8' }).split(' ').map(Number);
	const rgb = execFileSync('convert', [file, '-depth', '8', 'rgb:-'], { maxBuffer: 1 << 28 });
	const scaled = Math.min(width, Math.ceil(height * w / h));
	const out = new Float32Array(3 * height * width);
	const clamp = (v, max) => Math.min(Math.max(v, 0), max);

	for (let y = 0; y < height; y++)
		for (let x = 0; x < scaled; x++) {
			const sy = clamp((y + 0.5) * h / height - 0.5, h - 1);
			const sx = clamp((x + 0.5) * w / scaled - 0.5, w - 1);
			const y0 = Math.floor(sy), x0 = Math.floor(sx);
			const y1 = Math.min(y0 + 1, h - 1), x1 = Math.min(x0 + 1, w - 1);

			for (let c = 0; c < 3; c++) {
				const at = (yy, xx) => rgb[(yy * w + xx) * 3 + (2 - c)];
				const top = at(y0, x0) * (1 - (sx - x0)) + at(y0, x1) * (sx - x0);
				const low = at(y1, x0) * (1 - (sx - x0)) + at(y1, x1) * (sx - x0);

				out[(c * height + y) * width + x] = (top * (1 - (sy - y0)) + low * (sy - y0)) / 127.5 - 1;
			}
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
	fs.mkdirSync(DATA, { recursive: true });
	for (const input of INPUTS) {
		const output = await run(sessions[input.model], input.shape, make(input));
		const large = [], sampled = [];

		output.data.forEach((value, index) => {
			if (value >= THRESHOLD)
				large.push(`${index},${number(value)}`);
			if (index % STRIDE === 0 || output.data.length <= 1000)
				sampled.push(number(value));
		});
		const golden = { model: input.model, input: input.name, shape: output.dims, threshold: THRESHOLD,
			stride: output.data.length <= 1000 ? 1 : STRIDE };

		fs.writeFileSync(path.join(DATA, `${input.model}-${input.name}.json`),
			`${JSON.stringify(golden).slice(0, -1)},\n"large": [${large.join(',')}],\n"sampled": [${sampled.join(',')}]}\n`);
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
		const read = decode(await run(sessions.rec, [1, 3, 48, 320], preprocess(file, [1, 3, 48, 320])), keys);

		answers[line.name] = { ...read, turned: direction.data[1] > direction.data[0],
			certainty: number(Math.max(...direction.data)) };
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
