import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { PythonAnswer } from '../../../src/tensorflow-link/ask-python.js';
import type { LinkRecord } from '../../../src/tensorflow-link/link-record.js';
import { locateTensorflow, type Surroundings } from '../../../src/tensorflow-link/locate-tensorflow.js';
import { cacheFolder } from '../../../src/tensorflow-link/wheel-cache.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { writeFakeTensorflow } from './fake-wheel.js';

const MACHINE = process.arch === 'arm64' ? 183 : 62;

interface Scene {
  readonly root: string;
  readonly said: string[];
  readonly around: Surroundings;
  readonly locate: (request?: object) => Promise<string | undefined>;
}

/** `installed` and `linked` hold tensorflow-cpu 2.18.1 and 2.20.0, the cache 2.21.0. */
async function scene(has: ('installed' | 'linked' | 'cached')[]): Promise<Scene> {
  const root = await temporaryFolder();
  const at = (name: string): string => join(root, name, 'tensorflow');
  const cached = join('cache', `tensorflow-cpu-2.21.0-${process.arch}`);
  const places = { installed: 'installed', linked: 'linked', cached };
  for (const name of has) await writeFakeTensorflow(at(places[name]), MACHINE);
  const answer: PythonAnswer = {
    version: '3.11.7',
    pip: true,
    tensorflow: has.includes('installed')
      ? [{ package: 'tensorflow-cpu', version: '2.18.1', folder: at('installed') }]
      : [],
  };
  const record: LinkRecord = {
    tensorflow: {
      version: '2.20.0',
      folder: at('linked'),
      library: join(at('linked'), 'libtensorflow_cc.so.2'),
      stamp: { size: 64, mtimeMs: 1 },
      cuda: false,
      package: 'tensorflow-cpu',
    },
    binding: { size: 1, mtimeMs: 1 },
    package: '4.22.0',
    nodeAbi: '115',
  };
  const around: Surroundings = {
    cache: join(root, 'cache'),
    python: () => Promise.resolve(answer),
    linked: has.includes('linked') ? record : undefined,
    wanted: { package: 'tensorflow-cpu', version: '2.21.0' },
  };
  const said: string[] = [];
  const locate = async (request: object = {}): Promise<string | undefined> => {
    const found = await locateTensorflow({ python: 'python3', ...request }, around, (line) =>
      said.push(line),
    );
    return found?.files.folder.slice(root.length + 1).split('/')[0];
  };
  return { root, said, around, locate };
}

it('prefers what is named, then what Python has, then what is linked, then the cache', async () => {
  const all = await scene(['installed', 'linked', 'cached']);
  await writeFakeTensorflow(join(all.root, 'given'), MACHINE);
  expect(await all.locate({ from: join(all.root, 'given') })).toBe('given');
  expect(await all.locate()).toBe('installed');
  expect(await (await scene(['linked', 'cached'])).locate()).toBe('linked');
  expect(await (await scene(['cached'])).locate()).toBe('cache');
  expect(await (await scene([])).locate()).toBeUndefined();
});

it('takes only the version and package that were asked for', async () => {
  const all = await scene(['installed', 'linked', 'cached']);
  expect(await all.locate({ version: '2.20.0' })).toBe('linked');
  expect(await all.locate({ version: '2.21.0' })).toBe('cache');
  expect(await all.locate({ package: 'tensorflow' })).toBe('cache');
});

it('passes over an installed one that cannot be used, and says so', async () => {
  const { root, said, locate } = await scene(['installed', 'cached']);
  await writeFakeTensorflow(join(root, 'installed', 'tensorflow'), 243);
  expect(await locate()).toBe('cache');
  expect(said).toEqual([expect.stringMatching(/not using the installed tensorflow-cpu 2\.18\.1: .*riscv64/)]);
});

it('needs a Python unless all is linked', async () => {
  const broken = (): Promise<PythonAnswer> => Promise.reject(new Error('no python'));
  const request = { python: 'python3' };
  const ignore = (): void => undefined;
  const linked = await scene(['linked']);
  const kept = await locateTensorflow(request, { ...linked.around, python: broken }, ignore);
  expect(kept?.origin).toBe('linked before');
  const bare = await scene([]);
  await expect(locateTensorflow(request, { ...bare.around, python: broken }, ignore)).rejects.toThrow(
    'no python',
  );
});

it('refuses a path that is nothing, or no wheel', async () => {
  const { root, locate } = await scene([]);
  await expect(locate({ from: join(root, 'absent') })).rejects.toThrow(/no such file or folder/);
  await expect(locate({ from: import.meta.filename })).rejects.toThrow(/neither a folder nor a wheel/);
});

it('keeps its cache where the system wants caches', () => {
  expect(cacheFolder({}, '/home/ann')).toBe('/home/ann/.cache/sightline/tensorflow');
  expect(cacheFolder({ XDG_CACHE_HOME: '/fast' }, '/home/ann')).toBe('/fast/sightline/tensorflow');
  expect(cacheFolder({ XDG_CACHE_HOME: 'relative' }, '/home/ann')).toBe(
    '/home/ann/.cache/sightline/tensorflow',
  );
});
