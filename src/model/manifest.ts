import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { messageOf, SightlineError } from '../errors.js';
import { codeOf } from '../files/reasons.js';
import { MAX_SIDE, SIZE_STEP } from '../geometry/input-size.js';

/** The size steps of EfficientNet, B0 to B7. */
export type Phi = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** Width and height of one prior box, in pixels of the network's input. */
type Anchor = readonly [width: number, height: number];

/** What stands in a model folder's model.json. */
export interface ModelManifest {
  readonly format: 'sightline-model/1';
  readonly name: string;
  /** `efficientnet-b0` … `efficientnet-b7`; see {@link phiOf}. */
  readonly backbone: `efficientnet-b${Phi}`;
  readonly head: 'yolov3';
  readonly input: {
    /** Pixels; a multiple of 32, as is the height. */
    readonly width: number;
    readonly height: number;
    readonly channels: 'rgb';
    /** What a uint8 sample is multiplied with before the first convolution. */
    readonly scale: number;
    readonly letterbox: {
      /** Grey level of the borders, 0 to 255. */
      readonly pad: number;
      readonly kernel: 'area' | 'bicubic' | 'bilinear';
    };
  };
  /** Names in the order of the network's class channels. */
  readonly classes: readonly string[];
  /** Nine prior boxes. */
  readonly anchors: readonly Anchor[];
  /** For each head (p5, p4, p3) the indices of its three anchors. */
  readonly anchorMask: readonly (readonly [number, number, number])[];
  readonly batchNormEpsilon: number;
  readonly defaults: { readonly confidence: number; readonly iou: number };
  readonly weights: {
    /** Name of a file beside model.json. */
    readonly file: string;
    /** 64 lower-case hexadecimal digits. */
    readonly sha256: string;
    /** Kernels are H,W,I,O and depthwise kernels H,W,C,1. */
    readonly layout: 'keras';
  };
  /** What the model's maker measured; shown, never used. */
  readonly metrics?: Readonly<Record<string, unknown>> | undefined;
}

/** Name of the manifest in a model folder. */
export const MANIFEST_FILE = 'model.json';

const FORMAT = 'sightline-model/1';

const side = z
  .int()
  .min(SIZE_STEP)
  .max(MAX_SIDE)
  .multipleOf(SIZE_STEP, { error: `must be a multiple of ${SIZE_STEP}` });
const fraction = z.number().min(0).max(1);
const anchorIndex = z.int().min(0).max(8);

const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  name: z.string().min(1),
  backbone: z.templateLiteral(['efficientnet-b', z.literal([0, 1, 2, 3, 4, 5, 6, 7])], {
    error: 'must be efficientnet-b0 to efficientnet-b7',
  }),
  head: z.literal('yolov3'),
  input: z.strictObject({
    width: side,
    height: side,
    channels: z.literal('rgb'),
    scale: z.number().positive(),
    letterbox: z.strictObject({
      pad: z.int().min(0).max(255),
      kernel: z.literal(['area', 'bicubic', 'bilinear']),
    }),
  }),
  classes: z
    .array(z.string().min(1))
    .min(1)
    .max(10_000)
    .refine((names) => new Set(names).size === names.length, { error: 'must not name a class twice' }),
  anchors: z.array(z.tuple([z.number().positive(), z.number().positive()])).length(9),
  anchorMask: z
    .array(z.tuple([anchorIndex, anchorIndex, anchorIndex]))
    .length(3)
    .refine((rows) => new Set(rows.flat()).size === 9, { error: 'must use each of the nine anchors once' }),
  batchNormEpsilon: z.number().positive(),
  defaults: z.strictObject({ confidence: fraction, iou: fraction }),
  weights: z.strictObject({
    file: z.string().regex(/^(?!\.+$)[^/\\\0]+$/, { error: 'must be the name of a file beside model.json' }),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be 64 lower-case hexadecimal digits' }),
    layout: z.literal('keras'),
  }),
  metrics: z.record(z.string(), z.unknown()).optional(),
});

/** The EfficientNet step of a manifest's backbone. */
export function phiOf(manifest: ModelManifest): Phi {
  return Number(manifest.backbone.slice('efficientnet-b'.length)) as Phi;
}

/**
 * Reads and checks `model.json` of a model folder. The weights are not touched: see {@link readWeights}.
 * @throws SightlineError ERR_MODEL_NOT_FOUND without folder or file, ERR_MODEL_INVALID with the path of the wrong key.
 */
export async function loadManifest(dir: string): Promise<ModelManifest> {
  const path = join(dir, MANIFEST_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw unreadable(`no model in "${dir}"`, path, cause, 'pass a folder that holds model.json');
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new SightlineError('ERR_MODEL_INVALID', `"${path}" is not JSON: ${oneLine(messageOf(cause))}`, {
      cause,
    });
  }
  return parseManifest(json, path);
}

/**
 * Checks what was read from a model.json.
 * @param origin how the file is called in messages.
 * @throws SightlineError ERR_MODEL_INVALID with the path of the first wrong key.
 */
export function parseManifest(json: unknown, origin: string): ModelManifest {
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const more = parsed.error.issues.length - 1;
  const problem = issue === undefined ? 'unknown problem' : describe(issue);
  const rest = more > 0 ? ` (and ${more} more)` : '';
  throw new SightlineError('ERR_MODEL_INVALID', `"${origin}": ${oneLine(problem)}${rest}`, {
    cause: parsed.error,
  });
}

/**
 * Reads a model's weights and compares them with the manifest's checksum.
 * @returns the file's bytes; they belong to the caller.
 * @throws SightlineError ERR_MODEL_NOT_FOUND if the file is not there, ERR_WEIGHTS_INVALID if it is another one.
 */
export async function readWeights(dir: string, manifest: ModelManifest): Promise<Uint8Array> {
  const path = join(dir, manifest.weights.file);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw unreadable(`model "${manifest.name}" has no weights`, path, cause, 'download the model again');
  }
  const sum = createHash('sha256').update(bytes).digest('hex');
  if (sum !== manifest.weights.sha256) {
    throw new SightlineError(
      'ERR_WEIGHTS_INVALID',
      `"${path}" (${bytes.byteLength} bytes) has the SHA-256 ${sum.slice(0, 12)}…, model.json says ` +
        `${manifest.weights.sha256.slice(0, 12)}…: the file is damaged or another model's; copy it again`,
    );
  }
  return bytes;
}

function unreadable(what: string, path: string, cause: unknown, advice: string): SightlineError {
  return new SightlineError(
    'ERR_MODEL_NOT_FOUND',
    `${what}: cannot read "${path}" (${codeOf(cause) ?? messageOf(cause)}); ${advice}`,
    {
      cause,
    },
  );
}

function describe(issue: z.core.$ZodIssue): string {
  const path = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const key = path.replace(/^\./, '');
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((name) => `"${key === '' ? name : `${key}.${name}`}"`).join(', ');
    return `unknown key ${names}`;
  }
  return key === '' ? issue.message : `${key}: ${issue.message}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
