import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectTensorflow } from '../../../src/tensorflow-link/tensorflow-files.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { writeFakeTensorflow } from './fake-wheel.js';

describe('inspectTensorflow', () => {
  it('finds the libraries in a tensorflow folder and in the folder around it', async () => {
    const root = await temporaryFolder();
    const folder = join(root, 'tensorflow');
    await writeFakeTensorflow(folder);
    const inside = await inspectTensorflow(folder, 'x64');
    expect(inside).toMatchObject({ folder, library: join(folder, 'libtensorflow_cc.so.2'), cuda: false });
    expect(await inspectTensorflow(root, 'x64')).toEqual(inside);
  });

  it('resolves links, so that paths relative to the wheel lead where they should', async () => {
    const root = await temporaryFolder();
    await writeFakeTensorflow(join(root, 'real'));
    await symlink(join(root, 'real'), join(root, 'link'));
    expect((await inspectTensorflow(join(root, 'link'), 'x64')).folder).toBe(join(root, 'real'));
  });

  it.each([
    ["OrderedDict([('is_cuda_build', True), ('x', 1)])", true],
    ["OrderedDict([('is_cuda_build', False), ('is_tensorrt_build', True)])", false],
  ])('reads from %s whether it is for NVIDIA cards', async (info, cuda) => {
    const folder = await temporaryFolder();
    await writeFakeTensorflow(folder);
    await mkdir(join(folder, 'python', 'platform'), { recursive: true });
    await writeFile(join(folder, 'python', 'platform', 'build_info.py'), info);
    expect((await inspectTensorflow(folder, 'x64')).cuda).toBe(cuda);
  });

  it('refuses another processor, and says which', async () => {
    const folder = await temporaryFolder();
    await writeFakeTensorflow(folder, 183);
    await expect(inspectTensorflow(folder, 'x64')).rejects.toThrow(/is for arm64, this Node is for x64/);
  });

  it('names what is missing', async () => {
    const folder = await temporaryFolder();
    await expect(inspectTensorflow(folder, 'x64')).rejects.toThrow(/no libtensorflow_cc\.so\.2 in/);
    await writeFakeTensorflow(folder);
    await rm(join(folder, 'include'), { recursive: true });
    await expect(inspectTensorflow(folder, 'x64')).rejects.toThrow(/no include\/tensorflow\/c\/c_api\.h/);
    await rm(join(folder, 'libtensorflow_framework.so.2'));
    await expect(inspectTensorflow(folder, 'x64')).rejects.toThrow(/no libtensorflow_framework/);
  });

  it('refuses a file that is no library', async () => {
    const folder = await temporaryFolder();
    await writeFakeTensorflow(folder);
    await writeFile(join(folder, 'libtensorflow_cc.so.2'), 'version https://git-lfs.github.com/spec/v1');
    await expect(inspectTensorflow(folder, 'x64')).rejects.toThrow(/is not a shared library/);
  });
});
