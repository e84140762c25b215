/** Aliases and merge keys of a YAML document, looked at before they are followed. */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type Pair,
} from 'yaml';

/** Values that aliases may stand for, all counted: more were never meant by a person. */
const MOST_VALUES = 100_000;

/** What an alias stands for; any other node is itself. */
export type Resolve = (node: unknown) => unknown;

/**
 * Follows all aliases, and refuses what cannot be used: one without its anchor, one within what it stands for, so many of
 * aliases that memory would not hold their values, a merge of something that has no keys, a key that is no word.
 * @param fail throws, with the place.
 */
export function expandAliases(document: Document, fail: (offset: number, message: string) => never): Resolve {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  let values = 0;

  const refuse = (node: unknown, message: string): never =>
    fail(isNode(node) ? (node.range?.[0] ?? 0) : 0, message);

  const follow = (alias: Alias, open: ReadonlySet<Node>, outer: Alias): void => {
    // An anchor may be given twice: an alias means the one before it.
    const target = targets.get(alias) ?? anchors.get(alias.source);
    if (target === undefined)
      return refuse(alias, `there is no anchor "&${alias.source}" before the alias "*${alias.source}"`);
    if (open.has(target))
      refuse(alias, `the alias "*${alias.source}" stands within what it stands for: that has no end`);
    targets.set(alias, target);
    walk(target, open, outer);
  };

  const walk = (node: unknown, open: ReadonlySet<Node>, outer?: Alias): void => {
    if (isAlias(node)) {
      follow(node, open, outer ?? node);
      return;
    }
    if (outer !== undefined && ++values > MOST_VALUES)
      refuse(outer, `aliases stand for more than ${MOST_VALUES} values up to here; write out what is meant`);
    if (!isNode(node)) return;
    if (outer === undefined && node.anchor !== undefined) anchors.set(node.anchor, node);
    const within = new Set([...open, node]);
    if (isSeq(node)) for (const item of node.items) walk(item, within, outer);
    if (!isMap(node)) return;
    for (const pair of node.items) {
      if (!isScalar(pair.key)) refuse(pair.key, 'a key has to be a plain word');
      walk(pair.key, within, outer);
      walk(pair.value, within, outer);
      if (isMergeKey(pair) && !isMergeable(pair.value, (value) => resolve(value)))
        refuse(pair.key, '"<<" takes an alias of something that has keys, or a list of such aliases');
    }
  };

  const resolve: Resolve = (node) => (isAlias(node) ? targets.get(node) : node);
  walk(document.contents, new Set());
  return resolve;
}

/** `<<`, which takes over the keys of another map. */
export function isMergeKey({ key }: Pair): boolean {
  return isScalar(key) && typeof key.value === 'symbol';
}

function isMergeable(value: unknown, resolve: Resolve): boolean {
  const from = resolve(value);
  return isMap(from) || (isSeq(from) && from.items.every((item) => isMap(resolve(item))));
}
