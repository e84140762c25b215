/** The kinds of sources, sinks and trackers that options can name: those that come with Sightline, and a user's own. */
import * as z from 'zod';
import { SightlineError } from '../errors.js';
import * as builtInSinks from '../sinks/registry.js';
import type { SinkKind } from '../sinks/sink-kind.js';
import * as builtInSources from '../sources/registry.js';
import type { SourceKind } from '../sources/source-kind.js';
import { didYouMean } from '../text/nearest-name.js';
import { TRACKERS } from '../tracking/registry.js';
import type { TrackerKind } from '../tracking/tracker-kind.js';

/** What `type` of a source and of a sink can be, and which trackers there are. */
export interface Kinds {
  readonly sources: readonly SourceKind[];
  readonly sinks: readonly SinkKind[];
  readonly trackers: readonly TrackerKind[];
}

/** Kinds of a user's own: what a module may export, or an object in code. */
export interface OwnKinds {
  readonly sourceKinds?: readonly SourceKind[];
  readonly sinkKinds?: readonly SinkKind[];
  readonly trackerKinds?: readonly TrackerKind[];
}

/** An entry of a list: its type, and the options of that. */
export interface Entry {
  readonly type: string;
  readonly [option: string]: unknown;
}

/** What comes with Sightline. */
export const BUILT_IN_KINDS: Kinds = {
  sources: Object.values(builtInSources),
  sinks: Object.values(builtInSinks),
  trackers: TRACKERS,
};

type Written<Kind> = Kind extends { readonly type: infer Type; readonly options: infer Options }
  ? { readonly type: Type } & (string extends keyof z.input<Options> ? unknown : z.input<Options>)
  : never;

/** Options of a built-in source besides what every source has, by its type. */
export type SourceKindInput = Written<(typeof builtInSources)[keyof typeof builtInSources]>;

/** Options of a built-in sink, by its type. */
export type SinkInput = Written<(typeof builtInSinks)[keyof typeof builtInSinks]>;

/**
 * Adds kinds of a user's own.
 * @param where they come from, for messages.
 * @throws SightlineError ERR_USAGE for something that is no kind, or whose type is taken.
 */
export function addKinds(
  kinds: Kinds,
  { sourceKinds = [], sinkKinds = [], trackerKinds = [] }: OwnKinds,
  where: string,
): Kinds {
  return {
    sources: join(kinds.sources, sourceKinds, `sourceKinds of ${where}`, ['type', 'id', 'analytics']),
    sinks: join(kinds.sinks, sinkKinds, `sinkKinds of ${where}`, ['type']),
    trackers: join(kinds.trackers, trackerKinds, `trackerKinds of ${where}`, []),
  };
}

/**
 * Schema of an entry of a list: `type` says which options it has.
 * @param common what each has besides.
 */
export function listEntry(
  what: 'source' | 'sink',
  kinds: readonly (SourceKind | SinkKind)[],
  common: z.ZodRawShape,
): z.ZodType<Entry, Entry> {
  const types = kinds.map(({ type }) => type);
  const members = kinds.map(({ type, doc, options }) => {
    const schema = options.safeExtend({ type: z.literal(type).describe(doc), ...common });
    return schema.def.catchall === undefined ? schema.strict() : schema;
  });
  return z.discriminatedUnion('type', members as [(typeof members)[number]], {
    error({ code, input }: { readonly code?: string; readonly input?: unknown }) {
      if (code !== 'invalid_union') return `expected { type: … } with a kind of ${what}: ${types.join(', ')}`;
      const { type } = input as { readonly type?: unknown };
      if (typeof type !== 'string') return `expected a kind of ${what}: ${types.join(', ')}`;
      return `there is no such kind of ${what}${didYouMean(type, types)}; there are ${types.join(', ')}`;
    },
  }) as unknown as z.ZodType<Entry, Entry>;
}

function join<Kind extends { readonly type: string; readonly options: z.ZodType }>(
  kinds: readonly Kind[],
  own: readonly Kind[],
  where: string,
  reserved: readonly string[],
): readonly Kind[] {
  const joined = [...kinds];
  for (const [at, kind] of own.entries()) {
    const wrong = (problem: string): never => {
      throw new SightlineError('ERR_USAGE', `${where}: ${problem}; docs/extending.md shows a kind`);
    };
    const parsed = kindSchema.safeParse(kind);
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]!;
      wrong(`${[...path, `entry ${at}`].join(' of ')} is not right, ${message}`);
    }
    const { type, options } = kind;
    if (joined.some((other) => other.type === type))
      wrong(`there is a "${type}" already; choose another type`);
    const taken = reserved.find((name) => options instanceof z.ZodObject && name in options.shape);
    if (taken !== undefined) wrong(`"${type}" has an option "${taken}", a name that is taken`);
    joined.push(kind);
  }
  return joined;
}

/** What is a kind, whoever wrote it. */
const kindSchema = z.looseObject(
  {
    type: z.string().regex(/^[a-z][a-z0-9-]*$/, 'expected lower case and dashes, such as "my-kind"'),
    doc: z.string('expected one line about it'),
    options: z.custom<z.ZodObject>(
      (value) => value instanceof z.ZodObject && typeof value.safeExtend === 'function',
      'expected an object schema of zod 4.1 or newer',
    ),
    create: z.custom((value) => typeof value === 'function', 'expected a function'),
  },
  'expected an object with type, doc, options and create',
);
