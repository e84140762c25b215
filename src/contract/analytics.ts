/** Analytics: what makes events and totals of tracks. */
import type { AnalyticsEvent, AnalyticsState, HeatMapSnapshot } from './events.js';
import type { FrameResult } from './result.js';

/** Analytics of one source. Pure: the same calls give the same answers. */
export interface Analytics {
  /** Takes the next result of the source. A new epoch, or time that goes back, ends all tracks first. */
  update(result: FrameResult): readonly AnalyticsEvent[];
  /** No more results will come. Call once. */
  finish(): readonly AnalyticsEvent[];
  state(): AnalyticsState;
  /** Undefined if no heat map is asked for. */
  heatMap(): HeatMapSnapshot | undefined;
}
