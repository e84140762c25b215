import * as z from 'zod';
import type { SinkKind } from '../sink-kind.js';
import { createVideoSink } from './video-sink.js';

const options = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe('File: .mp4, .m4v, .mov, .mkv or .webm; {source} stands for the id of the source.'),
});

/** Annotated video. */
export const videoSink: SinkKind<typeof options, 'video'> = {
  type: 'video',
  doc: 'Annotated video with the timestamps and the audio of its source, a file for each source.',
  options,
  files: ['path'],
  oneSource: true,
  async create({ path }, { ffmpeg, overwrite, source, logger }) {
    const audioFrom = source?.address;
    return createVideoSink({
      path,
      ffmpeg: await ffmpeg(),
      overwrite,
      ...(audioFrom !== undefined && { audioFrom }),
      logger,
    });
  },
};
