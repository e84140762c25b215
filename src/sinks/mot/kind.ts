import * as z from 'zod';
import type { SinkKind } from '../sink-kind.js';
import { createMotSink } from './mot-sink.js';

const options = z.strictObject({
  path: z.string().min(1).describe('File; {source} stands for the id of the source.'),
  interpolateSeconds: z
    .number()
    .min(0)
    .optional()
    .describe('Longest gap of a track that is filled with boxes in between; none if not given.'),
});

/** Tracks as MOTChallenge text. */
export const motSink: SinkKind<typeof options, 'mot'> = {
  type: 'mot',
  doc: 'Tracks as MOTChallenge text, a file for each source.',
  options,
  files: ['path'],
  oneSource: true,
  create: (chosen, { overwrite, logger }) => createMotSink({ ...chosen, overwrite, logger }),
};
