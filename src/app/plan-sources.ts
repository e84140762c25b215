/** From the list of sources in the options to sources with names. */
import { basename, extname } from 'node:path';
import type { Entry } from '../config/kinds.js';
import type { Options } from '../config/schema.js';
import type { Source } from '../contract/source.js';
import { SightlineError } from '../errors.js';
import { checkSource } from '../options/check-parts.js';
import type { SinkSource } from '../sinks/sink-kind.js';
import type { RunTools } from './run-tools.js';

/** A source that is not made yet. */
export interface PlannedSource extends SinkSource {
  readonly analytics: Options['analytics'];
  readonly create: () => Promise<Source>;
}

/** A source whose name is not settled. */
interface Unnamed {
  /** As the caller wants it; that of `address` if not given. */
  readonly id?: string | undefined;
  readonly address?: string | undefined;
  readonly name: string;
  readonly analytics: Options['analytics'];
  readonly create: (id: string) => Promise<Source>;
}

/**
 * @param sources checked.
 * @param taken names that no source gets that has none of its own.
 * @throws SightlineError ERR_USAGE for two of the same name; what `expand` of a kind throws.
 */
export async function planSources(
  { sources, analytics }: Pick<Options, 'sources' | 'analytics'>,
  tools: RunTools,
  taken: readonly string[] = [],
): Promise<PlannedSource[]> {
  const found = (await Promise.all(sources.map((source) => unnamed(source, tools)))).flat();
  const given = found.flatMap(({ id }) => id ?? []);
  const twice = given.find((id, at) => given.indexOf(id) < at);
  if (twice !== undefined)
    throw new SightlineError('ERR_USAGE', `two sources have the id "${twice}"; give each one of its own`);
  const names = new Set([...taken, ...given]);
  return found.map(({ id, address, name, analytics: own = analytics, create }) => {
    const settled = id ?? freeName(name, names);
    names.add(settled);
    return {
      id: settled,
      address,
      analytics: own,
      heatMap: own?.heatMap !== undefined,
      create: () => create(settled),
    };
  });
}

async function unnamed(source: Entry | Source, { kinds, ...tools }: RunTools): Promise<Unnamed[]> {
  if (isReadyMade(source)) {
    checkSource(source);
    return [{ id: source.id, name: source.id, analytics: undefined, create: () => Promise.resolve(source) }];
  }
  const { type, id, analytics, ...options } = source as Entry & Pick<Unnamed, 'id' | 'analytics'>;
  const kind = kindOf(kinds.sources, type);
  const each = (await kind.expand?.(options)) ?? [options];
  if (id !== undefined && each.length > 1)
    throw new SightlineError(
      'ERR_USAGE',
      `the id "${id}" is for one source, but ${each.length} are meant; leave it out, and each is named after its file`,
    );
  return each.map((chosen) => {
    const address = kind.address?.(chosen);
    return {
      id,
      address,
      name: address === undefined ? type : nameOf(address),
      analytics,
      create: async (settled) =>
        checkSource(await kind.create(chosen, { ...tools, id: settled }), `what the kind "${type}" made`),
    };
  });
}

/** Whether an entry of a list is an object that somebody has made already. */
export function isReadyMade<Made extends { readonly open: unknown }>(entry: Entry | Made): entry is Made {
  return typeof entry.open === 'function';
}

/** The kind of this type, which the options were checked against. */
export function kindOf<Kind extends { readonly type: string }>(kinds: readonly Kind[], type: string): Kind {
  return kinds.find((kind) => kind.type === type)!;
}

/** A file's name without its extension. */
function nameOf(address: string): string {
  const path =
    /^[a-z][a-z0-9+.-]+:\/\//i.test(address) && URL.canParse(address) ? new URL(address).pathname : address;
  return basename(path, extname(path)) || 'input';
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name}-${number}`;
  return free;
}
