import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { missingDependency } from '../../../src/model/backends/missing-dependency.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const onnxruntime = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
const BINDING = join(onnxruntime, 'bin/napi-v6', process.platform, process.arch, 'onnxruntime_binding.node');

it.runIf(process.platform === 'linux')(
  'names the library that another one needs and does not find',
  async () => {
    const alone = join(await temporaryFolder(), 'binding.node');
    await copyFile(BINDING, alone);
    expect(missingDependency(alone)).toBe('libonnxruntime.so.1');
    expect(missingDependency(import.meta.filename)).toBeUndefined();
  },
);
