import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../src/cli/program.js';

const read = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');

describe('the README', () => {
  it('opens and closes its blocks of code alike, so that none of its text becomes code', () => {
    let open: string | undefined;
    for (const line of read('README.md').split('\n')) {
      const fence = /^(`{3,})(\w*)$/.exec(line);
      if (fence === null) continue;
      const [, ticks, language] = fence;
      if (open === undefined) open = ticks;
      else {
        expect([ticks, language]).toEqual([open, '']);
        open = undefined;
      }
    }
    expect(open).toBeUndefined();
  });

  it('shows the example as it lies in the folder', () => {
    expect(read('README.md')).toContain(`\`\`\`js\n${read('examples/follow.mjs')}\`\`\``);
  });
});

const PAGES = [
  'README.md',
  ...readdirSync(new URL('../../../docs/', import.meta.url)).map((name) => `docs/${name}`),
]
  .filter((name) => name.endsWith('.md'))
  .map((name): [string, string] => [name, read(name)]);

/** The commands of a page's shell blocks, a line each, without comments. */
function shellCommands(page: string): string[] {
  return [...page.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
    block
      .replaceAll('\\\n', ' ')
      .split('\n')
      .flatMap((line) => line.replace(/(^|\s)#.*$/, '').split(/&&|\|/))
      .map((command) =>
        command.trim().replace(/^(npx sightline|node dist\/cli\/main\.js)(?=\s|$)/, 'sightline'),
      ),
  );
}

/** The words after `sightline`, as a shell would take them apart. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|\S+/g)]
    .slice(1)
    .map(([word, single, double]) => single ?? double ?? word);
}

/** Parses as the command line would; what it would run is left out. */
async function parse(words: readonly string[]): Promise<void> {
  const program = createProgram(() => undefined);
  const still = (command: Command): void => {
    command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    if (command.commands.length === 0) command.action(() => undefined);
    command.commands.forEach(still);
  };
  still(program);
  await program.parseAsync(words, { from: 'user' });
}

describe('commands that the pages show', () => {
  const shown = PAGES.flatMap(([name, page]) =>
    shellCommands(page)
      .filter((command) => /^sightline\b/.test(command))
      .map((command): [string, string] => [command, name]),
  );

  it('are found', () => {
    expect(shown.length).toBeGreaterThan(40);
    expect(new Set(shown.map(([, name]) => name)).size).toBeGreaterThan(5);
  });

  it.each(shown)('%s (%s) is one that there is', async (command) => {
    await expect(parse(wordsOf(command))).resolves.toBeUndefined();
  });

  it.each(PAGES)('%s names no flag in its text that is not there', async (_, page) => {
    const text = page.replaceAll(/^```.*?^```$/gms, '');
    for (const [, command = ''] of text.matchAll(/`(sightline [^`]*)`/g)) {
      try {
        await parse(wordsOf(command.replaceAll(/[[\]…]/g, '')));
      } catch (error) {
        // The text also names commands alone, without what they want, and says N for a number.
        const { code, message } = error as { code: string; message: string };
        if (/unknown|excess/.test(code)) expect.fail(`${command}: ${message}`);
      }
    }
  });

  it('start scripts that package.json has', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const [name, page] of [...PAGES, ['CONTRIBUTING.md', read('CONTRIBUTING.md')]])
      for (const [, script = ''] of page!.matchAll(/npm run (?:--?\w+ )*([\w:-]+)/g))
        expect(Object.keys(scripts), name).toContain(script);
  });

  it('name no variable for an install, which needs none', () => {
    expect(read('README.md')).not.toContain('ONNXRUNTIME_NODE_INSTALL');
  });
});
