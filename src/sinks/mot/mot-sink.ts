import { SightlineError } from '../../errors.js';
import type { Logger } from '../../contract/logger.js';
import type { Sink } from '../../contract/sink.js';
import { FileTarget } from '../files/file-target.js';
import { LineWriter } from '../files/line-writer.js';
import { MotRows } from './mot-rows.js';

/** Where the rows go. */
export interface MotSinkOptions {
  readonly path: string;
  /** Whether an existing file may be replaced. */
  readonly overwrite?: boolean;
  /** Longest gap of a track, in seconds of media time, that is filled by boxes in between; none if not given. */
  readonly interpolateSeconds?: number | undefined;
  readonly logger?: Logger;
}

/**
 * Writes confirmed tracks as MOTChallenge text: `frame,id,left,top,width,height,conf,-1,-1,-1`, frames from 1, boxes in
 * pixels (https://arxiv.org/abs/2003.09003, table 3). The format has no place for the name of a source, so a file holds
 * one source: opening a second one throws ERR_USAGE.
 */
export function createMotSink({
  path,
  overwrite = false,
  interpolateSeconds = 0,
  logger,
}: MotSinkOptions): Sink {
  const writer = new LineWriter(new FileTarget(path, overwrite, logger));
  let owner: string | undefined;
  return {
    name: 'mot',
    policy: 'wait',
    pixels: false,
    prepare: () => writer.open(),
    async open(source) {
      if (owner !== undefined)
        throw new SightlineError(
          'ERR_USAGE',
          `${JSON.stringify(path)} already holds the tracks of "${owner}" and MOT text has no column for "${source.id}"; give each source its own file`,
        );
      owner = source.id;
      await writer.open();
      const rows = new MotRows(interpolateSeconds);
      const append = async (text: string): Promise<void> => {
        if (text !== '') await writer.append(text);
      };
      return {
        write: (result) => append(rows.add(result)),
        async end() {
          await append(rows.finish());
          await writer.flush();
        },
      };
    },
    close: () => writer.close(owner !== undefined),
  };
}
