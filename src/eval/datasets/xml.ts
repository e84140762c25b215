/** As much of XML as annotations have: elements, text, comments, CDATA, entities, and the encoding that a file declares. */
import { SightlineError } from '../../errors.js';

/** An element. */
export interface XmlElement {
  readonly name: string;
  /** The text in it, that of its elements left out. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** The first element of this name that lies right in another one. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

/** Code pages under the names that programs on Windows give them, and what the Encoding Standard calls them. */
const CODE_PAGES: Readonly<Record<string, string>> = {
  '932': 'shift_jis',
  '936': 'gbk',
  '949': 'euc-kr',
  '950': 'big5',
};
const PROLOGUE = /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"']+)["']/;

/**
 * Decodes a file: by its byte order mark, else by what it declares, else as UTF-8. One that is not in the encoding it
 * declares is taken for UTF-8 if it is that.
 * @throws SightlineError ERR_DATASET_INVALID for an encoding that nobody knows.
 */
export function decodeXml(bytes: Uint8Array, file: string): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0))
    return decode(bytes, 'utf-16le')!;
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c))
    return decode(bytes, 'utf-16be')!;
  const declared = PROLOGUE.exec(Buffer.from(bytes.subarray(0, 200)).toString('latin1'))?.[1] ?? 'utf-8';
  const [, page] = /^(?:cp|ms|windows-)-?(\d+)$/i.exec(declared) ?? [];
  // Who declares UTF-16 in letters of one byte has converted the text and not the declaration.
  const label = /^(utf-?16|utf-?32|ucs)/i.test(declared)
    ? 'utf-8'
    : page === undefined
      ? declared
      : (CODE_PAGES[page] ?? `windows-${page}`);
  try {
    return decode(bytes, label, true) ?? decode(bytes, 'utf-8', true) ?? decode(bytes, label)!;
  } catch (cause) {
    throw new SightlineError(
      'ERR_DATASET_INVALID',
      `${file} declares an unknown encoding, "${declared}"; save it as UTF-8`,
      { cause },
    );
  }
}

/** @returns undefined if it is `fatal` that some bytes mean nothing. @throws RangeError for an encoding that there is not. */
function decode(bytes: Uint8Array, label: string, fatal = false): string | undefined {
  const decoder = new TextDecoder(label, { fatal });
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

const TOKEN = new RegExp(
  [
    String.raw`<!--[^]*?-->|<\?[^]*?\?>`,
    String.raw`<!\[CDATA\[(?<data>[^]*?)\]\]>`,
    String.raw`<!DOCTYPE(?<types>[^[>]*(?:\[[^]*?\]\s*)?)>`,
    String.raw`<\/(?<ends>[^\s>]+)\s*>`,
    String.raw`<(?<begins>[^\s/>!?]+)(?:"[^"]*"|'[^']*'|[^>"'/]|\/(?!>))*(?<empty>\/?)>`,
    String.raw`(?<text>[^<]+)`,
    String.raw`(?<wrong><)`,
  ].join('|'),
  'g',
);

/**
 * Parses a document.
 * @returns its outermost element.
 * @throws SightlineError ERR_DATASET_INVALID if elements are not closed in their order or there are none.
 */
export function parseXml(text: string, file: string): XmlElement {
  const document = { name: '', text: '', children: [] as XmlElement[] };
  const open = [document];
  let entities: ReadonlyMap<string, string> = new Map();
  for (const { groups = {} } of text.matchAll(TOKEN)) {
    const { data, types, ends, begins, empty, text: plain, wrong } = groups;
    const inner = open.at(-1)!;
    if (data !== undefined) inner.text += data;
    else if (plain !== undefined) inner.text += unescapeXml(plain, entities);
    else if (types !== undefined) entities = entitiesOf(types);
    else if (begins !== undefined) {
      const element = { name: begins, text: '', children: [] };
      inner.children.push(element);
      if (empty === '') open.push(element);
    } else if (wrong !== undefined || (ends !== undefined && (open.length < 2 || open.pop()!.name !== ends)))
      throw invalid(file, `${ends === undefined ? '<' : `</${ends}>`} where none may be`);
  }
  const [root] = document.children;
  if (root === undefined) throw invalid(file, 'no element');
  if (open.length > 1)
    throw invalid(file, `<${open.at(-1)!.name}> without its end; the file may be cut short`);
  return root;
}

function invalid(file: string, what: string): SightlineError {
  return new SightlineError('ERR_DATASET_INVALID', `${file} is not XML: ${what}`);
}

/** Entities that a document declares itself; what they stand for is not looked through for more. */
function entitiesOf(types: string): ReadonlyMap<string, string> {
  return new Map(
    [...types.matchAll(/<!ENTITY\s+(\S+)\s+(?:"([^"]*)"|'([^']*)')\s*>/g)].map(([, name, a, b]) => [
      name!,
      a ?? b ?? '',
    ]),
  );
}

const SIGNS: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function unescapeXml(text: string, entities: ReadonlyMap<string, string>): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([^\s&;#]+));/gi,
    (whole, decimal?: string, hex?: string, name = '') => {
      if (decimal === undefined && hex === undefined)
        return SIGNS[name as string] ?? entities.get(name as string) ?? whole;
      const code = decimal === undefined ? parseInt(hex!, 16) : Number(decimal);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
