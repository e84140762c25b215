import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { identifyInput } from '../../../../src/model/import/identify.js';
import { readAnchors, readClassNames } from '../../../../src/model/import/text-files.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const STREET = new URL('../../../../models/street-b0', import.meta.url).pathname;
const ANCHORS = '10,13,  16,30,  33,23,  30,61,  62,45,  59,119,  116,90,  156,198,  373,326';

async function file(content: string | Uint8Array, name = 'file.txt'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, content);
  return path;
}

describe('readClassNames', () => {
  it('copes with marks, line ends and empty lines of any system', async () => {
    expect(await readClassNames(await file('\ufeffperson\r\n traffic light \r\n\r\nvélo\n'))).toEqual([
      'person',
      'traffic light',
      'vélo',
    ]);
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['no name', '\n \n', /names no class/],
    ['a name twice', 'a\nb\na\n', /classes 1 and 3 are both named "a"/],
    ['bytes', Uint8Array.of(0xff, 0xfe, 0x00), /not text in UTF-8/],
    ['a film', new Uint8Array(2 ** 20 + 1), /it has more than 1 MB, too much/],
  ])('refuses %s', async (_, content, message) => {
    await expect(readClassNames(await file(content))).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses a file that is not there', async () => {
    await expect(readClassNames('/nowhere/names.txt')).rejects.toMatchObject({ code: 'ERR_USAGE' });
  });
});

describe('readAnchors', () => {
  it("reads the reference's line", async () => {
    const anchors = await readAnchors(await file(`\ufeff${ANCHORS}\r\n`));
    expect(anchors).toHaveLength(9);
    expect(anchors[8]).toEqual([373, 326]);
  });

  it.each([
    ['too few', '10,13', /has 2 numbers; 18 are needed/],
    ['too many', `${ANCHORS},1,2`, /has 20 numbers/],
    ['none', '', /has 0 numbers/],
    [
      'shares of the input',
      '0.024,0.031, '.repeat(9),
      /all between 0 and 1 and look normalised; write pixels/,
    ],
    ['shares of the input, too few', '0.024,0.031', /look normalised/],
    ['words', ANCHORS.replace('61', 'wide'), /"wide" is not the width or height/],
    ['a negative size', ANCHORS.replace('61', '-61'), /"-61" is not/],
    ['infinity', ANCHORS.replace('61', 'Infinity'), /"Infinity" is not/],
  ])('refuses %s', async (_, content, message) => {
    await expect(readAnchors(await file(content))).rejects.toThrow(message);
  });
});

describe('identifyInput', () => {
  it('knows what can be converted', async () => {
    expect(await identifyInput(STREET)).toBe('model-folder');
    expect(await identifyInput(join(STREET, 'weights.safetensors'))).toBe('safetensors');
    expect(await identifyInput(await file(Buffer.from('894844460d0a1a0a00', 'hex'), 'any'))).toBe('hdf5');
    // The length of this header begins with the two bytes of a pickle.
    const header = Buffer.concat([Buffer.from('8005010000000000', 'hex'), Buffer.from('{}')]);
    expect(await identifyInput(await file(header, 'any'))).toBe('safetensors');
  });

  it.each<[string, string, Uint8Array | string, RegExp]>([
    [
      'a checkpoint of PyTorch',
      'w.pth',
      zipOf('archive/data.pkl'),
      /checkpoint of PyTorch.*save_file.*torch\.load/,
    ],
    ['a checkpoint of another name', 'w.weights', zipOf('w/data.pkl'), /checkpoint of PyTorch/],
    ['an ordinary zip file', 'w.zip', zipOf('w/model.h5'), /zip file; pass what is in it/],
    ['one of an old PyTorch', 'w.pth', Uint8Array.of(0x80, 2, 0x8a), /checkpoint of PyTorch/],
    ['a .keras file', 'w.keras', zipOf('metadata.json'), /Keras 3.*model\.save\('model\.h5'\)/],
    ['a .keras file of another name', 'w.h5', zipOf('config.json'), /Keras 3/],
    ['a web page', 'w.h5', '<!doctype html>', /not HDF5 in spite of its name; was it downloaded whole/],
    ['an empty file', 'w.h5', '', /is empty/],
    ['anything else', 'w.tflite', 'what is this', /neither Keras HDF5/],
  ])('says what to do with %s', async (_, name, content, message) => {
    await expect(identifyInput(await file(content, name))).rejects.toMatchObject({
      code: 'ERR_WEIGHTS_INVALID',
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses what is not there and folders without a model', async () => {
    await expect(identifyInput('/nowhere')).rejects.toMatchObject({ code: 'ERR_MODEL_NOT_FOUND' });
    await expect(identifyInput(await temporaryFolder())).rejects.toThrow(/folder without model\.json/);
    await expect(identifyInput('/dev/null')).rejects.toThrow(/no ordinary file/);
  });
});

/** The first bytes of a zip file whose first entry has this name. */
function zipOf(name: string): Uint8Array {
  const head = Buffer.alloc(30 + name.length);
  head.write('PK\x03\x04', 'latin1');
  head.writeUInt16LE(name.length, 26);
  head.write(name, 30, 'latin1');
  return head;
}
