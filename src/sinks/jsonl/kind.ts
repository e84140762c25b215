import * as z from 'zod';
import type { SinkKind } from '../sink-kind.js';
import { createJsonlSink } from './jsonl-sink.js';

const options = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      'File; - is the standard output. With {source}, which stands for its id, each source has its own.',
    ),
});

/** Records as JSON lines: docs/records.md. */
export const jsonlSink: SinkKind<typeof options, 'jsonl'> = {
  type: 'jsonl',
  doc: 'Records, one a line: docs/records.md.',
  options,
  files: ['path'],
  create: ({ path }, { overwrite, logger }) => createJsonlSink({ path, overwrite, logger }),
};
