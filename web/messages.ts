/** What the feed sends, as far as the page looks at it: docs/records.md. */

export interface Track {
  readonly id: number;
  readonly state: string;
  readonly class: string;
  readonly confidence: number;
  readonly box: readonly [number, number, number, number];
}

export interface FrameRecord {
  readonly type: 'frame';
  readonly source: string;
  readonly width: number;
  readonly height: number;
  readonly tracks: readonly Track[];
}

export interface SourceStats {
  readonly source: string;
  readonly fps: number;
  readonly latencyMs: number | null;
  readonly tracks: number;
  readonly missed: number;
  readonly skipped: number;
}

export interface StatsMessage {
  readonly type: 'stats';
  readonly sources: readonly SourceStats[];
}

/** A place in source pixels. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Lines and zones as they stand. */
export interface Scene {
  /** Size of the picture that the places lie in; that of the frames if it is not told. */
  readonly width?: number;
  readonly height?: number;
  readonly lines: readonly {
    readonly name: string;
    readonly points: readonly Place[];
    readonly directions: readonly { readonly direction: string; readonly count: number }[];
  }[];
  readonly zones: readonly {
    readonly name: string;
    readonly polygon: readonly Place[];
    readonly holes: readonly (readonly Place[])[];
    readonly occupancy: number;
    readonly entered: number;
  }[];
}

export interface AnalyticsMessage extends Scene {
  readonly type: 'analytics';
  readonly source: string;
}

/** An event; what stands in it besides depends on `event`: docs/analytics.md. */
export interface EventRecord {
  readonly type: 'event';
  readonly event: string;
  readonly source: string;
  readonly ptsUs: number;
  readonly track?: number;
  readonly class?: string;
  readonly name?: string;
  readonly direction?: string;
  readonly how?: string;
  readonly dwellUs?: number;
  readonly sinceUs?: number;
  readonly speed?: { readonly value: number; readonly unit: string };
}

export interface StateEntry {
  readonly source: string;
  readonly state: string;
  readonly reason?: string;
}

export interface StateMessage extends StateEntry {
  readonly type: 'state';
}

export interface SourceRecord {
  readonly type: 'source';
  readonly source: string;
  readonly width: number;
  readonly height: number;
  readonly model: string;
  readonly backend: string;
  readonly device: string;
}

export interface HelloMessage {
  readonly type: 'hello';
  readonly detector?: object;
  readonly sources: readonly SourceRecord[];
  readonly states: readonly StateEntry[];
}

export interface EndRecord {
  readonly type: 'end';
  readonly source: string;
  readonly analytics?: Scene;
}

export type Message =
  | HelloMessage
  | SourceRecord
  | StateMessage
  | FrameRecord
  | StatsMessage
  | AnalyticsMessage
  | EventRecord
  | EndRecord;
