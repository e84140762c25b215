/** Checks options with the schema that describes them, and says in one line what is wrong. */
import * as z from 'zod';
import { SightlineError } from '../errors.js';
import { didYouMean } from '../text/nearest-name.js';

/** What a schema describes, for those who read it and do not change it. */
export type DeepReadonly<T> = { readonly [Key in keyof T]: DeepReadonly<T[Key]> };

/** What is wrong with a value. */
export interface OptionProblem {
  /** Where; that of an unknown key itself. */
  readonly path: readonly PropertyKey[];
  /** One line: key path, value, what is expected. */
  readonly message: string;
}

/** A number within bounds; the message names both. */
export function numberFrom(least: number, most: number): z.ZodNumber {
  const error = `expected a number from ${least} to ${most}`;
  return z.number(error).min(least, error).max(most, error);
}

/** A whole number within bounds; the message names both. */
export function integerFrom(least: number, most: number): z.ZodInt {
  const error = `expected a whole number from ${least} to ${most}`;
  return z.int(error).min(least, error).max(most, error);
}

/**
 * @param of what the options are those of, for instance `analytics`; it stands before the message.
 * @returns the options with the defaults in place.
 * @throws SightlineError ERR_USAGE for the first thing that is wrong.
 */
export function checkOptions<Schema extends z.ZodType>(
  schema: Schema,
  options: unknown,
  of?: string,
): z.output<Schema> {
  const parsed = schema.safeParse(options, { error: inWords });
  if (parsed.success) return parsed.data;
  const { message } = describe(mostTelling(parsed.error.issues)!, options, schema);
  throw new SightlineError('ERR_USAGE', of === undefined ? message : `${of}: ${message}`);
}

/** The first thing that is wrong with options; undefined if nothing is. */
export function findProblem(schema: z.ZodType, options: unknown): OptionProblem | undefined {
  const { error } = schema.safeParse(options, { error: inWords });
  return error && describe(mostTelling(error.issues)!, options, schema);
}

/** What zod's own words say in the terms of a schema. Which name is near depends on the names that there are. */
function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') {
    const quotes = issue.expected === 'string' && issue.input !== undefined ? ', in quotes' : '';
    return EXPECTED[issue.expected]?.concat(quotes);
  }
  if (issue.code !== 'unrecognized_keys' || !(issue.inst instanceof z.ZodObject)) return undefined;
  return didYouMean(issue.keys[0] ?? '', Object.keys(issue.inst.shape));
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'expected text',
  number: 'expected a number',
  int: 'expected a whole number',
  boolean: 'expected true or false',
  array: 'expected a list',
  object: 'expected keys with values',
  record: 'expected keys with values',
};

function describe(found: z.core.$ZodIssue, input: unknown, schema: z.ZodType): OptionProblem {
  const issue = innermost(found);
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const unknown = [...path, key];
    const elsewhere = message === '' ? placesOf(key, schema) : [];
    const hint = elsewhere.length === 0 ? message : ` (did you mean "${elsewhere.join('" or "')}"?)`;
    return { path: unknown, message: `unknown option "${unknown.join('.')}"${hint}` };
  }
  if (path.length === 0) return { path, message: `expected options, found ${written(input)}` };
  const value = path.reduce<unknown>(
    (at, step) =>
      typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[step] : undefined,
    input,
  );
  const said = message.charAt(0).toLowerCase() + message.slice(1);
  return { path, message: `option "${path.join('.')}" ${show(value)}: ${said}` };
}

/** Where one of several shapes is expected, what is wrong within the one that the value comes nearest to. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  let deepest: z.core.$ZodIssue = issue;
  for (const issues of issue.errors) {
    const first = mostTelling(issues);
    if (first === undefined) continue;
    const inner = innermost({ ...first, path: [...issue.path, ...first.path] });
    if (depthOf(inner) > depthOf(deepest)) deepest = inner;
  }
  return deepest;
}

/** Of a mistyped key, the key says more than that another one is missing. */
function mostTelling(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue | undefined {
  return issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
}

function depthOf(issue: z.core.$ZodIssue): number {
  return issue.path.length + (issue.code === 'unrecognized_keys' ? 1 : 0);
}

/** Where else a key of this name stands: people write `device` without the `model` around it. */
function placesOf(key: string, schema: unknown, above: readonly string[] = []): readonly string[] {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault)
    inner = inner.unwrap();
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape).flatMap(([name, member]) => [
    ...(name === key ? [[...above, name].join('.')] : []),
    ...placesOf(key, member, [...above, name]),
  ]);
}

function show(value: unknown): string {
  return value === undefined ? 'is missing' : `is ${written(value)}`;
}

function written(value: unknown): string {
  const text = (asJson(value) ?? `a ${typeof value} that cannot stand here`).replaceAll(/\s+/g, ' ');
  return text.length > 100 ? `${text.slice(0, 97)}...` : text;
}

/** Undefined for what JSON has no words for: functions, what holds itself. */
function asJson(value: unknown): string | undefined {
  if (typeof value === 'number' || value === undefined) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
