import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findToolchain, type ToolchainEnvironment } from '../../../src/tensorflow-link/toolchain.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const VERSION = 'v20.20.2';

async function place(programs: readonly string[]): Promise<ToolchainEnvironment> {
  const root = await temporaryFolder();
  await mkdir(join(root, 'bin'));
  for (const name of programs) {
    await writeFile(join(root, 'bin', name), '');
    await chmod(join(root, 'bin', name), 0o755);
  }
  const gyp = join(root, 'node-gyp.js');
  await writeFile(gyp, '');
  return {
    execPath: join(root, 'bin', 'node'),
    version: VERSION,
    env: { PATH: join(root, 'bin'), npm_config_node_gyp: gyp },
    home: join(root, 'home'),
  };
}

async function writeHeaders(folder: string, [major, minor, patch]: readonly number[]): Promise<void> {
  const include = join(folder, 'include', 'node');
  await mkdir(include, { recursive: true });
  await writeFile(join(include, 'node_api.h'), '');
  const lines = [
    `#define NODE_MAJOR_VERSION ${major}`,
    `#define NODE_MINOR_VERSION ${minor}`,
    `#define NODE_PATCH_VERSION ${patch}`,
  ];
  await writeFile(join(include, 'node_version.h'), lines.join('\n'));
}

const TOOLS = ['c++', 'make'];

it('takes the headers beside this Node', async () => {
  const here = await place(TOOLS);
  const root = join(here.execPath, '..', '..');
  await writeHeaders(root, [20, 20, 2]);
  expect(await findToolchain(here)).toEqual({ nodeDir: root, nodeGyp: here.env['npm_config_node_gyp'] });
});

it('takes those that node-gyp was told to fetch', async () => {
  const here = await place(TOOLS);
  const fetched = join(here.home, '.cache', 'node-gyp', '20.20.2');
  await writeHeaders(fetched, [20, 20, 2]);
  expect((await findToolchain(here)).nodeDir).toBe(fetched);
});

it('does not take those of another Node, and says what to do', async () => {
  const here = await place(TOOLS);
  await writeHeaders(join(here.execPath, '..', '..'), [18, 1, 0]);
  await expect(findToolchain(here)).rejects.toThrow(
    /has no C headers.*are of v18\.1\.0.*npx node-gyp install/,
  );
});

it.each([
  [['make'], /no C\+\+ compiler.*build-essential/],
  [['c++'], /no make.*build-essential/],
])('says what is missing with only %j', async (programs, expected) => {
  await expect(findToolchain(await place(programs))).rejects.toThrow(expected);
});
