/**
 * Every option of a run, with its default: the one place that the command line, a YAML file and the library share.
 * Descriptions end up in config/sightline.schema.json.
 */
import { z } from 'zod';
import type { Sink } from '../contract/sink.js';
import type { Source } from '../contract/source.js';
import { MAX_SIDE, parseInputSize, SIZE_RULE, SIZE_STEP } from '../geometry/input-size.js';
import { analyticsSchema } from '../analytics/options.js';
import { sourceOfText } from '../sources/source-of-text.js';
import { type Entry, type Kinds, listEntry, type SinkInput, type SourceKindInput } from './kinds.js';

const fraction = z.number().min(0).max(1);
const count = z.int().min(1);
const path = z.string().min(1);

const sizeRule = { error: `expected ${SIZE_RULE}` };
const side = z.int(sizeRule).min(SIZE_STEP, sizeRule).max(MAX_SIDE, sizeRule).multipleOf(SIZE_STEP, sizeRule);
const inputSize = z
  .union([side, z.string(), z.strictObject({ width: side, height: side })], sizeRule)
  .transform((written, context) => {
    const size = typeof written === 'object' ? written : parseInputSize(String(written));
    if (size !== undefined) return size;
    context.addIssue({ code: 'custom', message: sizeRule.error });
    return z.NEVER;
  });

const gpuOptions = z.strictObject({
  visibleDevices: z
    .array(z.int().min(0))
    .optional()
    .describe('Cards that may be used, by number as nvidia-smi counts; all if not given, none if empty.'),
  memoryGrowth: z
    .boolean()
    .default(true)
    .describe('Whether TensorFlow takes memory of a card as it needs it, or nearly all of it at once.'),
});

const modelOptions = z
  .strictObject({
    path: path.optional().describe('Folder with model.json and weights; the bundled street-b0 if not given.'),
    device: z
      .string()
      .min(1)
      .default('auto')
      .describe('auto, cpu, cuda, wasm, tensorflow, or backend:device; see `sightline doctor`.'),
    size: inputSize
      .optional()
      .describe(`Size of the network's input: ${SIZE_RULE}; the model's own if not given.`),
    threads: count
      .max(256)
      .optional()
      .describe('CPU threads of the network; as many as there are cores if not given.'),
    batch: count
      .max(64)
      .default(4)
      .describe('Most frames that the network takes at once; it never waits for them.'),
    precision: z
      .enum(['float32', 'bfloat16'])
      .default('float32')
      .describe(
        'What the network computes in; bfloat16, on tensorflow:cpu and processors made for it, takes less time.',
      ),
    gpu: gpuOptions.optional().describe('Use of graphics cards.'),
    modules: z
      .array(z.string().min(1))
      .optional()
      .describe(
        'Modules that tfjs imports first, such as one that registers a backend of it: paths or packages.',
      ),
  })
  .prefault({});

const detectOptions = z
  .strictObject({
    confidence: fraction
      .optional()
      .describe("Least confidence of an object, 0 to 1; the model's own default if not given."),
    iou: fraction
      .optional()
      .describe(
        "Boxes overlapping a better one by more than this are dropped; the model's own if not given.",
      ),
    classes: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Names of the classes to find; all if not given.'),
    classConfidence: z.record(z.string(), fraction).optional().describe('Least confidence by class name.'),
    agnostic: z.boolean().default(false).describe('Whether boxes of different classes suppress each other.'),
    maxDetections: count.default(300).describe('Most detections in one frame, best first.'),
  })
  .prefault({});

const trackOptions = z
  .strictObject({
    tracker: z
      .string()
      .min(1)
      .default('botsort')
      .describe('botsort, bytetrack, ocsort or sort: docs/tracking.md.'),
    cameraMotion: z
      .boolean()
      .default(false)
      .describe('Whether the camera moves, and botsort is to find out how from the pictures.'),
    highThreshold: fraction
      .optional()
      .describe('Detections from here on are matched first; `confidence` if not given.'),
    lowThreshold: fraction
      .optional()
      .describe('Detections from here on may continue a track, but not begin one; 0.1 if not given.'),
    newTrackThreshold: fraction
      .optional()
      .describe('Least confidence to begin a track; `highThreshold` + 0.1 if not given.'),
    matchThreshold: fraction
      .optional()
      .describe('Largest cost (1 - IoU x score) at which a detection continues a track; 0.8 if not given.'),
    bufferSeconds: z
      .number()
      .positive()
      .optional()
      .describe("Media time for which a lost track can come back; the tracker's own if not given."),
    parameters: z
      .record(z.string(), z.union([z.number(), z.boolean(), z.string()]))
      .optional()
      .describe('More parameters of the tracker, under the names that its authors gave them.'),
  })
  .prefault({});

/** Scheme, host and perhaps port, as browsers write it. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

const serverOptions = z.strictObject({
  port: z.int().min(0).max(65535).describe('Port of the live page and feed; 0 takes a free one.'),
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on; 0.0.0.0 opens it to the network.'),
  allowedOrigins: z
    .array(z.string().refine(isOrigin, 'expected an origin such as https://wall.example.com'))
    .default([])
    .describe(
      'Origins of other pages that may connect, such as https://wall.example.com. If there are any, the server knows no other names.',
    ),
});

/** What a run and a replay have in common. */
const shared = {
  modules: z
    .array(z.string().min(1))
    .default([])
    .describe('Modules with kinds of your own, from the folder of this file on: docs/extending.md.'),
  track: trackOptions,
  analytics: analyticsSchema
    .optional()
    .describe('Lines, zones and the rest of it, for every source that has none of its own.'),
  server: serverOptions.optional().describe('Live page and WebSocket feed.'),
  overwrite: z.boolean().default(false).describe('Whether existing files may be replaced.'),
  framesInFlight: z
    .int()
    .min(2)
    .max(256)
    .default(8)
    .describe('Decoded frames of one source that may exist at once: the ceiling of its memory.'),
  concurrency: count
    .max(64)
    .optional()
    .describe(
      'Files that are worked on at the same time; if not given as many as there are cores, at least 2.',
    ),
};

const id = z.string().regex(/^[^/\\]+$/, 'expected a name without slashes');
const ownAnalytics = analyticsSchema.optional().describe('Lines, zones and the rest of it, of this source.');

/** What every source has besides the options of its kind. */
const ofEverySource = {
  id: id
    .optional()
    .describe(
      'Its name in records, outputs and messages; if not given that of its file, without the extension.',
    ),
  analytics: ownAnalytics,
};

/** What it was before there were kinds. */
const renamed: Readonly<Record<string, string>> = {
  inputs: '; it is "sources" now, a list of paths or { type: file, path: … }',
  source: '; what it held belongs to each of "sources" now: { type: file, path: …, start: … }',
  output:
    '; it is "sinks" now, a list of { type: video, path: … } and the like, beside "server" and "overwrite"',
  analyticsBySource: '; "analytics" of one source stands in its entry of "sources" now',
};

/** A key that has another name now gets that said; for the others `checkOptions` knows what to say. */
function sayRenamed({ code, keys }: { code?: string | undefined; keys?: unknown }): string | undefined {
  return code === 'unrecognized_keys' ? renamed[(keys as readonly string[])[0]!] : undefined;
}

/** Objects may stand in the lists instead of options: in code, not in a file. */
interface ReadyMade {
  readonly source: z.ZodType<Source>;
  readonly sink: z.ZodType<Sink>;
}

function sinkList({ sinks }: Kinds, ready?: ReadyMade) {
  const entry = listEntry('sink', sinks, {});
  return z
    .array(ready === undefined ? entry : z.union([entry, ready.sink], 'expected { type: … }, or a sink'))
    .default([])
    .describe('What becomes of the results.');
}

function sourceList({ sources }: Kinds, ready?: ReadyMade) {
  const entry = listEntry('source', sources, ofEverySource);
  const path = z
    .string()
    .min(1)
    .transform((written): Entry => sourceOfText(written) as unknown as Entry);
  const either = [path.pipe(entry), entry, ...(ready === undefined ? [] : [ready.source])];
  return z
    .array(z.union(either, 'expected a path, or { type: … }'))
    .default([])
    .describe(
      'What is looked at. A path stands for { type: file, path: … }, an address such as rtsp://… for { type: camera, url: … }.',
    );
}

/**
 * All options of a run.
 * @param kinds what `type` of a source and a sink can be.
 */
export function optionsSchema(kinds: Kinds, ready?: ReadyMade) {
  return z.strictObject(
    {
      sources: sourceList(kinds, ready),
      sinks: sinkList(kinds, ready),
      model: modelOptions,
      detect: detectOptions,
      ...shared,
    },
    { error: sayRenamed },
  );
}

/** All options of a replay: those of a run that have nothing to do with images and the network. */
export function replaySchema(kinds: Kinds, ready?: ReadyMade) {
  return z.strictObject(
    {
      recording: path.describe('Records that a run wrote, JSONL.'),
      video: path.optional().describe('The video that it was made from; where the records say if not given.'),
      sources: z
        .array(z.strictObject({ id, analytics: ownAnalytics }))
        .default([])
        .describe('Sources of the recording that have analytics of their own.'),
      sinks: sinkList(kinds, ready),
      confidence: fraction
        .optional()
        .describe("Least confidence of an object; the recording's if not given."),
      classes: z.array(z.string().min(1)).min(1).optional().describe('Names of the classes to use.'),
      ...shared,
    },
    { error: sayRenamed },
  );
}

/** Options of a source. */
export type SourceInput = SourceKindInput & { readonly [Key in keyof CommonInput]?: CommonInput[Key] };

type CommonInput = { readonly id: string; readonly analytics: z.input<typeof analyticsSchema> };

/** What a caller writes: all of it may be left out. @typeParam Own options of kinds of the caller's own. */
export type OptionsInput<Own extends { readonly type: string } = never> = WithLists<
  z.input<ReturnType<typeof optionsSchema>>,
  { readonly sources?: readonly (string | SourceInput | Own | Source)[] } & SinksInput<Own>
>;

/** What a caller writes for a replay. */
export type ReplayInput<Own extends { readonly type: string } = never> = WithLists<
  z.input<ReturnType<typeof replaySchema>>,
  SinksInput<Own>
>;

interface SinksInput<Own> {
  readonly sinks?: readonly (SinkInput | Own | Sink)[];
}

type WithLists<Options, Lists> = Omit<Options, keyof Lists> & Lists;

/** Options with every default in place. */
export type Options = z.output<ReturnType<typeof optionsSchema>>;

/** Options of a replay with every default in place. */
export type ReplayOptions = z.output<ReturnType<typeof replaySchema>>;
