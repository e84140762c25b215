import { messageOf } from '../../errors.js';
import { printableName } from './weights.js';

/** Ends the reading of a file with the first thing that is wrong with it. */
export type Fail = (problem: string, cause?: unknown) => never;

const PREFIX_BYTES = 8;

/** The header of the largest network of this family has 0.2 MB. */
const MAX_HEADER_BYTES = 16 * 2 ** 20;

/** A header is an object of objects of lists. */
const MAX_DEPTH = 4;

/**
 * The header of a safetensors file and where the tensors' bytes start.
 *
 * JSON's own reader takes the last of two equal names, and what nests deeper than any header does; both are refused here
 * before it sees them.
 */
export function readHeader(bytes: Uint8Array, fail: Fail): { header: object; dataStart: number } {
  if (bytes.byteLength < PREFIX_BYTES) fail(`it has ${bytes.byteLength} bytes, too few for a header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(bytes.byteLength - PREFIX_BYTES)) {
    fail(`its header claims ${length.toString()} bytes, the file has ${bytes.byteLength}`);
  }
  if (length > MAX_HEADER_BYTES) {
    fail(`its header has ${length.toString()} bytes, more than the ${MAX_HEADER_BYTES} that are read`);
  }
  const dataStart = PREFIX_BYTES + Number(length);
  let header: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(PREFIX_BYTES, dataStart));
    checkNames(text, fail);
    header = JSON.parse(text);
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) {
      fail(`its header is not JSON (${printableName(messageOf(cause))})`, cause);
    }
    throw cause;
  }
  if (!isRecord(header)) return fail('its header is not a JSON object');
  return { header, dataStart };
}

/** Walks once over the text of a JSON object: no name of the outermost object twice, no deep nesting. */
function checkNames(text: string, fail: Fail): void {
  const names = new Set<string>();
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{' || char === '[') {
      if (++depth > MAX_DEPTH) fail(`its header nests deeper than ${MAX_DEPTH} levels`);
    } else if (char === '}' || char === ']') {
      depth--;
    } else if (char === '"') {
      const start = at++;
      while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
      if (depth !== 1 || !isFollowedByColon(text, at + 1)) continue;
      const name = JSON.parse(text.slice(start, at + 1)) as string;
      if (names.has(name)) fail(`its header names "${printableName(name)}" twice`);
      names.add(name);
    }
  }
}

function isFollowedByColon(text: string, from: number): boolean {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return text[at] === ':';
}

/** Whether a JSON value is an object. */
export function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
