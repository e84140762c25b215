import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkReports, writePage } from '../../../src/cli/eval/output.js';
import { checkOutput } from '../../../src/files/output-place.js';
import { checkModelPlace } from '../../../src/model/import/write-model.js';
import { ROOT } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
  await mkdir(join(root, 'set/gt'), { recursive: true });
  await writeFile(join(root, 'set/gt/gt.txt'), '1,1,10,10,20,20,1\n');
  await symlink('set/gt/gt.txt', join(root, 'soft.html'));
  await link(join(root, 'set/gt/gt.txt'), join(root, 'hard.html'));
  await symlink('set', join(root, 'other'));
});
const at = (path: string): string => join(root, path);

describe('an output', () => {
  const rules = (input: string) => ({ inputs: [at('nowhere'), at(input)], overwrite: true });

  it.each(['set/gt/gt.txt', 'set/../set/gt/gt.txt', 'other/gt/gt.txt', 'soft.html', 'hard.html'])(
    'is no input under the name %s',
    async (path) => {
      const refused = checkOutput(at(path), rules('set/gt/gt.txt'));
      await expect(refused).rejects.toMatchObject({
        code: 'ERR_USAGE',
        message: `the output "${at(path)}" is an input; name another file`,
      });
    },
  );

  it.each(['set', 'other'])('is no file in an input folder %s', async (folder) => {
    for (const path of ['set/gt/gt.txt', 'other/gt/gt.txt', 'soft.html']) {
      await expect(checkOutput(at(path), rules(folder))).rejects.toThrow('which is an input; name another');
    }
    expect(await checkOutput(at('set/gt/new.html'), rules(folder))).toBe('nothing');
  });

  it('replaces what exists only if that is wanted, and no folder', async () => {
    const inputs = [at('set-2')];
    expect(await checkOutput(at('soft.html'), { inputs, overwrite: true })).toBe('file');
    await expect(checkOutput(at('soft.html'), { inputs, overwrite: false })).rejects.toMatchObject({
      code: 'ERR_SINK_EXISTS',
      message: expect.stringContaining('exists; pass --overwrite to replace it') as string,
    });
    await expect(checkOutput(at('set'), { inputs, overwrite: true })).rejects.toThrow('it is a folder');
    expect(await checkOutput('/dev/null', { inputs, overwrite: false })).toBe('device');
  });
});

describe('a report', () => {
  it('replaces a report, and nothing else', async () => {
    await writePage(at('set/a.html'), '<!doctype html>', {});
    const again = { html: at('set/a.html') };
    await expect(checkReports(again, [at('set')])).rejects.toThrow('exists; pass --overwrite');
    await expect(writePage(again.html, '<!doctype html>', {})).rejects.toThrow('exists; pass --overwrite');
    await checkReports({ ...again, overwrite: true }, [at('set')]);
    await writeFile(at('thesis.tex'), 'years of work');
    await expect(checkReports({ html: at('thesis.tex'), overwrite: true }, [])).rejects.toMatchObject({
      code: 'ERR_SINK_EXISTS',
      message: `"${at('thesis.tex')}" exists and is no report; name another file`,
    });
  });

  it('of curves is a folder of charts', async () => {
    await mkdir(at('curves'));
    const curves = at('curves');
    await checkReports({ curves }, [at('set')]);
    await writePage(at('curves/all.svg'), '<svg>', {});
    await expect(checkReports({ curves }, [])).rejects.toThrow('all.svg" exists; pass --overwrite');
    await checkReports({ curves, overwrite: true }, []);
  });
});

describe('a model', () => {
  it('is not written over what it is made of', async () => {
    const model = `${ROOT}models/street-b0`;
    await symlink(model, at('mine'));
    for (const name of ['model.json', 'weights.safetensors']) {
      const place = checkModelPlace(at('mine'), true, [`${model}/${name}`]);
      await expect(place).rejects.toMatchObject({ code: 'ERR_USAGE' });
    }
    await expect(checkModelPlace(model, true, [model])).resolves.toBeUndefined();
    await expect(checkModelPlace(model, true, [undefined, at('names.txt')])).resolves.toBeUndefined();
  });
});
