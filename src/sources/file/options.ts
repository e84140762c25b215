/** What a user can ask of a file: the one place that checks it. */
import { z } from 'zod';
import { SightlineError } from '../../errors.js';
import { parseSeconds } from '../../text/parse-seconds.js';

/** The number of seconds that a number or a text such as `1:30` says. */
function seconds(fits: (value: number) => boolean, rule: string) {
  const error = `expected seconds ${rule}, as a number or as h:mm:ss`;
  return z.union([z.number(), z.string()], { error }).transform((written, context) => {
    const value = typeof written === 'number' ? written : parseSeconds(written);
    if (value !== undefined && fits(value)) return value;
    context.addIssue({ code: 'custom', message: error });
    return z.NEVER;
  });
}

function wholeNumber(least: 0 | 1) {
  const error = `expected a whole number from ${least}`;
  return z.int({ error }).min(least, { error });
}

/** Which part of a file is processed. Keys that are not named here are refused. */
export const fileSourceOptions = z.strictObject({
  start: seconds((value) => value >= 0, 'from 0')
    .optional()
    .describe('Skips this much at the beginning: seconds, or h:mm:ss.'),
  duration: seconds((value) => value > 0, 'above 0')
    .optional()
    .describe('Processes this much of its media time: seconds, or h:mm:ss.'),
  stride: wholeNumber(1).optional().describe('Process every n-th frame.'),
  maxFrames: wholeNumber(1).optional().describe('Stop after this many processed frames.'),
  threads: wholeNumber(0).optional().describe("Threads of the decoder; ffmpeg's own choice if not given."),
});

/** As a caller writes them. */
export type FileSourceOptionsInput = z.input<typeof fileSourceOptions>;

/** Checked; times are seconds. */
export type FileSourceOptions = z.output<typeof fileSourceOptions>;

/**
 * Checks the options of one source.
 * @throws SightlineError ERR_USAGE: which option of which source, its value, what is expected.
 */
export function parseFileSourceOptions(id: string, options: FileSourceOptionsInput): FileSourceOptions {
  const parsed = fileSourceOptions.safeParse(options);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const key = path[0] as keyof FileSourceOptionsInput | undefined;
  const what = key === undefined ? `options of "${id}"` : `${key} of "${id}" is ${String(options[key])}`;
  throw new SightlineError('ERR_USAGE', `${what}: ${message}`);
}
