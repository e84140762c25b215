/** Services: what a run keeps open while it lasts. */
import type { SourceStatus } from './source.js';

/** Something that belongs to a run but takes no results, such as the HTTP server that the live page is on. */
export interface Service {
  readonly name: string;
  /** Called once, before the sinks are prepared. @throws SightlineError if it cannot do its work. */
  start(): Promise<void>;
  /** Told every change of state of every source. */
  onStatus?(status: SourceStatus): void;
  /** Called once, after the sinks are closed; also if it was never started. An error ends up in the summary. */
  close(): Promise<void>;
}
