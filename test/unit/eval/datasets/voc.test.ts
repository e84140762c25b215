import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDetectionTruth } from '../../../../src/eval/datasets/detection-truth.js';
import { parseVoc } from '../../../../src/eval/datasets/voc.js';
import { decodeXml } from '../../../../src/eval/datasets/xml.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const SIZE = '<size><width>64</width><height>48</height></size>';
const BOX = '<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>10</xmax><ymax>20</ymax></bndbox>';
const annotation = (inner: string, head = ''): string => `${head}<annotation>${SIZE}${inner}</annotation>`;
const labelsIn = (text: string): string[] => parseVoc(text, 'x.xml').objects.map(({ label }) => label);

/** An annotation that declares `encoding`, with a name of these bytes. */
function encoded(encoding: string, name: readonly number[]): Buffer {
  const [before, after] = annotation(
    `<object><name>@</name>${BOX}</object>`,
    `<?xml version="1.0" encoding="${encoding}"?>\n`,
  ).split('@');
  return Buffer.concat([Buffer.from(before!), Buffer.from(name), Buffer.from(after!)]);
}

describe('encodings of annotations', () => {
  it.each([
    ['GB2312', [0xc6, 0xfb, 0xb3, 0xb5], '汽车'],
    ['gbk', [0xc6, 0xfb, 0xb3, 0xb5], '汽车'],
    ['cp936', [0xc6, 0xfb, 0xb3, 0xb5], '汽车'],
    ['GB18030', [0xc6, 0xfb, 0xb3, 0xb5], '汽车'],
    ['Shift_JIS', [0x8e, 0xd4], '車'],
    ['windows-31j', [0x8e, 0xd4], '車'],
    ['EUC-KR', [0xc2, 0xf7], '차'],
    ['Big5', [0xa8, 0xae], '車'],
    ['ISO-8859-1', [0x63, 0x61, 0x66, 0xe9], 'café'],
    ['windows-1251', [0xea, 0xee, 0xf2], 'кот'],
    ['utf-8', [0xc3, 0xa9], 'é'],
    // What editors do: the text is converted, the declaration stays.
    ['utf-16', [0xc3, 0xa9], 'é'],
    ['us-ascii', [0x63, 0x61, 0x72], 'car'],
  ])('%s', (encoding, name, expected) => {
    expect(labelsIn(decodeXml(encoded(encoding, name), 'x.xml'))).toEqual([expected]);
  });

  it.each([
    ['little-endian', true, false],
    ['big-endian', true, true],
    ['little-endian without a mark', false, false],
    ['big-endian without a mark', false, true],
  ])('UTF-16 %s', (_, mark, swapped) => {
    const text = annotation(
      `<object><name>汽车</name>${BOX}</object>`,
      '<?xml version="1.0" encoding="UTF-16"?>',
    );
    const bytes = Buffer.from(`${mark ? '\uFEFF' : ''}${text}`, 'utf16le');
    expect(labelsIn(decodeXml(swapped ? bytes.swap16() : bytes, 'x.xml'))).toEqual(['汽车']);
  });

  it('that nobody knows are told', () => {
    expect(() => decodeXml(encoded('klingon', [0x61]), 'x.xml')).toThrow(
      'x.xml declares an unknown encoding, "klingon"; save it as UTF-8',
    );
  });

  it('that are not what they say never pass for a name', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'x.xml'), encoded('utf-8', [0xc6, 0xfb]));
    await expect(readDetectionTruth(folder, {})).rejects.toThrow('in another encoding than its file says');
  });
});

describe('annotations', () => {
  it.each([
    ['CDATA', '<name><![CDATA[R&D <van>]]></name>', 'R&D <van>'],
    ['entities', '<name>R&amp;D &#x26; &#233;</name>', 'R&D & é'],
    ['an entity of its own', '<name>&vehicle;</name>', 'motor car'],
    ['comments', '<!-- <name>old</name> --><name>new<!-- er --></name>', 'new'],
    [
      'attributes',
      '<attributes><attribute><name>colour</name><value>red</value></attribute></attributes><name>car</name>',
      'car',
    ],
    ['parts', `<part><name>head</name>${BOX.replace('>1<', '>5<')}</part><name>car</name>`, 'car'],
    ['an empty element', '<truncated/><pose /><name lang=">">car</name>', 'car'],
  ])('with %s', (_, inner, label) => {
    const head = '<?xml version="1.0"?><!DOCTYPE annotation [ <!ENTITY vehicle "motor car"> ]>\n';
    const { objects } = parseVoc(annotation(`<object>${inner}${BOX}</object>`, head), 'x.xml');
    expect(objects).toMatchObject([{ label, bbox: [0, 0, 10, 20] }]);
  });

  it('that are cut short are no ground truth', () => {
    const whole = annotation(`<object><name>car</name>${BOX}</object>`);
    expect(() => parseVoc(whole.slice(0, -13), 'x.xml')).toThrow(
      'x.xml is not XML: <annotation> without its end',
    );
    expect(() => parseVoc(whole.replace('</name>', '</nam>'), 'x.xml')).toThrow('</nam> where none may be');
  });

  it('lie in sub-folders, with pictures of any kind', async () => {
    const folder = await temporaryFolder();
    const write = async (path: string, text: string): Promise<void> => {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    };
    const car = `<object><name>car</name>${BOX}</object>`;
    await write('annotations/a.xml', annotation(`<filename>C:\\photos\\a.jpg</filename>${car}`));
    await write('annotations/day/b.xml', annotation(`<filename>b</filename>${car}`));
    await write('annotations/day/c.xml', annotation(`<filename>other.png</filename>${car}`));
    await write('annotations/d.xml', annotation(`<filename>gone.jpg</filename>${car}`));
    for (const path of ['a.tif', 'day/b.JPEG', 'day/other.png']) await write(`images/${path}`, '');
    const { images } = await readDetectionTruth(folder, {});
    expect(images.map(({ file }) => file!.slice(folder.length + 1))).toEqual([
      'images/a.tif',
      'images/gone.jpg',
      'images/day/b.JPEG',
      'images/day/other.png',
    ]);
    expect(images.map(({ name, key }) => [name, key])).toContainEqual(['b', 'day/b']);
  });
});
