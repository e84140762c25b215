import { copyFile, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SightlineError } from '../../../src/errors.js';
import type { Backend } from '../../../src/model/backends/backend.js';
import type { BackendChoice } from '../../../src/model/backends/choose.js';
import { loadNetwork, startFirst } from '../../../src/model/load-network.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const STREET = new URL('../../../models/street-b0', import.meta.url).pathname;

function choice(device: 'cuda' | 'cpu'): BackendChoice {
  return { backend: 'onnxruntime', device, reason: `${device} is fine` };
}

function backend(device: string): Backend {
  return {
    info: { backend: 'test', device, precision: 'float32', version: '1' },
    run: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
}

describe('startFirst', () => {
  const unavailable = new SightlineError('ERR_BACKEND_UNAVAILABLE', 'cuDNN is missing');

  it('takes the first that starts and tries no other', async () => {
    const tried: string[] = [];
    const started = await startFirst([choice('cuda'), choice('cpu')], ({ device }) => {
      tried.push(device);
      return Promise.resolve(backend(device));
    });
    expect(started).toMatchObject({ backend: { info: { device: 'cuda' } }, reason: 'cuda is fine' });
    expect(tried).toEqual(['cuda']);
  });

  it('goes on to the next and says why', async () => {
    const started = await startFirst([choice('cuda'), choice('cpu')], ({ device }) =>
      device === 'cuda' ? Promise.reject(unavailable) : Promise.resolve(backend(device)),
    );
    expect(started).toMatchObject({
      backend: { info: { device: 'cpu' } },
      reason: 'cpu is fine; cuDNN is missing',
    });
  });

  it('falls back to nothing that was not chosen', async () => {
    await expect(startFirst([choice('cuda')], () => Promise.reject(unavailable))).rejects.toBe(unavailable);
  });

  it('does not hide a broken model behind the next device', async () => {
    const refused = new SightlineError('ERR_BACKEND_FAILED', 'the model is refused');
    const tried: string[] = [];
    const started = startFirst([choice('cuda'), choice('cpu')], ({ device }) => {
      tried.push(device);
      return Promise.reject(refused);
    });
    await expect(started).rejects.toBe(refused);
    expect(tried).toEqual(['cuda']);
  });
});

describe('loadNetwork', () => {
  async function model(change: (text: string) => string): Promise<string> {
    const folder = await temporaryFolder();
    const text = await readFile(join(STREET, 'model.json'), 'utf8');
    await writeFile(join(folder, 'model.json'), change(text));
    await symlink(join(STREET, 'weights.safetensors'), join(folder, 'weights.safetensors'));
    return folder;
  }

  it.each<[string, (text: string) => string, RegExp]>([
    [
      'more classes than the weights',
      (text) => text.replace('"truck"\n ]', '"truck",\n"tram"\n ]'),
      /has "head5_out\/kernel" of shape \[1, 1, 640, 33\] where \[1, 1, 640, 36\] is wanted: check "backbone" and "classes"/,
    ],
    [
      'another backbone',
      (text) => text.replace('efficientnet-b0', 'efficientnet-b1'),
      /has no tensor "block1b_dwconv\/depthwise_kernel"/,
    ],
  ])('refuses a manifest that names %s', async (_, change, message) => {
    await expect(loadNetwork(await model(change), { device: 'cpu' })).rejects.toMatchObject({
      code: 'ERR_WEIGHTS_INVALID',
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses weights that are not those of the manifest', async () => {
    const folder = await temporaryFolder();
    await copyFile(join(STREET, 'model.json'), join(folder, 'model.json'));
    await writeFile(join(folder, 'weights.safetensors'), 'version https://git-lfs.github.com/spec/v1\n');
    await expect(loadNetwork(folder, { device: 'cpu' })).rejects.toMatchObject({
      code: 'ERR_WEIGHTS_INVALID',
      message: expect.stringMatching(/\(43 bytes\) has the SHA-256/) as string,
    });
  });

  it('looks at the device before it looks at the model', async () => {
    // No platform has both of these.
    const device = process.platform === 'darwin' ? 'dml' : 'coreml';
    await expect(loadNetwork('/nowhere', { device })).rejects.toMatchObject({
      code: 'ERR_BACKEND_UNAVAILABLE',
    });
    await expect(loadNetwork('/nowhere', { device: 'cpu' })).rejects.toMatchObject({
      code: 'ERR_MODEL_NOT_FOUND',
    });
  });
});
