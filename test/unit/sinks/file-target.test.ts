import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileTarget } from '../../../src/sinks/files/file-target.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('a file of lines', () => {
  it('that exists is refused and left as it is, unless it may be replaced', async () => {
    const path = join(await temporaryFolder(), 'out.jsonl');
    writeFileSync(path, 'precious\n');
    await expect(new FileTarget(path, false).open()).rejects.toThrow(/out\.jsonl" exists; .*--overwrite/);
    expect(readFileSync(path, 'utf8')).toBe('precious\n');

    const target = new FileTarget(path, true);
    await target.open();
    expect(readFileSync(path, 'utf8')).toBe('precious\n');
    await target.write(Buffer.from('new\n'));
    await target.close(true);
    expect(readFileSync(path, 'utf8')).toBe('new\n');
  });

  it('that is new is made, and taken away again if nothing was written', async () => {
    const folder = await temporaryFolder();
    const written = new FileTarget(join(folder, 'a'), false);
    await written.open();
    await written.write(Buffer.from('line\n'));
    await written.close(true);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('line\n');
    const unused = new FileTarget(join(folder, 'b'), false);
    await unused.open();
    await unused.close(false);
    expect(() => readFileSync(join(folder, 'b'))).toThrow(/ENOENT/);
  });
});
