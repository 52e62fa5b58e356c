// SPDX-License-Identifier: MIT
//
// check.js BUILD_FOLDER: compares the tools' answers with the golden ones of ONNX Runtime, in process. Prints TAP.
//
//   fp32  every output within rtol 1e-3 and atol 1e-4; sampled entries of every size also within 1 % of their
//         own value, for an absolute tolerance says nothing about small probabilities
//   bf16  logits (the logarithms of the probabilities, centred in each step) have a cosine similarity of at least
//         0.999 with ONNX Runtime's
//   lines every rendered line, after cls has told its direction, gives ONNX Runtime's text, in bf16 and fp32
//   bytes every kernel set that this host can run gives the same bytes

'use strict';
const fs = require('fs');
const path = require('path');
const { spawnSync } = require('child_process');
const { INPUTS, make, writeNpy, readNpy } = require('./inputs.js');
const { LINES, render } = require('./lines.js');

const build = process.argv[2];
const pumori = path.join(build, 'pumori');
const work = path.join(build, 'golden');
const goldenLines = JSON.parse(fs.readFileSync(path.join(__dirname, 'data/lines.json')));
// What the tool answers when this host cannot do what was asked, for example lacks the instructions.
const EXIT_UNSUPPORTED = 3;
let tests = 0;
let failures = 0;

function report(name, problem, note) {
	tests++;
	if (problem)
		failures++;
	console.log(`${problem ? 'not ok' : 'ok'} ${tests} - ${name}${note ? ` (${note})` : ''}`);
	if (problem)
		console.log(`# ${problem.replace(/\n/g, '\n# ')}`);
}

function skip(name, reason) {
	tests++;
	console.log(`ok ${tests} - ${name} # SKIP ${reason}`);
}

function tool(args, environment) {
	const result = spawnSync(pumori, args, { encoding: 'utf8',
		env: { ...process.env, PUMORI_DEVICE: 'inproc', ...environment } });

	if (result.status !== 0) {
		const error = new Error(`pumori ${args.join(' ')}: status ${result.status ?? result.signal}\n${result.stderr}${result.stdout}`);

		error.unsupported = result.status === EXIT_UNSUPPORTED;
		throw error;
	}
	return result.stdout;
}

function infer(model, cast, input, environment) {
	const folder = path.join(work, `${model}-${cast}-${input.name}`);
	const file = path.join(work, `${model}-${input.name}.npy`);

	fs.rmSync(folder, { recursive: true, force: true });
	writeNpy(file, input.shape, make(input));
	const printed = tool(['run', path.join(build, 'models', `${model}-${cast}.pex`), '--input', `x=${file}`, '--output', folder],
		environment);
	const outputs = fs.readdirSync(folder).filter((name) => name.endsWith('.npy'));

	if (outputs.length !== 1)
		throw new Error(`${outputs.length} output files instead of one`);
	return { ...readNpy(path.join(folder, outputs[0])), printed };
}

function compareExact(golden, output) {
	if (output.shape.join() !== golden.shape.join())
		return `shape ${output.shape} instead of ${golden.shape}`;
	const expected = new Map();
	let worst = 0, where = -1;

	for (let i = 0; i < golden.large.length; i += 2)
		expected.set(golden.large[i], golden.large[i + 1]);
	for (let i = 0; i < output.data.length; i++) {
		const value = output.data[i];
		const known = expected.get(i);
		// An entry that is not listed lies between zero and the threshold.
		const distance = known !== undefined ? Math.abs(value - known) :
			Math.max(0, value - golden.threshold, -value);
		const excess = distance / (1e-4 + 1e-3 * (known || 0));

		if (!(excess <= worst)) {
			worst = excess;
			where = i;
		}
	}
	if (!(worst <= 1))
		return `entry ${where} is ${output.data[where]} instead of ${expected.get(where) ?? `at most ${golden.threshold}`}`;
	for (let i = 0; i < golden.sampled.length; i++) {
		const value = output.data[i * golden.stride];

		if (!(Math.abs(value - golden.sampled[i]) <= 1e-2 * golden.sampled[i]))
			return `small entry ${i * golden.stride} is ${value} instead of ${golden.sampled[i]}`;
	}
	return null;
}

// Cosine similarity of the sampled logits, each step of the last axis centred on its own.
function cosine(golden, output) {
	const classes = golden.shape[golden.shape.length - 1];
	const rows = new Map();

	golden.sampled.forEach((value, i) => {
		const index = i * golden.stride;
		const row = Math.floor(index / classes);

		if (!rows.has(row))
			rows.set(row, []);
		rows.get(row).push([Math.log(value), Math.log(Math.max(output.data[index], 1e-38))]);
	});
	let dot = 0, expected = 0, got = 0;

	for (const pairs of rows.values()) {
		const mean = [0, 1].map((k) => pairs.reduce((sum, pair) => sum + pair[k], 0) / pairs.length);

		for (const [a, b] of pairs) {
			dot += (a - mean[0]) * (b - mean[1]);
			expected += (a - mean[0]) ** 2;
			got += (b - mean[1]) ** 2;
		}
	}
	return dot / Math.sqrt(expected * got);
}

function attempt(name, body) {
	try {
		body();
	} catch (error) {
		report(name, String(error.message));
	}
}

fs.mkdirSync(work, { recursive: true });
for (const input of INPUTS) {
	const golden = JSON.parse(fs.readFileSync(path.join(__dirname, 'data', `${input.model}-${input.name}.json`)));
	const name = `${input.model} ${input.name}`;

	attempt(`${name} fp32`, () => report(`${name} fp32`, compareExact(golden, infer(input.model, 'fp32', input))));
	attempt(`${name} bf16`, () => {
		const similarity = cosine(golden, infer(input.model, 'bf16', input));

		report(`${name} bf16`, similarity >= 0.999 ? null : `cosine similarity ${similarity}`, `cosine ${similarity.toFixed(6)}`);
	});
	for (const cast of ['bf16', 'fp32'])
		attempt(`${name} ${cast} kernel sets`, () => {
			const sets = ['generic', 'avx2', 'avx512'];
			const crcs = {};

			for (const set of sets) {
				try {
					crcs[set] = Buffer.from(infer(input.model, cast, input, { PUMORI_KERNELS: set }).data.buffer).toString('latin1');
				} catch (error) {
					if (!error.unsupported)
						throw error;
				}
			}
			const present = Object.keys(crcs);

			if (present.length < 2)
				skip(`${name} ${cast} kernel sets`, 'this host runs only one kernel set');
			else
				report(`${name} ${cast} kernel sets`, present.every((set) => crcs[set] === crcs.generic) ? null :
					'the kernel sets give different bytes', present.join(', '));
		});
}

for (const line of LINES) {
	const asTurned = path.join(work, `${line.name}.png`);
	const golden = goldenLines[line.name];

	render(line, asTurned, false);
	for (const cast of ['bf16', 'fp32']) {
		const rec = path.join(build, 'models', `rec-${cast}.pex`);
		const cls = path.join(build, 'models', `cls-${cast}.pex`);

		attempt(`line ${line.name} ${cast}`, () => {
			const { data } = JSON.parse(tool(['run', rec, '--image', asTurned, '--cls', cls, '--json']));

			report(`direction ${line.name} ${cast}`, (data.angle === 180) === golden.turned ? null :
				`${data.angle} degrees for a line that is ${golden.turned ? '' : 'not '}turned`);
			report(`text ${line.name} ${cast}`, data.text === golden.text ? null :
				`"${data.text}" instead of "${golden.text}"`);
		});
	}
}
console.log(`1..${tests}`);
process.exit(failures ? 1 : 0);
