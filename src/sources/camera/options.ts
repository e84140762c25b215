/** What a user can ask of a camera: the one place that checks it. */
import { z } from 'zod';

function seconds(least: number, rule: string) {
  const error = `expected seconds ${rule}`;
  return z.number({ error }).min(least, { error });
}

/** Options of a camera; times are seconds. Keys that are not named here are refused. */
export const cameraOptions = z.strictObject({
  url: z
    .string()
    .min(1)
    .describe(
      'Address of the stream: rtsp://, rtsps://, http(s):// (MJPEG or HLS), rtmp://, srt:// or udp://.',
    ),
  transport: z
    .enum(['tcp', 'udp'], { error: 'expected "tcp" or "udp"' })
    .default('tcp')
    .describe('How RTSP carries its packets. "udp" is for networks that lose none.'),
  fps: z
    .number({ error: 'expected frames per second above 0' })
    .positive({ error: 'expected frames per second above 0' })
    .optional()
    .describe('At most so many frames a second are processed; the others are not even copied.'),
  connectTimeout: seconds(0.1, 'from 0.1')
    .default(10)
    .describe('Seconds that an attempt to connect may take.'),
  stallTimeout: seconds(0.1, 'from 0.1')
    .default(5)
    .describe(
      'After so many seconds without a frame it is stalled, after three times as many it is connected to anew.',
    ),
  longestWait: seconds(0.1, 'from 0.1')
    .default(30)
    .describe('Seconds between two attempts at most; the wait begins at half a second and doubles.'),
  giveUpAfter: seconds(0, 'from 0')
    .optional()
    .describe('Fails for good after so many seconds without a frame; never if not given.'),
  duration: z
    .number({ error: 'expected seconds above 0' })
    .positive({ error: 'expected seconds above 0' })
    .optional()
    .describe('Ends after so many seconds of its time; never if not given.'),
  maxFrames: z
    .int({ error: 'expected a whole number from 1' })
    .min(1, { error: 'expected a whole number from 1' })
    .optional()
    .describe('Ends after so many processed frames.'),
  threads: z
    .int({ error: 'expected a whole number from 0' })
    .min(0, { error: 'expected a whole number from 0' })
    .optional()
    .describe("Threads of the decoder; ffmpeg's own choice if not given."),
});

/** As a caller writes them. */
export type CameraOptionsInput = z.input<typeof cameraOptions>;

/** Checked; times are seconds. */
export type CameraOptions = z.output<typeof cameraOptions>;
