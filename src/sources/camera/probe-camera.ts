import type { FfmpegInstallation } from '../../ffmpeg/find-ffmpeg.js';
import { probeVideo, type VideoProbe } from '../../ffmpeg/probe.js';
import { cameraInput } from './camera-input.js';
import type { CameraOptions } from './options.js';

/**
 * Connects to a camera and says what it sends.
 * @throws SightlineError as `probeVideo` does, and for an attempt that takes longer than the options allow.
 */
export async function probeCamera(
  options: CameraOptions,
  ffmpeg: FfmpegInstallation,
  signal: AbortSignal,
): Promise<VideoProbe> {
  const { name, ...input } = cameraInput(options, ffmpeg);
  const { ffprobePath } = ffmpeg;
  const timeoutMs = 1000 * options.connectTimeout;
  const probe = await probeVideo({ ffprobePath, input, name, timeoutMs }, signal);
  return { ...probe, format: formatOf(options.url, probe) };
}

/** The list that hides the address of a camera hides the format, too. */
function formatOf(url: string, { format, codec }: VideoProbe): string {
  if (format !== 'concat') return format;
  if (/^rtsps?:/i.test(url)) return 'rtsp';
  return codec === 'mjpeg' ? 'mpjpeg' : 'hls';
}
