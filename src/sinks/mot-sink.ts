import { SightlineError } from '../errors.js';
import type { FrameResult, Sink, Track } from '../types.js';
import { FileTarget } from './lines/file-target.js';
import { LineWriter } from './lines/line-writer.js';

/** Where the rows go. */
export interface MotSinkOptions {
  readonly path: string;
  /** Whether an existing file may be replaced. */
  readonly overwrite?: boolean;
}

/**
 * Writes confirmed tracks as MOTChallenge text: `frame,id,left,top,width,height,conf,-1,-1,-1`, frames from 1, boxes in
 * pixels (https://arxiv.org/abs/2003.09003, table 3). The format has no place for the name of a source, so a file holds
 * one source: opening a second one throws ERR_USAGE.
 */
export function createMotSink({ path, overwrite = false }: MotSinkOptions): Sink {
  const writer = new LineWriter(new FileTarget(path, overwrite));
  let owner: string | undefined;
  return {
    name: 'mot',
    policy: 'wait',
    picture: false,
    prepare: () => writer.open(),
    async open(source) {
      if (owner !== undefined)
        throw new SightlineError(
          'ERR_USAGE',
          `${JSON.stringify(path)} already holds the tracks of "${owner}" and MOT text has no column for "${source.id}"; give each source its own file`,
        );
      owner = source.id;
      await writer.open();
      return {
        write: async (result) => {
          const rows = motRows(result);
          if (rows !== '') await writer.append(rows);
        },
        end: () => writer.flush(),
      };
    },
    close: () => writer.close(owner !== undefined),
  };
}

/** The rows of one frame joined by line feeds; empty when nothing is confirmed. */
function motRows({ frame, tracks }: FrameResult): string {
  const number = frame.index + 1;
  return tracks
    .filter((track) => track.state === 'confirmed')
    .map((track) => `${number},${motRow(track)}`)
    .join('\n');
}

function motRow({ trackId, box, confidence }: Track): string {
  const sides = [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1].map((value) => Number(value.toFixed(2)));
  return `${trackId},${sides.join(',')},${Number(confidence.toFixed(4))},-1,-1,-1`;
}
