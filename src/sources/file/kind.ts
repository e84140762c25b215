import * as z from 'zod';
import type { SourceKind } from '../source-kind.js';
import { createFileSource } from './file-source.js';
import { matchFiles } from './match-files.js';
import { fileSourceOptions } from './options.js';

const options = fileSourceOptions.extend({
  path: z
    .string()
    .min(1)
    .describe(
      'Video file, image or http(s) address; a pattern such as cams/*.mp4 means every file that matches.',
    ),
});

/** Video files, images, and files behind http(s). */
export const fileSource: SourceKind<typeof options, 'file'> = {
  type: 'file',
  doc: 'A video file, an image or an http(s) address, read as fast as its frames are taken.',
  options,
  address: ({ path }) => path,
  expand: async (chosen) => (await matchFiles(chosen.path)).map((path) => ({ ...chosen, path })),
  create: async (chosen, { id, logger, ffmpeg }) =>
    createFileSource({ ...chosen, id, logger, ffmpeg: await ffmpeg() }),
};
