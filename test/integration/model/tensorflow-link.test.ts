/** Builds the real addon against the TensorFlow that this checkout is linked to, in a copy of the package. */
import { execFile, execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { inspectTfjsNode } from '../../../src/model/backends/tensorflow-install.js';
import { checkAddon } from '../../../src/tensorflow-link/check-addon.js';
import { readLinkRecord } from '../../../src/tensorflow-link/link-record.js';
import { linkTensorflow, type LinkOutcome } from '../../../src/tensorflow-link/link-tensorflow.js';
import type { TensorflowRequest } from '../../../src/tensorflow-link/locate-tensorflow.js';
import { readTfjsNodePackage, type TfjsNodePackage } from '../../../src/tensorflow-link/tfjs-node-package.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { tensorflowLinked } from '../../support/tensorflow.js';

const missing = await tensorflowLinked();
const { record: linkedHere, tfjsNode: installed } = await inspectTfjsNode();
const wheel = linkedHere?.tensorflow.folder ?? '';

interface Linking {
  readonly tfjsNode: TfjsNodePackage;
  readonly cache: string;
  readonly said: string[];
  readonly link: (request: Partial<TensorflowRequest>) => Promise<LinkOutcome>;
}

/** An unlinked copy of the installed package, in a path with spaces and quotes. */
async function copyOfPackage(): Promise<Linking> {
  const root = join(await temporaryFolder(), `it's "my" project`);
  const folder = join(root, 'tfjs-node-gpu');
  const source = installed!.folder;
  const unlinked = (path: string): boolean =>
    !['lib', 'deps'].some((name) => path.startsWith(join(source, name)));
  await cp(source, folder, { recursive: true, filter: unlinked });
  await symlink(join(source, '..', '..'), join(root, 'node_modules'));
  const tfjsNode = await readTfjsNodePackage(folder);
  const cache = join(root, 'cache');
  const said: string[] = [];
  const link = (request: Partial<TensorflowRequest>): Promise<LinkOutcome> =>
    linkTensorflow({ python: 'python3', ...request }, (line) => said.push(line), { tfjsNode, cache });
  return { tfjsNode, cache, said, link };
}

describe.skipIf(missing !== undefined || installed === undefined)('linkTensorflow', () => {
  it('builds against a folder, does nothing the second time, and again when the wheel moved', async () => {
    const { tfjsNode, said, link } = await copyOfPackage();
    const moved = join(dirname(tfjsNode.folder), 'a wheel');
    await mkdir(moved);
    for (const name of await readdir(wheel)) await symlink(join(wheel, name), join(moved, name));

    const first = await link({ from: moved });
    expect(first).toMatchObject({ changed: true, record: { tensorflow: { folder: moved } } });
    expect((await checkAddon(tfjsNode, tfjsNode.binding)).version).toBe(linkedHere?.tensorflow.version);
    expect((await readdir(dirname(tfjsNode.binding))).sort()).toEqual([
      'sightline-link.json',
      'tfjs_binding.node',
    ]);

    expect((await link({ from: moved })).changed).toBe(false);
    expect(said.at(-1)).toMatch(/already, and it works; nothing to do$/);

    await rm(moved, { recursive: true });
    await expect(checkAddon(tfjsNode, tfjsNode.binding)).rejects.toThrow(/libtensorflow_cc\.so\.2/);
    expect((await link({ from: wheel })).changed).toBe(true);
    expect(said).toContainEqual(expect.stringMatching(/^linking again: TensorFlow .* is gone$/));
  });

  it('leaves what works alone when a build fails', async () => {
    const { tfjsNode, link } = await copyOfPackage();
    await link({ from: wheel });
    const before = await readLinkRecord(tfjsNode);
    await writeFile(join(tfjsNode.folder, 'binding', 'tfjs_binding.cc'), '#error "broken on purpose"\n');
    const other = join(dirname(tfjsNode.folder), 'other');
    await mkdir(other);
    for (const name of await readdir(wheel)) await symlink(join(wheel, name), join(other, name));

    await expect(link({ from: other })).rejects.toThrow(
      /does not build against .*broken on purpose.*failed-build\.log/,
    );
    expect(await readLinkRecord(tfjsNode)).toEqual(before);
    expect((await readdir(dirname(tfjsNode.binding))).sort()).toEqual([
      'sightline-link.json',
      'tfjs_binding.node',
    ]);
    await checkAddon(tfjsNode, tfjsNode.binding);
  });
});

describe.skipIf(installed === undefined)('linkTensorflow without what it needs', () => {
  it('says that there is no Python', async () => {
    const { link } = await copyOfPackage();
    await expect(link({ python: '/nowhere/python3' })).rejects.toThrow(
      /"\/nowhere\/python3" cannot be run.*--python/,
    );
  });

  it('says that there is no pip', async () => {
    const { link } = await copyOfPackage();
    const python = await fakePython('{"version": "3.12.1", "pip": false, "tensorflow": []}');
    await expect(link({ python })).rejects.toThrow(/\(3\.12\.1\) has no pip.*python3-pip/);
  });

  it('says what a program that is no Python answered', async () => {
    const { link } = await copyOfPackage();
    const python = await fakePython('hello');
    await expect(link({ python })).rejects.toThrow(/does not answer as a Python/);
  });

  it('says that a wheel holds no TensorFlow, and leaves nothing in the cache', async () => {
    const { cache, link } = await copyOfPackage();
    const path = join(await temporaryFolder(), 'other-1.0-py3-none-any.whl');
    execFileSync('python3', ['-m', 'zipfile', '-c', path, import.meta.filename]);
    await expect(link({ from: path })).rejects.toThrow(
      /no libtensorflow_cc\.so\.2 in other-1\.0-py3-none-any\.whl/,
    );
    expect(await readdir(cache)).toEqual([]);
    await writeFile(path, 'PK, but no archive');
    await expect(link({ from: path })).rejects.toThrow(/cannot be unpacked: .*not a zip file/);
    expect(await readdir(cache)).toEqual([]);
  });

  it('says that the package index is out of reach, and leaves nothing in the cache', async () => {
    const { cache, tfjsNode } = await copyOfPackage();
    // A python that is real but for its network.
    const python = join(await temporaryFolder(), 'python3');
    const lines = [
      '#!/bin/sh',
      'export PIP_CONFIG_FILE=/dev/null PIP_INDEX_URL=http://127.0.0.1:9/simple',
      'unset PIP_FIND_LINKS',
    ];
    await writeFile(python, [...lines, 'exec python3 "$@"', ''].join('\n'));
    await chmod(python, 0o755);
    const request = { python, package: 'tensorflow-cpu', version: '2.0.99' } as const;
    const linking = linkTensorflow(request, () => undefined, { tfjsNode, cache });
    await expect(linking).rejects.toThrow(/did not reach its package index for tensorflow-cpu==2\.0\.99/);
    expect(await readdir(cache)).toEqual([]);
  });
});

describe('sightline link-tensorflow', () => {
  const main = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
  const run = (...args: string[]): Promise<{ code: number; stderr: string }> =>
    new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [main, 'link-tensorflow', ...args],
        (_error, _stdout, stderr) => {
          resolve({ code: child.exitCode ?? -1, stderr });
        },
      );
    });

  it.each([
    [['--tensorflow-version', '2; rm -rf'], /^error: "2; rm -rf" is not a version of TensorFlow such as/],
    [['--package', 'torch'], /torch/],
    [['--from', '/nowhere'], /^error: --from \/nowhere: there is no such file or folder$/],
  ])('%j is an error in one line', async (args, expected) => {
    const { code, stderr } = await run(...args);
    expect(stderr.trimEnd()).toMatch(expected);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });
});

async function fakePython(answer: string): Promise<string> {
  const path = join(await temporaryFolder(), 'python3');
  await writeFile(path, `#!/bin/sh\necho '${answer}'\n`);
  await chmod(path, 0o755);
  return path;
}
