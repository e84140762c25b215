import type { Analytics } from '../contract/analytics.js';
import type { AnalyticsEvent, HeatMapSnapshot } from '../contract/events.js';
import type { FrameGeometry } from '../contract/frame.js';
import type { FrameResult } from '../contract/result.js';
import { scaleResult } from './scale-result.js';
import type { SourceBooks } from './source-books.js';

/** Lines and zones of one source, if it has any. They lie in images of the size that the source had when it was opened. */
export class SourceAnalytics {
  readonly #analytics: Analytics | undefined;
  readonly #geometry: FrameGeometry;
  readonly #books: SourceBooks;
  readonly #onEvents: (events: readonly AnalyticsEvent[]) => void;

  constructor(
    analytics: Analytics | undefined,
    geometry: FrameGeometry,
    books: SourceBooks,
    onEvents: (events: readonly AnalyticsEvent[]) => void,
  ) {
    this.#analytics = analytics;
    this.#geometry = geometry;
    this.#books = books;
    this.#onEvents = onEvents;
  }

  /** The result with what was made of it. */
  analyse(result: FrameResult): FrameResult {
    if (this.#analytics === undefined) return result;
    const events = this.#analytics.update(scaleResult(result, this.#geometry));
    this.#onEvents(events);
    return { ...result, events, totals: this.#books.totalsOf(this.#analytics, events.length > 0) };
  }

  /** What is left to tell when no more results come. */
  finish(): { readonly events: readonly AnalyticsEvent[]; readonly heatMap: HeatMapSnapshot | undefined } {
    if (this.#analytics === undefined) return { events: [], heatMap: undefined };
    // Read before the end: finishing forgets it.
    const heatMap = this.#analytics.heatMap();
    const events = this.#analytics.finish();
    this.#onEvents(events);
    this.#books.totalsOf(this.#analytics, true);
    return { events, heatMap };
  }
}
