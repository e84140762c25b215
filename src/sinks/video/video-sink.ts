import { SightlineError } from '../../errors.js';
import type { FfmpegInstallation } from '../../ffmpeg/find-ffmpeg.js';
import { listEncoders } from '../../ffmpeg/list-encoders.js';
import { SILENT_LOGGER } from '../../contract/logger.js';
import type { Logger } from '../../contract/logger.js';
import type { Sink } from '../../contract/sink.js';
import { addressOf } from './add-audio.js';
import { chooseVideoEncoder, containerOf } from './container.js';
import { classWarning } from './label-warning.js';
import { OutputFile } from '../files/output-file.js';
import { VideoStream } from './video-stream.js';
import { STALL_MS } from './watch-child.js';

/** Where annotated video goes. */
export interface VideoSinkOptions {
  /** Its extension names the container: .mp4, .m4v, .mov, .mkv or .webm. */
  readonly path: string;
  readonly ffmpeg: FfmpegInstallation;
  /** Whether an existing file may be replaced. */
  readonly overwrite?: boolean;
  /** Path or address of the source itself, to take its audio from; no audio if not given. */
  readonly audioFrom?: string;
  readonly logger?: Logger;
}

/**
 * Calls may take longer than a stalled ffmpeg is waited for. An end is as long as the file: its index is put in front and its
 * audio joined, hours of it perhaps; there too what does nothing is given up after `STALL_MS`.
 */
const DEADLINES = { writeMs: 2 * STALL_MS, endMs: 24 * 3_600_000 };

/**
 * Writes the pictures of one source with boxes, labels and trails drawn into them. The video has the frames and timestamps
 * of its source, and its audio, copied where the container allows. It is made beside its place under another name and
 * moved there when it is whole; a run that is stopped or fails leaves a playable file with the frames that there were.
 *
 * The file holds one source: opening a second one throws ERR_USAGE. `prepare` and `open` throw ERR_SINK_EXISTS,
 * ERR_SINK_UNWRITABLE, ERR_USAGE if the file is the input itself, and ERR_FFMPEG_FAILED if ffmpeg has no encoder for it;
 * the stream throws ERR_SINK_FAILED.
 * @throws SightlineError ERR_USAGE for an extension that is not known.
 */
export function createVideoSink(options: VideoSinkOptions): Sink {
  const { path, ffmpeg, overwrite = false, audioFrom, logger = SILENT_LOGGER } = options;
  const container = containerOf(path);
  const output = new OutputFile(path, overwrite);
  let owner: string | undefined;
  let told = false;

  async function prepare(): Promise<void> {
    // Before all else: "exists, pass --overwrite" would be bad advice for the input itself.
    if (audioFrom !== undefined) await output.checkDistinctFrom([audioFrom]);
    await output.check();
    if (told) return;
    told = true;
    for (const left of await output.leftovers())
      logger.warn(
        {},
        `"${left}" was left by a run to "${path}" that was killed or is still going on; play it or remove it`,
      );
  }

  return {
    name: 'video',
    policy: 'wait',
    pixels: true,
    deadlines: DEADLINES,
    prepare,
    async open(source, detector) {
      if (owner !== undefined)
        throw new SightlineError(
          'ERR_USAGE',
          `the video output "${path}" already belongs to "${owner}"; give "${source.id}" its own file`,
        );
      owner = source.id;
      await output.checkDistinctFrom([source.uri]);
      await prepare();
      const available = await listEncoders(ffmpeg);
      const encoder = chooseVideoEncoder(container, available);
      const [preferred] = container.videoEncoders;
      if (encoder !== preferred)
        logger.warn(
          { source: source.id },
          `this ffmpeg has no ${preferred}; "${path}" is encoded with ${encoder} instead`,
        );
      const unreadable = classWarning(detector);
      if (unreadable !== undefined) logger.warn({}, unreadable);
      // The audio is read in a second pass, which a camera does not offer.
      const audioInput = audioFrom === undefined || source.live ? undefined : addressOf(audioFrom);
      return new VideoStream({
        source,
        ffmpeg,
        container,
        encoder,
        available,
        output,
        audioInput,
        logger,
      });
    },
    close: () => Promise.resolve(),
  };
}
