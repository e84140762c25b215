import * as z from 'zod';
import { SightlineError } from '../../errors.js';
import type { SinkKind } from '../sink-kind.js';
import { createFeedSink } from './feed-sink.js';

const options = z.strictObject({});

/** Live page and WebSocket feed. */
export const feedSink: SinkKind<typeof options, 'feed'> = {
  type: 'feed',
  doc: 'Live page and WebSocket feed on the `server` of the run; there without being named where the run has one.',
  options,
  create(_options, { server, logger }) {
    if (server === undefined)
      throw new SightlineError(
        'ERR_USAGE',
        'the feed needs a server; add "server: { port: 8080 }", or --serve 8080',
      );
    return createFeedSink({ server, logger });
  },
};
