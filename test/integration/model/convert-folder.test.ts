import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { convertModel } from '../../../src/model/import/convert-model.js';
import { type ExportFormat, exportModel } from '../../../src/model/export/export-model.js';
import { loadManifest } from '../../../src/model/manifest.js';
import type { ModelManifest } from '../../../src/model/architectures/base-manifest.js';
import type { Phi } from '../../../src/model/architectures/efficientnet-yolov3/manifest.js';
import { readModel } from '../../../src/model/read-network.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const STREET = new URL('../../../models/street-b0', import.meta.url).pathname;

describe('convertModel of a model folder', () => {
  it('changes what is asked for and keeps the rest', async () => {
    const folder = await temporaryFolder();
    const names = join(folder, 'names.txt');
    await writeFile(names, 'a\nb\nc\nd\ne\nf');
    const { manifest, warnings } = await convertModel({
      input: STREET,
      out: join(folder, 'deep', 'wide'),
      classes: names,
      size: { width: 544, height: 320 },
      precision: 'float16',
      anchorMask: [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7, 8],
      ],
    });
    expect(warnings).toEqual([]);
    const street = JSON.parse(await readFile(join(STREET, 'model.json'), 'utf8')) as typeof manifest;
    expect(manifest).toEqual({
      ...street,
      classes: ['a', 'b', 'c', 'd', 'e', 'f'],
      input: { ...street.input, width: 544, height: 320 },
      anchorMask: [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7, 8],
      ],
      metrics: undefined,
    });
    expect((await readdir(folder)).sort()).toEqual(['deep', 'names.txt']);
  });

  it('stretches pictures or keeps their shape as asked, and says what it takes for granted', async () => {
    const folder = await temporaryFolder();
    const out = (name: string) => join(folder, name);
    const letterboxOf = async (input: string, to: string, stretch?: boolean) => {
      const { manifest, warnings } = await convertModel({ input, out: out(to), ...{ stretch } });
      return [manifest.input.letterbox, warnings.filter((line) => line.includes('--stretch'))] as const;
    };
    const { input } = JSON.parse(await readFile(join(STREET, 'model.json'), 'utf8')) as ModelManifest;
    const stretched = { ...input.letterbox, fit: 'stretch' };
    expect(await letterboxOf(STREET, 'a', true)).toEqual([stretched, []]);
    expect(await letterboxOf(out('a'), 'b', false)).toEqual([input.letterbox, []]);
    const assumed = [expect.stringMatching(/^pictures keep their shape, on grey borders .* pass --stretch$/)];
    const weights = join(STREET, 'weights.safetensors');
    expect(await letterboxOf(weights, 'c')).toEqual([{ pad: 128, kernel: 'bicubic' }, assumed]);
    // What was measured before says nothing about another fit.
    expect((await loadManifest(out('a'))).metrics).toBeUndefined();
  });

  it('replaces a model only if asked to, and leaves what is not its own', async () => {
    const folder = await temporaryFolder();
    const out = join(folder, 'model');
    await mkdir(out);
    await convertModel({ input: STREET, out, precision: 'float16', name: 'first' });
    await expect(convertModel({ input: STREET, out })).rejects.toMatchObject({
      code: 'ERR_SINK_EXISTS',
      message: expect.stringContaining('--overwrite') as string,
    });
    await writeFile(join(out, 'README.md'), 'mine');
    const { manifest } = await convertModel({
      input: out,
      out,
      overwrite: true,
      name: 'second',
      precision: 'float16',
    });
    expect(manifest.name).toBe('second');
    expect((await readdir(out)).sort()).toEqual(['README.md', 'model.json', 'weights.safetensors']);
    expect(await readdir(folder)).toEqual(['model']);
  });

  it('writes into the folder that is there, as a shell in it or a mount needs it', async () => {
    const out = await temporaryFolder();
    await mkdir(join(out, '.0.sightline-part'));
    const { ino } = await stat(out);
    for (const name of ['first', 'second']) {
      const { manifest } = await convertModel({ input: STREET, out, name, overwrite: name === 'second' });
      expect(manifest.name).toBe(name);
      expect((await stat(out)).ino).toBe(ino);
      expect((await readModel(out)).manifest.name).toBe(name);
    }
    expect((await readdir(out)).sort()).toEqual(['.0.sightline-part', 'model.json', 'weights.safetensors']);
  });

  it('keeps the old model if the new one cannot be put in its place', async () => {
    const out = await temporaryFolder();
    await convertModel({ input: STREET, out, name: 'first' });
    // The old weights have another name, and where the new ones belong stands a folder.
    const manifest = JSON.parse(await readFile(join(out, 'model.json'), 'utf8')) as { weights: object };
    const moved = { ...manifest, weights: { ...manifest.weights, file: 'w.safetensors' } };
    await writeFile(join(out, 'model.json'), JSON.stringify(moved));
    await rename(join(out, 'weights.safetensors'), join(out, 'w.safetensors'));
    await mkdir(join(out, 'weights.safetensors'));
    const second = convertModel({ input: STREET, out, name: 'second', overwrite: true });
    await expect(second).rejects.toMatchObject({ code: 'ERR_SINK_UNWRITABLE' });
    expect((await readModel(out)).manifest.name).toBe('first');
    expect((await readdir(out)).sort()).toEqual(['model.json', 'w.safetensors', 'weights.safetensors']);
  });

  it('refuses what cannot be before it reads anything', async () => {
    const asked = { input: '/nowhere', out: '/nowhere/model' };
    for (const wrong of [{ phi: 9 as Phi }, { size: { width: 100, height: 64 } }, { name: ' ' }]) {
      await expect(convertModel({ ...asked, ...wrong })).rejects.toMatchObject({ code: 'ERR_USAGE' });
    }
    await expect(exportModel('caffe' as ExportFormat, asked)).rejects.toThrow(/no format "caffe"/);
  });

  it('never touches a folder that holds no model', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'thesis.tex'), 'years of work');
    const convert = convertModel({ input: STREET, out: folder, overwrite: true });
    await expect(convert).rejects.toMatchObject({ code: 'ERR_SINK_EXISTS' });
    await writeFile(join(folder, 'model.json'), '{"format": "of another program"}');
    await expect(convertModel({ input: STREET, out: folder, overwrite: true })).rejects.toMatchObject({
      code: 'ERR_MODEL_INVALID',
    });
    expect((await readdir(folder)).sort()).toEqual(['model.json', 'thesis.tex']);
    await expect(
      convertModel({ input: STREET, out: join(folder, 'thesis.tex'), overwrite: true }),
    ).rejects.toMatchObject({ code: 'ERR_SINK_EXISTS' });
    await expect(
      convertModel({ input: STREET, out: join(folder, 'thesis.tex', 'model') }),
    ).rejects.toMatchObject({
      code: 'ERR_SINK_UNWRITABLE',
    });
  });
});
