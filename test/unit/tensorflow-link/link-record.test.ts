import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  readLinkRecord,
  replaceBinding,
  staleness,
  stampOf,
} from '../../../src/tensorflow-link/link-record.js';
import type { TfjsNodePackage } from '../../../src/tensorflow-link/tfjs-node-package.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

async function linked(): Promise<{ tfjsNode: TfjsNodePackage; library: string }> {
  const folder = await temporaryFolder();
  const binding = join(folder, 'lib', 'tfjs_binding.node');
  await mkdir(join(folder, 'lib'));
  const library = join(folder, 'libtensorflow_cc.so.2');
  await writeFile(library, 'library');
  const built = join(folder, 'lib', 'built.node');
  await writeFile(built, 'addon');
  const tfjsNode: TfjsNodePackage = {
    name: '@tensorflow/tfjs-node-gpu',
    version: '4.22.0',
    folder,
    binding,
    napiVersion: 8,
  };
  const tensorflow = { version: '2.21.0', folder, library, stamp: await stampOf(library), cuda: false };
  await replaceBinding(tfjsNode, built, { tensorflow, package: '4.22.0', nodeAbi: '115' });
  return { tfjsNode, library };
}

it('puts the native part and its record in place, and nothing else', async () => {
  const { tfjsNode } = await linked();
  expect(await readdir(join(tfjsNode.folder, 'lib'))).toEqual(['sightline-link.json', 'tfjs_binding.node']);
  expect(await readFile(tfjsNode.binding, 'utf8')).toBe('addon');
  const record = await readLinkRecord(tfjsNode);
  expect(record?.tensorflow.version).toBe('2.21.0');
  expect(await staleness(record!, tfjsNode)).toBeUndefined();
});

it('sees that the wheel moved', async () => {
  const { tfjsNode, library } = await linked();
  await rm(library);
  expect(await staleness((await readLinkRecord(tfjsNode))!, tfjsNode)).toMatch(/2\.21\.0 in .* is gone/);
});

it('sees that the wheel was replaced by one of the same size', async () => {
  const { tfjsNode, library } = await linked();
  await utimes(library, 1, 1);
  expect(await staleness((await readLinkRecord(tfjsNode))!, tfjsNode)).toMatch(/was replaced/);
});

it('holds where file times have lost their fractions, as in container images', async () => {
  const { tfjsNode, library } = await linked();
  const record = (await readLinkRecord(tfjsNode))!;
  for (const path of [library, tfjsNode.binding]) {
    const { mtimeMs } = await stampOf(path);
    await utimes(path, Math.floor(mtimeMs / 1000), Math.floor(mtimeMs / 1000));
  }
  expect(await staleness(record, tfjsNode)).toBeUndefined();
});

it('sees that another installer replaced the native part', async () => {
  const { tfjsNode } = await linked();
  await writeFile(tfjsNode.binding, 'of another');
  expect(await staleness((await readLinkRecord(tfjsNode))!, tfjsNode)).toMatch(/native part was replaced/);
});

it('takes a damaged record for none', async () => {
  const { tfjsNode } = await linked();
  await writeFile(join(tfjsNode.folder, 'lib', 'sightline-link.json'), '{"tensorflow":');
  expect(await readLinkRecord(tfjsNode)).toBeUndefined();
});
