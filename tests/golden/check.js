// SPDX-License-Identifier: MIT
//
// check.js BUILD_FOLDER: compares the tools' answers with the golden ones of ONNX Runtime, in process. Prints TAP.
//
//   fp32  every output within rtol 1e-3 and atol 1e-4; of rec, whose softmax leaves most entries far below that,
//         its logits, too
//   bf16  logits of rec have a cosine similarity of at least 0.999 with ONNX Runtime's, outputs of cls likewise
//   lines every rendered line, after cls has told its direction, gives ONNX Runtime's text, in bf16 and fp32; its logits
//         have that similarity in bf16 on at least 20 of them, and agree on all in fp32
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
	return null;
}

// The first sampled logit that is not within rtol 1e-3 and atol 1e-3 of the golden one, or null.
function compareLogits(known, stride, data) {
	for (let i = 0; i < known.length; i++)
		if (!(Math.abs(data[i * stride] - known[i]) <= 1e-3 + 1e-3 * Math.abs(known[i])))
			return `logit ${i * stride} is ${data[i * stride]} instead of ${known[i]}`;
	return null;
}

function cosine(known, stride, data) {
	let dot = 0, expected = 0, got = 0;

	known.forEach((value, i) => {
		dot += value * data[i * stride];
		expected += value * value;
		got += data[i * stride] ** 2;
	});
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
	if (input.model === 'rec')
		attempt(`${name} logits fp32`, () => report(`${name} logits fp32`,
			compareLogits(golden.logits, golden.stride, infer('rec-logits', 'fp32', input).data)));
	attempt(`${name} bf16`, () => {
		const similarity = input.model === 'rec' ?
			cosine(golden.logits, golden.stride, infer('rec-logits', 'bf16', input).data) :
			cosine(golden.large.filter((_, i) => i % 2), 1, infer('cls', 'bf16', input).data);

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

const similarities = [];

for (const line of LINES) {
	const asTurned = path.join(work, `${line.name}.png`);
	const golden = goldenLines[line.name];

	render(line, asTurned, false);
	for (const cast of ['bf16', 'fp32']) {
		const rec = path.join(build, 'models', `rec-${cast}.pex`);
		const cls = path.join(build, 'models', `cls-${cast}.pex`);

		attempt(`line ${line.name} ${cast}`, () => {
			const folder = path.join(work, `line-${line.name}-${cast}`);
			const { data } = JSON.parse(tool(['run', rec, '--image', asTurned, '--cls', cls, '--json']));

			fs.rmSync(folder, { recursive: true, force: true });
			tool(['run', path.join(build, 'models', `rec-logits-${cast}.pex`), '--image', asTurned, '--cls', cls,
				'--output', folder]);
			const logits = readNpy(path.join(folder, fs.readdirSync(folder)[0])).data;

			report(`direction ${line.name} ${cast}`, (data.angle === 180) === golden.turned ? null :
				`${data.angle} degrees for a line that is ${golden.turned ? '' : 'not '}turned`);
			report(`text ${line.name} ${cast}`, data.text === golden.text ? null :
				`"${data.text}" instead of "${golden.text}"`);
			if (cast === 'fp32')
				report(`logits ${line.name} fp32`, compareLogits(golden.logits, golden.stride, logits));
			else
				similarities.push([line.name, cosine(golden.logits, golden.stride, logits)]);
		});
	}
}
const below = similarities.filter(([, value]) => !(value >= 0.999)).map(([name, value]) => `${name} ${value.toFixed(4)}`);

report('logits of lines bf16', similarities.length - below.length >= 20 ? null : 'fewer than 20 lines have a similarity of 0.999',
	`${similarities.length - below.length} of ${LINES.length} lines at 0.999${below.length ? `; below: ${below.join(', ')}` : ''}`);
console.log(`1..${tests}`);
process.exit(failures ? 1 : 0);
