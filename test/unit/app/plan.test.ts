import { link, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { planSinks, type SinkPlan } from '../../../src/app/plan-sinks.js';
import { type PlannedSource, planSources } from '../../../src/app/plan-sources.js';
import { createTools, type PipelineExtras } from '../../../src/app/run-tools.js';
import { parseOptions } from '../../../src/config/parse.js';
import type { OptionsInput } from '../../../src/config/schema.js';
import type { SinkContext, SinkKind } from '../../../src/sinks/sink-kind.js';
import type { SourceKind } from '../../../src/sources/source-kind.js';
import { rememberingSink, countingSource } from '../../support/pipeline-parts.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

type Rules = NonNullable<OptionsInput['analytics']>;
type Own = { readonly type: string; readonly [option: string]: unknown };

async function plan(
  input: OptionsInput<Own>,
  kinds: NonNullable<PipelineExtras['kinds']> = {},
): Promise<{ sources: PlannedSource[]; sinks: SinkPlan }> {
  const tools = await createTools({}, { kinds });
  const options = parseOptions(input, tools.kinds);
  return { sources: await planSources(options, tools), sinks: planSinks(options, tools) };
}

async function idsOf(input: OptionsInput<Own>): Promise<string[]> {
  return (await plan(input)).sources.map(({ id }) => id);
}

async function check(input: OptionsInput<Own>): Promise<void> {
  const { sources, sinks } = await plan(input);
  await sinks.check(
    sources,
    sources.flatMap(({ address }) => (address === undefined ? [] : { what: 'input', file: address })),
  );
}

describe('names of sources', () => {
  it('are those of their files, made unique, unless they are given', async () => {
    const file = (path: string, id?: string) => ({
      type: 'file' as const,
      path,
      ...(id !== undefined && { id }),
    });
    expect(await idsOf({ sources: ['x/a.mp4', 'y/a.mkv', 'http://h/b.mp4?c=d.e'] })).toEqual([
      'a',
      'a-2',
      'b',
    ]);
    expect(await idsOf({ sources: ['a.mp4', file('b.mp4', 'a'), countingSource('a-2', 1)] })).toEqual([
      'a-3',
      'a',
      'a-2',
    ]);
    await expect(idsOf({ sources: [file('a.mp4', 'x'), file('b.mp4', 'x')] })).rejects.toThrow(
      'two sources have the id "x"',
    );
  });

  it('are those of all files that match a pattern, in natural order', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'in'));
    for (const name of ['cam10.mp4', 'cam2.mp4', 'cam1.mp4', '.cam3.mp4', 'cam4.txt', 'odd[1].mp4'])
      await writeFile(join(folder, 'in', name), '');
    const ids = (pattern: string) => idsOf({ sources: [join(folder, pattern)] });
    expect(await ids('in/cam*.mp4')).toEqual(['cam1', 'cam2', 'cam10']);
    expect(await ids('i?/cam[12].mp4')).toEqual(['cam1', 'cam2']);
    expect(await ids('in/cam[!1]*.mp4')).toEqual(['cam2']);
    expect(await ids('in/odd[1].mp4')).toEqual(['odd[1]']);
    await expect(ids('out/*.mp4')).rejects.toMatchObject({
      code: 'ERR_SOURCE_NOT_FOUND',
      message: expect.stringMatching(/^no file matches ".*out\/\*\.mp4"$/) as string,
    });
    const one = { type: 'file', path: join(folder, 'in/cam*.mp4'), id: 'gate', stride: 2 } as const;
    await expect(idsOf({ sources: [one] })).rejects.toThrow(
      'the id "gate" is for one source, but 3 are meant',
    );
  });
});

describe('analytics of sources', () => {
  it('are their own, or else those of the run', async () => {
    const [gate, yard]: Rules[] = [{ countSeconds: 1 }, { heatMap: {} }];
    const { sources } = await plan({
      sources: ['a.mp4', { type: 'file', path: 'b.mp4', analytics: yard! }],
      analytics: gate!,
    });
    expect(sources.map(({ analytics, heatMap }) => [analytics, heatMap])).toMatchObject([
      [gate, false],
      [yard, true],
    ]);
  });
});

describe('sinks', () => {
  /** Says what it was made of. */
  const told: (SinkContext & { readonly options: unknown })[] = [];
  const options = z.strictObject({ path: z.string(), note: z.string().default('none') });
  const kind: SinkKind<typeof options> = {
    type: 'tell',
    doc: 'Tells.',
    options,
    files: ['path'],
    create(chosen, context) {
      told.push({ ...context, options: chosen });
      return rememberingSink('tell', 'wait');
    },
  };
  const sources = ['a.mp4', 'b.mp4'];

  it('are one for all sources, or one for each where a file has {source} in its name', async () => {
    told.length = 0;
    const ready = rememberingSink('ready', 'wait');
    const planned = await plan(
      {
        sources,
        overwrite: true,
        sinks: [
          { type: 'tell', path: 'all' },
          ready,
          { type: 'tell', path: '{source}/$&', note: '{source}' },
        ],
      },
      { sinkKinds: [kind] },
    );
    expect(await planned.sinks.createShared()).toHaveLength(2);
    expect(told).toMatchObject([
      { source: undefined, options: { path: 'all', note: 'none' }, overwrite: true },
    ]);
    await planned.sinks.createOwn({ id: '$&', heatMap: false });
    expect(told[1]).toMatchObject({ source: { id: '$&' }, options: { path: '$&/$&', note: '{source}' } });
    expect(told).toHaveLength(2);
    expect(told[1]!.options).not.toHaveProperty('type');
  });

  it('have a feed where there is a server', async () => {
    const names = async (input: OptionsInput) =>
      (await (await plan({ sources, ...input })).sinks.createShared()).map(({ name }) => name);
    expect(await names({ server: { port: 0 } })).toEqual(['feed']);
    expect(await names({ server: { port: 0 }, sinks: [{ type: 'feed' }] })).toEqual(['feed']);
    await expect(names({ sinks: [{ type: 'feed' }] })).rejects.toThrow(
      /the feed needs a server; add "server/,
    );
  });

  it.each([
    [
      {
        sinks: [
          { type: 'jsonl', path: 'a' },
          { type: 'video', path: './a' },
        ],
        sources: ['b.mp4'],
      },
      '"./a" is named for two',
    ],
    [
      {
        sinks: [
          { type: 'jsonl', path: '-' },
          { type: 'jsonl', path: '-' },
        ],
      },
      '"-" is named for two outputs',
    ],
    [
      { sinks: [{ type: 'video', path: 'a.mp4' }] },
      'the video output "a.mp4" would take 2 sources; put {source} into it',
    ],
    [
      { sinks: [{ type: 'mot', path: '{name}.txt' }] },
      'the mot output "{name}.txt" has {name} in it; that is {source} now',
    ],
  ] satisfies [OptionsInput, string][])('%j are refused', async (input, message) => {
    await expect(check({ sources, ...input })).rejects.toThrow(message);
  });

  it('write no file that is read, under whatever name', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'in.mp4'), '');
    await link(join(folder, 'in.mp4'), join(folder, 'in.jsonl'));
    const run = (path: string) =>
      check({ sources: [join(folder, 'in.mp4')], sinks: [{ type: 'jsonl', path: join(folder, path) }] });
    await expect(run('{source}.jsonl')).rejects.toThrow(/the jsonl output ".*in\.jsonl" is the input itself/);
    await expect(run('out.jsonl')).resolves.toBeUndefined();
  });

  describe('that meet under two names are refused:', () => {
    it.each<[string, (folder: string) => Promise<[string, string]>]>([
      [
        'a symbolic link to a file',
        async (folder) => {
          await writeFile(join(folder, 'a'), '');
          await symlink('a', join(folder, 'b'));
          return ['a', 'b'];
        },
      ],
      [
        'two links to what is not there yet',
        async (folder) => {
          await symlink('c', join(folder, 'a'));
          await symlink('../c', join(folder, 'sub', 'b'));
          return ['a', 'sub/b'];
        },
      ],
      [
        'two folders that are one',
        async (folder) => {
          await symlink('sub', join(folder, 'link'));
          return ['sub/a', 'link/a'];
        },
      ],
      [
        'hard links',
        async (folder) => {
          await writeFile(join(folder, 'a'), '');
          await link(join(folder, 'a'), join(folder, 'b'));
          return ['a', 'b'];
        },
      ],
    ])('%s', async (_what, make) => {
      const folder = await temporaryFolder();
      await mkdir(join(folder, 'sub'));
      const [a, b] = (await make(folder)).map((name) => join(folder, name)) as [string, string];
      const sinks = [
        { type: 'jsonl', path: a },
        { type: 'mot', path: b },
      ];
      await expect(check({ sources: ['a.mp4'], sinks })).rejects.toThrow(
        `"${a}" and "${b}" are one file; give each output a file of its own`,
      );
    });

    it('a template that comes out as another output', async () => {
      const sinks = [
        { type: 'mot', path: 'b.jsonl' },
        { type: 'jsonl', path: '{source}.jsonl' },
      ];
      await expect(check({ sources: ['b.mp4'], sinks })).rejects.toThrow(
        '"b.jsonl" is named for two outputs',
      );
    });
  });

  it('may differ in case where that makes two files', async () => {
    const folder = await temporaryFolder();
    const sinks = ['A', 'a'].map((name) => ({ type: 'jsonl', path: join(folder, name) }));
    await writeFile(join(folder, 'trial'), '');
    const folds = await stat(join(folder, 'TRIAL')).then(
      () => true,
      () => false,
    );
    const checked = check({ sources: ['a.mp4'], sinks });
    if (folds) await expect(checked).rejects.toThrow('are one file');
    else await checked;
    expect(await readdir(folder)).toEqual(['trial']);
  });

  it('of heat maps need analytics that make one', async () => {
    const sinks = [{ type: 'heat-map', path: '{source}.png' }] as const;
    const make = async (input: OptionsInput) => {
      const planned = await plan({ sinks, ...input });
      await Promise.all(planned.sources.map((source) => planned.sinks.createOwn(source)));
    };
    const withMap = { type: 'file', path: 'a.mp4', analytics: { heatMap: {} } } as const;
    await expect(make({ sources: [withMap, 'b.mp4'] })).rejects.toThrow(
      'the heat-map output "b.png" needs a heat map of "b"; put "heatMap: {}" into its analytics',
    );
    await expect(make({ sources: [withMap] })).resolves.toBeUndefined();
    await expect(make({ sources, analytics: { heatMap: {} } })).resolves.toBeUndefined();
  });
});

describe('kinds of a user', () => {
  const options = z.strictObject({ size: z.number().max(9).describe('How large.') });
  const shapes: SourceKind<typeof options> = {
    type: 'shapes',
    doc: 'Shapes.',
    options,
    create: (_, { id }) => countingSource(id, 1),
  };

  it('have their options checked with the same words as those that come with Sightline', async () => {
    const run = (entry: Own) => plan({ sources: [entry] }, { sourceKinds: [shapes] });
    await expect(run({ type: 'shapes', sise: 1 })).rejects.toThrow(
      'unknown option "sources.0.sise" (did you mean "size"?)',
    );
    await expect(run({ type: 'shapes', size: 10 })).rejects.toThrow(
      /option "sources\.0\.size" is 10: too big/,
    );
    await expect(run({ type: 'shape' })).rejects.toThrow(
      'there is no such kind of source (did you mean "shapes"?); there are camera, file, shapes',
    );
    const { sources } = await run({ type: 'shapes', size: 9 });
    expect(sources.map(({ id }) => id)).toEqual(['shapes']);
    expect(await sources[0]!.create()).toMatchObject({ id: 'shapes' });
  });

  it.each([
    [{ ...shapes, type: 'file' }, 'there is a "file" already; choose another type'],
    [{ ...shapes, type: 'My Shapes' }, 'type of entry 0 is not right, expected lower case and dashes'],
    [
      { ...shapes, options: { size: 3 } },
      'options of entry 0 is not right, expected an object schema of zod',
    ],
    [{ ...shapes, create: undefined }, 'create of entry 0 is not right, expected a function'],
    [
      { ...shapes, options: z.object({ id: z.string() }) },
      '"shapes" has an option "id", a name that is taken',
    ],
    [undefined, 'entry 0 is not right, expected an object with type, doc, options and create'],
  ])('are refused if they are none: %#', async (kind, message) => {
    await expect(plan({}, { sourceKinds: [kind as SourceKind] })).rejects.toThrow(
      `sourceKinds of the caller: ${message}`,
    );
  });
});
