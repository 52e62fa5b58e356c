// SPDX-License-Identifier: MIT
//
// The lines of text that the OCR tests recognise, rendered at test time with ImageMagick in fonts from Debian
// packages. "options" come after the rendering: noise, blur, colours, a slight turn. "turned" is a line upside
// down, for the classifier.

'use strict';
const { execFileSync } = require('child_process');

const FONTS = '/usr/share/fonts';
const DEJAVU = `${FONTS}/truetype/dejavu`;
const LIBERATION = `${FONTS}/truetype/liberation`;
const URW = `${FONTS}/opentype/urw-base35`;
const CHINESE = `${FONTS}/truetype/droid/DroidSansFallbackFull.ttf`;
const SEED = ['-seed', '7'];

const LINES = [
	{ name: 'plain', text: 'Hello accelerator', font: `${DEJAVU}/DejaVuSans.ttf`, size: 40 },
	{ name: 'bold', text: 'Pumori 7161 m', font: `${DEJAVU}/DejaVuSans-Bold.ttf`, size: 44 },
	{ name: 'mono', text: 'make check', font: `${DEJAVU}/DejaVuSansMono.ttf`, size: 40 },
	{ name: 'serif', text: 'The quick brown fox', font: `${DEJAVU}/DejaVuSerif.ttf`, size: 36 },
	{ name: 'condensed', text: 'jumps over the lazy dog', font: `${DEJAVU}/DejaVuSansCondensed.ttf`, size: 32 },
	{ name: 'oblique', text: 'Everest Base Camp', font: `${DEJAVU}/DejaVuSans-Oblique.ttf`, size: 34 },
	{ name: 'sans', text: 'Invoice 2026-11-22', font: `${LIBERATION}/LiberationSans-Regular.ttf`, size: 40 },
	{ name: 'roman', text: 'Total: 1,284.50 EUR', font: `${LIBERATION}/LiberationSerif-Regular.ttf`, size: 40 },
	{ name: 'typewriter', text: '0123456789', font: `${LIBERATION}/LiberationMono-Bold.ttf`, size: 48 },
	{ name: 'narrow', text: 'PLATFORM 9 DEPARTURES', font: `${LIBERATION}/LiberationSansNarrow-Bold.ttf`, size: 40 },
	{ name: 'small', text: 'Fine print', font: `${LIBERATION}/LiberationSans-Regular.ttf`, size: 16, border: '2x1' },
	{ name: 'large', text: 'LARGE', font: `${DEJAVU}/DejaVuSans-Bold.ttf`, size: 110 },
	{ name: 'bookman', text: 'Kathmandu Valley', font: `${URW}/URWBookman-Light.otf`, size: 40 },
	{ name: 'gothic', text: 'Room 404 closed', font: `${URW}/URWGothic-Book.otf`, size: 40 },
	{ name: 'palladio', text: 'Printed matter', font: `${URW}/P052-Bold.otf`, size: 42 },
	{ name: 'noise', text: 'Noisy picture', font: `${DEJAVU}/DejaVuSans.ttf`, size: 40,
		options: [...SEED, '-attenuate', '0.4', '+noise', 'Gaussian'] },
	{ name: 'pepper', text: 'Salt and pepper', font: `${LIBERATION}/LiberationSans-Bold.ttf`, size: 40,
		options: [...SEED, '-attenuate', '0.15', '+noise', 'Impulse'] },
	{ name: 'blur', text: 'Out of focus', font: `${DEJAVU}/DejaVuSans.ttf`, size: 44, options: ['-blur', '0x1.5'] },
	{ name: 'inverse', text: 'White on black', font: `${DEJAVU}/DejaVuSans.ttf`, size: 40, options: ['-negate'] },
	{ name: 'faint', text: 'Low contrast', font: `${DEJAVU}/DejaVuSans.ttf`, size: 40, ink: '#909090', paper: '#d0d0d0' },
	{ name: 'colour', text: 'Red on yellow', font: `${LIBERATION}/LiberationSans-Bold.ttf`, size: 42, ink: '#b01010', paper: '#f8e060' },
	{ name: 'tilted', text: 'Slightly tilted', font: `${DEJAVU}/DejaVuSans.ttf`, size: 40, options: ['-rotate', '1.5'] },
	{ name: 'jpeg', text: 'Compressed 8 %', font: `${LIBERATION}/LiberationSerif-Bold.ttf`, size: 44,
		options: [...SEED, '-attenuate', '0.2', '+noise', 'Laplacian', '-blur', '0x0.8'] },
	{ name: 'chinese', text: '中文识别测试', font: CHINESE, size: 44 },
	{ name: 'chinese-short', text: '加速器你好', font: CHINESE, size: 40 },
	{ name: 'chinese-noise', text: '珠穆朗玛峰', font: CHINESE, size: 48, options: [...SEED, '-attenuate', '0.3', '+noise', 'Gaussian'] },
	{ name: 'turned-plain', text: 'Upside down', font: `${DEJAVU}/DejaVuSans.ttf`, size: 44, turned: true },
	{ name: 'turned-serif', text: 'Reading glasses', font: `${LIBERATION}/LiberationSerif-Regular.ttf`, size: 44, turned: true },
	{ name: 'turned-bold', text: 'Ticket 5873', font: `${DEJAVU}/DejaVuSans-Bold.ttf`, size: 44, turned: true },
	{ name: 'turned-noise', text: 'Turned and noisy', font: `${DEJAVU}/DejaVuSans.ttf`, size: 40, turned: true,
		options: [...SEED, '-attenuate', '0.3', '+noise', 'Gaussian'] },
	{ name: 'turned-chinese', text: '倒过来的文字', font: CHINESE, size: 44, turned: true },
];

// Writes the PNG of a line; with "upright" a turned line is left as it would be read.
function render(line, path, upright) {
	execFileSync('convert', ['-background', line.paper || 'white', '-fill', line.ink || 'black', '-font', line.font,
		'-pointsize', String(line.size), `label:${line.text}`, '-bordercolor', line.paper || 'white', '-border', line.border || '6x3',
		...(line.options || []), ...(line.turned && !upright ? ['-rotate', '180'] : []),
		'-alpha', 'off', '-depth', '8', '-strip', `PNG24:${path}`]);
}

module.exports = { LINES, render };

if (require.main === module) {
	const [, , folder, only] = process.argv;

	if (!folder) {
		process.stderr.write('usage: node lines.js FOLDER [NAME]: renders the lines as FOLDER/NAME.png\n');
		process.exit(2);
	}
	for (const line of LINES)
		if (!only || line.name === only)
			render(line, `${folder}/${line.name}.png`);
}
