import type { Logger } from '../contract/logger.js';
import type { Sink } from '../contract/sink.js';
import type { SourceStatus } from '../contract/source.js';
import { messageOf } from '../errors.js';

/** Tells sinks or services that a source has changed its state. One that throws is logged, and the others are told. */
export function tellStatus(
  listeners: readonly Pick<Sink, 'name' | 'onStatus'>[],
  status: SourceStatus,
  logger: Logger,
): void {
  for (const listener of listeners) {
    try {
      listener.onStatus?.(status);
    } catch (error) {
      logger.error({ listener: listener.name }, messageOf(error));
    }
  }
}
