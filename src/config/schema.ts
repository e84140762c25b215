/**
 * Every option of a run, with its default: the one place that the command line, a YAML file and the library share.
 * Descriptions end up in config/sightline.schema.json.
 */
import { z } from 'zod';
import { analyticsSchema } from '../analytics/options.js';
import { MAX_SIDE, parseInputSize, SIZE_RULE, SIZE_STEP } from '../geometry/input-size.js';

const fraction = z.number().min(0).max(1);
const count = z.int().min(1);
const seconds = z.number().min(0);
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

const sourceOptions = z
  .strictObject({
    start: seconds.optional().describe('Seconds to skip at the beginning.'),
    duration: z.number().positive().optional().describe('Seconds of media to process.'),
    stride: count.default(1).describe('Process every n-th frame.'),
    maxFrames: count.optional().describe('Stop after this many processed frames.'),
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

const serveOptions = z.strictObject({
  port: z.int().min(0).max(65535).describe('Port of the live page and feed; 0 takes a free one.'),
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen on; 0.0.0.0 opens it to the network.'),
});

const outputOptions = z
  .strictObject({
    video: path.optional().describe('Annotated video; {name} stands for the name of the input.'),
    jsonl: path.optional().describe('Records, one a line; - is the standard output.'),
    mot: path.optional().describe('Tracks as MOTChallenge text; {name} stands for the name of the input.'),
    fillGapsSeconds: seconds
      .optional()
      .describe(
        'Longest gap of a track that the MOTChallenge text fills with boxes in between; none if not given.',
      ),
    heatMap: path
      .optional()
      .describe(
        'Heat map as PNG, once an input has ended; {name} stands for its name. Needs `heatMap` in analytics.',
      ),
    serve: serveOptions.optional().describe('Live page and WebSocket feed.'),
    overwrite: z.boolean().default(false).describe('Whether existing files may be replaced.'),
  })
  .prefault({});

/** All options of a run. */
export const optionsSchema = z.strictObject({
  inputs: z
    .array(path)
    .min(1, 'at least one input is needed')
    .describe('Video files, images or http(s) addresses.'),
  model: modelOptions,
  detect: detectOptions,
  source: sourceOptions,
  track: trackOptions,
  analytics: analyticsSchema.optional().describe('Lines, zones and the rest of it, for every input.'),
  analyticsBySource: z
    .record(z.string(), analyticsSchema)
    .optional()
    .describe('The same for inputs by their name, instead of `analytics`.'),
  output: outputOptions,
  framesInFlight: z
    .int()
    .min(2)
    .max(256)
    .default(8)
    .describe('Decoded frames of one input that may exist at once: the ceiling of its memory.'),
  concurrency: count.max(64).default(2).describe('Inputs that are processed at the same time.'),
});

/** What a caller writes: everything but `inputs` may be left out. */
export type OptionsInput = z.input<typeof optionsSchema>;

/** Options with every default in place. */
export type Options = z.output<typeof optionsSchema>;

/** All options of a replay: those of a run that have nothing to do with pictures and the network. */
export const replaySchema = optionsSchema
  .omit({ inputs: true, model: true, source: true, detect: true })
  .extend({
    recording: path.describe('Records that a run wrote, JSONL.'),
    video: path.optional().describe('The video that it was made from; where the records say if not given.'),
    confidence: fraction.optional().describe("Least confidence of an object; the recording's if not given."),
    classes: z.array(z.string().min(1)).min(1).optional().describe('Names of the classes to use.'),
  });

/** What a caller writes for a replay. */
export type ReplayInput = z.input<typeof replaySchema>;

/** Options of a replay with every default in place. */
export type ReplayOptions = z.output<typeof replaySchema>;
