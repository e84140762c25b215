import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const X64 = 62;

/** Writes what looks like the `tensorflow` folder of a wheel, for the processor of an ELF number. */
export async function writeFakeTensorflow(folder: string, machine = X64): Promise<void> {
  await mkdir(join(folder, 'include', 'tensorflow', 'c'), { recursive: true });
  await writeFile(join(folder, 'include', 'tensorflow', 'c', 'c_api.h'), '');
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeUInt16LE(machine, 18);
  await writeFile(join(folder, 'libtensorflow_cc.so.2'), header);
  await writeFile(join(folder, 'libtensorflow_framework.so.2'), header);
}
