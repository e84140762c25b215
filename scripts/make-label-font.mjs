/**
 * Renders the font of the labels in annotated video: `node scripts/make-label-font.mjs [font.ttf]`.
 *
 * Writes src/sinks/draw/label-font-data.ts: ASCII and Latin-1 as alpha pictures, large enough to be scaled down to any
 * label size. Only needed again to change the font. The font must be installed, so that the renderer finds its family.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import sharp from 'sharp';

const FONT_FILE = process.argv[2] ?? '/usr/share/fonts/truetype/dejavu/DejaVuSansCondensed-Bold.ttf';
const STYLE = 'font-family="DejaVu Sans" font-stretch="condensed" font-weight="bold"';
const EM_PIXELS = 48;
/** Sixteen grey levels are enough for edges that are averaged later, and halve the data. */
const GREY_STEP = 17;
const CELL = 96;
const PEN = { x: 24, y: 64 };
const COLUMNS = 16;

const codes = [...range(0x20, 0x7e), ...range(0xa0, 0xff)];
const font = readFont(FONT_FILE);
const rows = Math.ceil(codes.length / COLUMNS);
const { data: atlas, info } = await sharp(Buffer.from(atlasSvg()))
  .flatten({ background: 'black' })
  .extractChannel(0)
  .raw()
  .toBuffer({ resolveWithObject: true });

const records = [];
const pictures = [];
codes.forEach((code, index) => {
  const cell = { x: (index % COLUMNS) * CELL, y: Math.floor(index / COLUMNS) * CELL };
  const box = inkBox(cell);
  const advance64 = Math.round((font.advance(code) / font.unitsPerEm) * EM_PIXELS * 64);
  records.push(code, box.x - PEN.x, box.y - PEN.y, box.width, box.height, advance64);
  for (let y = 0; y < box.height; y++)
    for (let x = 0; x < box.width; x++)
      pictures.push(quantise(alphaAt(cell.x + box.x + x, cell.y + box.y + y)));
});

const bytes = Buffer.concat([Buffer.from(Int16Array.from(records).buffer), Buffer.from(pictures)]);
const packed = deflateRawSync(bytes, { level: 9 }).toString('base64');
const licence = readFileSync(new URL('label-font-licence.txt', import.meta.url), 'utf8').trimEnd();
const output = fileURLToPath(new URL('../src/sinks/draw/label-font-data.ts', import.meta.url));
writeFileSync(
  output,
  `/**
 * Made by scripts/make-label-font.mjs from DejaVu Sans Condensed Bold; do not edit. The font's licence:
 *
${licence
  .split('\n')
  .map((line) => ` * ${line}`.trimEnd())
  .join('\n')}
 */

/** Glyph pictures of ASCII and Latin-1 at \`emPixels\`; how they are packed stands in label-font.ts. */
export const LABEL_FONT = {
  emPixels: ${EM_PIXELS},
  /** Heights of x and H above the baseline in parts of an em. */
  xHeight: ${font.xHeight / font.unitsPerEm},
  capHeight: ${font.capHeight / font.unitsPerEm},
  glyphs: ${codes.length},
  deflatedBase64:
    '${packed}',
} as const;
`,
);
console.log(`${output}: ${codes.length} glyphs, ${bytes.length} bytes, ${packed.length} packed`);

function range(first, last) {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function atlasSvg() {
  const glyphs = codes.map((code, index) => {
    const x = (index % COLUMNS) * CELL + PEN.x;
    const y = Math.floor(index / COLUMNS) * CELL + PEN.y;
    return `<text x="${x}" y="${y}" xml:space="preserve">&#${code};</text>`;
  });
  const size = `width="${COLUMNS * CELL}" height="${rows * CELL}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><g ${STYLE} font-size="${EM_PIXELS}" fill="white" text-rendering="geometricPrecision">${glyphs.join('')}</g></svg>`;
}

function alphaAt(x, y) {
  return atlas[y * info.width + x];
}

function quantise(alpha) {
  return Math.round(alpha / GREY_STEP) * GREY_STEP;
}

/** The part of a cell that is not black. */
function inkBox(cell) {
  let [left, top, right, bottom] = [CELL, CELL, -1, -1];
  for (let y = 0; y < CELL; y++)
    for (let x = 0; x < CELL; x++) {
      if (quantise(alphaAt(cell.x + x, cell.y + y)) === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  if (right < 0) return { x: PEN.x, y: PEN.y, width: 0, height: 0 };
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** Just enough of the OpenType tables head, hhea, hmtx, cmap (format 4), loca and glyf. */
function readFont(path) {
  const file = readFileSync(path);
  const tables = new Map();
  for (let index = 0; index < file.readUInt16BE(4); index++) {
    const at = 12 + index * 16;
    tables.set(file.toString('latin1', at, at + 4), file.readUInt32BE(at + 8));
  }
  const metrics = file.readUInt16BE(tables.get('hhea') + 34);
  const subtable = unicodeTable(file, tables.get('cmap'));
  const topOf = (letter) => {
    const glyph = glyphOf(file, subtable, letter.codePointAt(0));
    const wide = file.readUInt16BE(tables.get('head') + 50) === 1;
    const loca = tables.get('loca');
    const at = wide ? file.readUInt32BE(loca + glyph * 4) : file.readUInt16BE(loca + glyph * 2) * 2;
    return file.readInt16BE(tables.get('glyf') + at + 8);
  };
  return {
    unitsPerEm: file.readUInt16BE(tables.get('head') + 18),
    xHeight: topOf('x'),
    capHeight: topOf('H'),
    advance: (code) =>
      file.readUInt16BE(tables.get('hmtx') + 4 * Math.min(glyphOf(file, subtable, code), metrics - 1)),
  };
}

function unicodeTable(file, cmap) {
  for (let index = 0; index < file.readUInt16BE(cmap + 2); index++) {
    const table = cmap + file.readUInt32BE(cmap + 4 + index * 8 + 4);
    if (file.readUInt16BE(table) === 4) return table;
  }
  throw new Error('the font has no cmap of format 4');
}

function glyphOf(file, table, code) {
  const segments = file.readUInt16BE(table + 6) / 2;
  const word = (array, index) => table + 14 + array * segments * 2 + (array > 0 ? 2 : 0) + index * 2;
  for (let index = 0; index < segments; index++) {
    if (file.readUInt16BE(word(0, index)) < code) continue;
    const first = file.readUInt16BE(word(1, index));
    if (first > code) return 0;
    const delta = file.readUInt16BE(word(2, index));
    const offset = file.readUInt16BE(word(3, index));
    if (offset === 0) return (code + delta) & 0xffff;
    const glyph = file.readUInt16BE(word(3, index) + offset + (code - first) * 2);
    return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
  }
  return 0;
}
