/** What stands in every model's model.json, whatever its architecture. */
import * as z from 'zod';
import type { InputGeometry } from '../../contract/frame.js';

/** How pictures are put in front of a network. */
export interface InputSettings {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Order of the channels of a pixel. */
  readonly channels: 'rgb' | 'bgr';
  /** What a sample of 0 to 255 is multiplied with first. */
  readonly scale: number;
  /** What is subtracted after that, by channel in their order; nothing if not given. */
  readonly mean?: Channels | undefined;
  /** What is divided by at last, by channel; nothing if not given. */
  readonly std?: Channels | undefined;
  /** Whether the network takes pictures of other sizes as well. */
  readonly anySize?: boolean | undefined;
  /** 1 where the network takes one picture at a time; any number if not given. */
  readonly batch?: 1 | undefined;
  readonly letterbox: Letterboxing;
}

/** A number for each channel. */
export type Channels = readonly [number, number, number];

/** Grey level of the borders, scaling filter, fit and placement. */
export type Letterboxing = Omit<InputGeometry, 'width' | 'height'>;

/** What stands in a model folder's model.json; each architecture has keys of its own besides. */
export interface ModelManifest {
  readonly format: typeof MANIFEST_FORMAT;
  readonly name: string;
  /** One of the registry's names. */
  readonly architecture: string;
  readonly input: InputSettings;
  /** Names in the order of the network's class channels. */
  readonly classes: readonly string[];
  readonly defaults: { readonly confidence: number; readonly iou: number };
  readonly weights: {
    /** Name of a file beside model.json. */
    readonly file: string;
    /** 64 lower-case hexadecimal digits. */
    readonly sha256: string;
  };
  /** What the model's maker measured; shown, never used. */
  readonly metrics?: Readonly<Record<string, unknown>> | undefined;
}

/** What a manifest says before the weights are written: all but their checksum. */
export type Unwritten<M extends ModelManifest> = Omit<M, 'weights'> & {
  readonly weights: Omit<M['weights'], 'sha256'>;
};

/** What the reference does without a letterbox. */
export const STRETCHED = { pad: 128, kernel: 'bicubic', fit: 'stretch' } as const;

/** Value of `format`. */
export const MANIFEST_FORMAT = 'sightline-model/1';

const fraction = z.number().min(0).max(1);

/** How every picture is fitted into the input. `letterbox: false` says shortly what the reference calls so: it is stretched. */
const letterboxKeys = {
  pad: z.int().min(0).max(255),
  kernel: z.literal(['area', 'bicubic', 'bilinear']),
  fit: z.literal(['letterbox', 'stretch']).optional(),
};

/** Checks `input.letterbox`. @param more keys that an architecture has besides. */
export function letterboxSchema<More extends z.ZodRawShape>(more: More) {
  return z.preprocess(
    (value) => (value === false ? STRETCHED : value),
    z.strictObject(
      { ...letterboxKeys, ...more },
      { error: 'expected an object, or false for stretched pictures' },
    ),
  );
}

/** Name and checksum of the file of numbers. */
export const weightsKeys = {
  file: z.string().regex(/^(?!\.+$)[^/\\\0]+$/, { error: 'must be the name of a file beside model.json' }),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be 64 lower-case hexadecimal digits' }),
};

/** The keys that are the same everywhere; architectures add `architecture`, `input`, `weights` and their own. */
export const manifestKeys = {
  format: z.literal(MANIFEST_FORMAT),
  name: z.string().min(1),
  classes: z
    .array(z.string().min(1))
    .min(1)
    .max(10_000)
    .refine((names) => new Set(names).size === names.length, { error: 'must not name a class twice' }),
  defaults: z.strictObject({ confidence: fraction, iou: fraction }),
  metrics: z.record(z.string(), z.unknown()).optional(),
};
