/** Parameters that several trackers have: times in seconds, or in frames where `frame_rate` says how many a second has. */
import * as z from 'zod';
import { numberFrom } from '../options/check-options.js';
import type { BoxChoice } from './report.js';

/** IoU from which boxes of different classes are one object, where nothing else is said. */
const CROSS_CLASS_IOU = 0.7;
/** Media time of a frame where nothing else is said. */
const NOMINAL_INTERVAL_US = 1e6 / 30;

export const fraction = numberFrom(0, 1);
export const flag = z.boolean('expected true or false');

/** A time in the unit that `frame_rate` decides, so the default cannot be filled in before that is known. */
export function time(fallbackSeconds: number, description: string) {
  return numberFrom(0, 86_400).optional().meta({ description, default: fallbackSeconds });
}

/** @param smooth whether the filter's box is what this tracker reports. */
export function commonParameters(smooth: boolean) {
  return {
    cross_class_iou: fraction.optional().meta({
      description:
        'overlap from which boxes of different classes are one object; 0 ignores classes, 1 keeps them apart',
      default: CROSS_CLASS_IOU,
    }),
    class_agnostic: flag.optional().describe('true is `cross_class_iou: 0`, false is 1'),
    smooth_boxes: flag.default(smooth).describe("report the filter's box, or the detected one"),
    frame_rate: numberFrom(0.01, 10_000).optional().describe('see below'),
    nominal_interval_us: numberFrom(100, 1e9)
      .optional()
      .meta({
        description: "media time that one step of the filter's noise stands for",
        default: Math.round(NOMINAL_INTERVAL_US),
      }),
    as_published: flag
      .default(false)
      .describe("do as the authors' programs do, to the letter, where ours differ on purpose (see below)"),
  };
}

type Common = z.output<z.ZodObject<ReturnType<typeof commonParameters>>>;

/** Two parameters say the same thing. For `superRefine`. */
export function oneRuleForClasses(options: Common, context: z.core.$RefinementCtx): void {
  if (options.class_agnostic === undefined || options.cross_class_iou === undefined) return;
  complain(context, 'class_agnostic', 'give either class_agnostic or cross_class_iou, not both');
}

/** Adds a complaint about one parameter in the light of another. */
export function complain(context: z.core.$RefinementCtx, parameter: string, message: string): void {
  context.addIssue({ code: 'custom', path: [parameter], message });
}

/** What the common parameters come to. */
export interface CommonParameters {
  readonly crossClassIou: number;
  readonly nominalIntervalUs: number;
  readonly boxes: BoxChoice;
  readonly asPublished: boolean;
}

/** Decides what hangs together. */
export function decideCommon(options: Common): CommonParameters {
  const { frame_rate: rate, class_agnostic: agnostic, as_published: asPublished } = options;
  // The authors' programs know one class only.
  const usual = agnostic === undefined ? (asPublished ? 0 : CROSS_CLASS_IOU) : agnostic ? 0 : 1;
  const crossClassIou = options.cross_class_iou ?? usual;
  return {
    // Nothing overlaps by more than 1, but equal boxes do by 1: at 1 even these stay apart.
    crossClassIou: crossClassIou < 1 ? crossClassIou : Infinity,
    nominalIntervalUs: options.nominal_interval_us ?? (rate === undefined ? NOMINAL_INTERVAL_US : 1e6 / rate),
    boxes: options.smooth_boxes ? 'filter' : 'detection',
    asPublished,
  };
}

/** A time in microseconds, given in the unit that the frame rate decides, or in seconds if it has its default. */
export function microsecondsOf(
  given: number | undefined,
  fallbackSeconds: number,
  rate: number | undefined,
): number {
  if (given === undefined) return fallbackSeconds * 1e6;
  // Half a frame more: a buffer of 30 frames holds in the 30th frame whatever rounding does to its time.
  return (rate === undefined ? given : (given + 0.5) / rate) * 1e6;
}
