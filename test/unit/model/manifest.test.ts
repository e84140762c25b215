import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadManifest, parseManifest } from '../../../src/model/manifest.js';
import type { ModelManifest } from '../../../src/model/architectures/base-manifest.js';
import {
  type EfficientNetManifest,
  phiOf,
} from '../../../src/model/architectures/efficientnet-yolov3/manifest.js';
import { readWeights } from '../../../src/model/read-weights.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const STREET = new URL('../../../models/street-b0', import.meta.url).pathname;

async function street(): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(STREET, 'model.json'), 'utf8')) as Record<string, unknown>;
}

/** The manifest with one value changed, or removed; `path` is as in messages: `input.letterbox.pad`. */
async function changed(path: string, value: unknown): Promise<unknown> {
  const manifest = await street();
  const keys = path.split('.');
  const last = keys.pop()!;
  let owner = manifest;
  for (const key of keys) owner = owner[key] as Record<string, unknown>;
  owner[last] = value;
  return JSON.parse(JSON.stringify(manifest));
}

describe('loadManifest', () => {
  it('reads street-b0', async () => {
    const manifest = await loadManifest(STREET);
    expect(manifest).toMatchObject({ name: 'street-b0', input: { width: 416, letterbox: { pad: 128 } } });
    expect(phiOf(manifest as EfficientNetManifest)).toBe(0);
    expect((await readWeights(STREET, manifest)).byteLength).toBe(21_477_324);
  });

  it.each<[string, unknown, object]>([
    ['input.letterbox', false, { pad: 128, kernel: 'bicubic', fit: 'stretch' }],
    ['input.letterbox.fit', 'stretch', { pad: 128, kernel: 'area', fit: 'stretch' }],
    ['input.letterbox.fit', 'letterbox', { pad: 128, kernel: 'area', fit: 'letterbox' }],
  ])('takes %s: %j', async (path, value, letterbox) => {
    expect(parseManifest(await changed(path, value), 'model.json').input.letterbox).toEqual(letterbox);
  });

  it.each<[string, unknown, RegExp]>([
    ['input.letterbox', true, /input\.letterbox: expected an object, or false for stretched pictures/],
    ['input.letterbox.fit', 'crop', /input\.letterbox\.fit: /],
    ['input.letterbox.placement', 'top-left', /unknown key "input\.letterbox\.placement"/],
    ['format', 'sightline-model/2', /format: .*sightline-model\/1/],
    ['name', '', /name: /],
    [
      'architecture',
      'yolov9',
      /architecture: there is no "yolov9" \(did you mean "yolo\w+"\?\); known are .*yolox/,
    ],
    ['architecture', 7, /architecture: there is no 7; known are efficientnet-yolov3, yolox/],
    ['architecture', 'yolox', /unknown key .*"backbone"|outputs: /],
    ['backbone', 'efficientnet-b8', /backbone: must be efficientnet-b0 to efficientnet-b7/],
    ['backbone', 'resnet50', /backbone: must be/],
    ['head', 'yolov5', /head: /],
    ['input', undefined, /input: .*expected object/],
    ['input.width', 400, /input\.width: must be a multiple of 32/],
    ['input.height', 0, /input\.height: /],
    ['input.height', 1e9, /input\.height: /],
    ['input.width', '416', /input\.width: .*expected/],
    ['input.channels', 'bgr', /input\.channels: /],
    ['input.scale', -1, /input\.scale: /],
    ['input.letterbox.pad', 256, /input\.letterbox\.pad: /],
    ['input.letterbox.kernel', 'lanczos', /input\.letterbox\.kernel: /],
    ['input.letterbox.padding', 3, /unknown key "input\.letterbox\.padding"/],
    ['colour', 1, /unknown key "colour"/],
    ['classes', [], /classes: /],
    ['classes', ['car', 'car'], /classes: must not name a class twice/],
    ['classes', ['car', 7], /classes\[1\]: .*expected string/],
    ['anchors', [[1, 2]], /anchors: /],
    ['anchors.4', [62, -45], /anchors\[4\]\[1\]: /],
    [
      'anchorMask',
      [
        [6, 7, 8],
        [3, 4, 5],
        [0, 1, 1],
      ],
      /anchorMask: must use each of the nine anchors once/,
    ],
    ['anchorMask.1', [3, 4, 9], /anchorMask\[1\]\[2\]: /],
    ['batchNormEpsilon', 0, /batchNormEpsilon: /],
    ['defaults.confidence', 1.5, /defaults\.confidence: /],
    ['weights.file', '../../etc/passwd', /weights\.file: must be the name of a file beside model\.json/],
    ['weights.file', '..', /weights\.file: must be the name/],
    ['weights.sha256', 'abc', /weights\.sha256: must be 64/],
    ['weights.layout', 'torch', /weights\.layout: /],
  ])('refuses %s = %j', async (path, value, message) => {
    const json = await changed(path, value);
    expect(() => parseManifest(json, 'model.json')).toThrow(
      expect.objectContaining({
        code: 'ERR_MODEL_INVALID',
        message: expect.stringMatching(message) as string,
      }),
    );
    expect(() => parseManifest(json, 'model.json')).toThrow(/^"model\.json": [^\n]+$/);
  });

  it('takes a manifest that does not say its architecture for one of ours', async () => {
    const manifest = parseManifest(await changed('architecture', undefined), 'model.json');
    expect(manifest.architecture).toBe('efficientnet-yolov3');
  });

  it.each([null, 3, 'x', [], {}])('refuses %j', (json) => {
    expect(() => parseManifest(json, 'm')).toThrow(expect.objectContaining({ code: 'ERR_MODEL_INVALID' }));
  });

  it('says where it looked when there is no model', async () => {
    const folder = await temporaryFolder();
    for (const dir of [folder, join(folder, 'nowhere')]) {
      await expect(loadManifest(dir)).rejects.toMatchObject({
        code: 'ERR_MODEL_NOT_FOUND',
        message: expect.stringContaining(`"${join(dir, 'model.json')}" (ENOENT)`) as string,
      });
    }
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expect(loadManifest(file)).rejects.toMatchObject({ code: 'ERR_MODEL_NOT_FOUND' });
    await mkdir(join(folder, 'model.json'));
    await expect(loadManifest(folder)).rejects.toMatchObject({
      code: 'ERR_MODEL_NOT_FOUND',
      message: expect.stringContaining('it is a directory') as string,
    });
  });

  it('refuses what is not JSON', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'model.json'), '{\n "format": \n}');
    await expect(loadManifest(folder)).rejects.toMatchObject({
      code: 'ERR_MODEL_INVALID',
      message: expect.stringMatching(/model\.json" is not JSON: [^\n]+$/) as string,
    });
  });
});

describe('readWeights', () => {
  async function folderWith(bytes: string | undefined, sha256: string): Promise<[string, ModelManifest]> {
    const folder = await temporaryFolder();
    if (bytes !== undefined) await writeFile(join(folder, 'w'), bytes);
    const manifest = await loadManifest(STREET);
    return [folder, { ...manifest, weights: { ...manifest.weights, file: 'w', sha256 } }];
  }
  const sum = createHash('sha256').update('abc').digest('hex');

  it('gives the bytes of the right file', async () => {
    expect(Buffer.from(await readWeights(...(await folderWith('abc', sum)))).toString()).toBe('abc');
  });

  it('refuses another file', async () => {
    await expect(readWeights(...(await folderWith('abd', sum)))).rejects.toMatchObject({
      code: 'ERR_WEIGHTS_INVALID',
      message: expect.stringMatching(
        /\(3 bytes\) has the SHA-256 a52d159f262b…, model\.json says ba7816bf8f01…/,
      ) as string,
    });
  });

  it('says which file is missing', async () => {
    await expect(readWeights(...(await folderWith(undefined, sum)))).rejects.toMatchObject({
      code: 'ERR_MODEL_NOT_FOUND',
      message: expect.stringMatching(/"street-b0" has no weights: cannot read ".*\/w" \(ENOENT\)/) as string,
    });
  });
});
