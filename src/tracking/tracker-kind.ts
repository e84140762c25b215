/** What makes a tracker one that can be chosen by its name: docs/extending.md. */
import type * as z from 'zod';
import type { Tracker } from '../contract/tracker.js';

/** Settings of a run that mean the same to every tracker that has them. */
export type TrackSetting =
  'highThreshold' | 'lowThreshold' | 'newTrackThreshold' | 'matchThreshold' | 'bufferSeconds';

/** Which parameters of a tracker the settings of a run are; one that is not named is not a setting of it. */
export interface SettingNames extends Readonly<Partial<Record<TrackSetting, string>>> {
  /** The camera moves or does not: a parameter, and what it is then. */
  readonly cameraMotion?: { readonly parameter: string; readonly on: string; readonly off: string };
}

/** A tracker that can be chosen by its name: everything that belongs to it. */
export interface TrackerKind<Options extends z.ZodType = z.ZodType> {
  /** Its name: lower case, without dashes. */
  readonly type: string;
  /** One line about what it is and what it is good for. */
  readonly doc: string;
  /** Its parameters, an object with the authors' names, each with a default. */
  readonly options: Options;
  /** Names that programs give the same parameters, and those of `options`. */
  readonly spellings?: Readonly<Record<string, string>>;
  readonly settings?: SettingNames;
  /** A new tracker for one source. */
  create(options: z.output<Options>): Tracker;
}
