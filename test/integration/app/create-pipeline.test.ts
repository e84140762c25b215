import { copyFile, link, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUNDLED_MODEL, createPipeline, type OptionsInput } from '../../../src/app/app.js';
import { carClip } from '../../support/media.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** A model that says what it is but has no weights: loading it fails. */
async function unloadable(): Promise<string> {
  const folder = await temporaryFolder();
  await copyFile(join(BUNDLED_MODEL, 'model.json'), join(folder, 'model.json'));
  return folder;
}

function create(options: Partial<OptionsInput>): Promise<unknown> {
  return unloadable().then((path) => createPipeline({ sources: [carClip], model: { path }, ...options }));
}

describe('what is wrong with a run is found before the model is loaded', () => {
  it('loads the model if all is well', async () => {
    await expect(create({})).rejects.toMatchObject({ code: 'ERR_MODEL_NOT_FOUND' });
  });

  it.each([
    ['a tracker', { track: { tracker: 'deepsort' } }, /no tracker "deepsort"/],
    ['a parameter', { track: { parameters: { max_age: 2 } } }, /botsort has no parameter "max_age"/],
    [
      'a class',
      {
        analytics: {
          lines: [
            {
              name: 'l',
              points: [
                [0, 0],
                [9, 9],
              ],
              classes: ['elk'],
            },
          ],
        },
      },
      /"elk"/,
    ],
    [
      'a zone',
      {
        analytics: {
          zones: [
            {
              name: 'z',
              polygon: [
                [0, 0],
                [9, 9],
                [9, 0],
                [0, 9],
              ],
            },
          ],
        },
      },
      /crosses/,
    ],
    [
      'a zone of one source',
      { sources: [{ type: 'file', path: carClip, analytics: { speed: {} } }] },
      /exactly one of metresPerPixel and points is needed/,
    ],
    ['no source', { sources: [] }, /nothing to look at/],
    ['a heat map', { sinks: [{ type: 'heat-map', path: 'a.png' }] }, /needs a heat map of "car-detection"/],
    [
      'an image',
      { sinks: [{ type: 'heat-map', path: 'a.jpg' }], analytics: { heatMap: {} } },
      /let its name end in \.png/,
    ],
    [
      'two outputs',
      {
        sinks: [
          { type: 'jsonl', path: 'a.png' },
          { type: 'heat-map', path: './a.png' },
        ],
        analytics: { heatMap: {} },
      },
      /two outputs/,
    ],
  ] satisfies [string, Partial<OptionsInput>, RegExp][])('%s', async (_name, options, message) => {
    await expect(create(options)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(message) as string,
    });
  });

  it('an option that no kind has, by the compiler too', async () => {
    // @ts-expect-error -- a video has no "pth"
    const mistyped = () => createPipeline({ sources: [carClip], sinks: [{ type: 'video', pth: 'a.mp4' }] });
    await expect(mistyped()).rejects.toThrow('unknown option "sinks.0.pth" (did you mean "path"?)');
  });

  it('an output that is the input', async () => {
    const folder = await temporaryFolder();
    await copyFile(carClip, join(folder, 'a.mp4'));
    await link(join(folder, 'a.mp4'), join(folder, 'b.jsonl'));
    await writeFile(join(folder, 'other.jsonl'), '');
    const sources = [join(folder, 'a.mp4')];
    const run = (jsonl: string) =>
      create({ sources, sinks: [{ type: 'jsonl', path: join(folder, jsonl) }], overwrite: true });
    await expect(run('b.jsonl')).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringContaining('is the input itself') as string,
    });
    await expect(run('other.jsonl')).rejects.toMatchObject({ code: 'ERR_MODEL_NOT_FOUND' });
  });
});
