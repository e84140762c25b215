/** What the feed sends, as its writer describes it; docs/records.md is for people. */
import type { TotalsRecord } from '../src/record/schema.js';

export type { EventRecord } from '../src/record/event-schema.js';
export type { FeedMessage as Message, SourceStats, StateEntry } from '../src/record/feed-messages.js';
export type { FrameRecord, TrackRecord as Track } from '../src/record/schema.js';

/** Lines and zones as they stand. */
export interface Scene extends TotalsRecord {
  /** Size of the picture that the places lie in; that of the frames if it is not told. */
  readonly width?: number;
  readonly height?: number;
}

/** A place in source pixels. */
export type Place = Scene['lines'][number]['points'][number];
