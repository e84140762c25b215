import type { SourceKind } from '../source-kind.js';
import { createCameraSource } from './camera-source.js';
import { cameraOptions } from './options.js';

/** Cameras and other streams that go on for ever. */
export const cameraSource: SourceKind<typeof cameraOptions, 'camera'> = {
  type: 'camera',
  doc: 'A stream that is connected to again and again: rtsp(s)://, http(s):// (MJPEG, HLS), rtmp://, srt://, udp://.',
  options: cameraOptions,
  address: ({ url }) => url,
  create: async (options, { id, logger, ffmpeg }) =>
    createCameraSource({ options, id, logger, ffmpeg: await ffmpeg() }),
};
