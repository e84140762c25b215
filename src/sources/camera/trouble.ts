/** What went wrong with a camera, told apart by what a person would have to do about it. */
import { type ErrorCode, isSightlineError, messageOf } from '../../errors.js';

/** A reason why there are no frames. */
export interface Trouble {
  readonly code: ErrorCode;
  /** One line without credentials. */
  readonly reason: string;
  /** Whether the password is wrong: it is tried rarely, as a camera may lock out who knocks too often. */
  readonly isRefusal: boolean;
  /** Whether nothing is wrong: the camera has changed what it delivers, and is connected to anew at once. */
  readonly isChange: boolean;
}

const KINDS: readonly (readonly [RegExp, ErrorCode])[] = [
  [/host .* is not known/, 'ERR_SOURCE_UNREACHABLE'],
  [/\b401\b|unauthori[sz]ed|\b403\b|forbidden/i, 'ERR_SOURCE_UNAUTHORIZED'],
  [/\b404\b|not found|\b454\b|no such (?:file|device)/i, 'ERR_SOURCE_NOT_FOUND'],
  [
    /refused|timed? ?out|within \d|unreachable|no route|resolve|host ?name|name or service|network is down|reset by peer/i,
    'ERR_SOURCE_UNREACHABLE',
  ],
];

/** These say all that there is to say. */
const CERTAIN: readonly ErrorCode[] = ['ERR_SOURCE_STALLED', 'ERR_SOURCE_DISCONNECTED', 'ERR_SOURCE_CHANGED'];

/** Makes sense of an error of connecting or decoding. */
export function troubleOf(error: unknown): Trouble {
  const reason = messageOf(error);
  const own = isSightlineError(error) ? error.code : 'ERR_SOURCE_DECODE';
  // A camera that hangs up has not promised when it would.
  if (own === 'ERR_SOURCE_TRUNCATED')
    return { code: 'ERR_SOURCE_DISCONNECTED', reason, isRefusal: false, isChange: false };
  const code = CERTAIN.includes(own) ? own : (KINDS.find(([pattern]) => pattern.test(reason))?.[1] ?? own);
  return {
    code,
    reason,
    isRefusal: code === 'ERR_SOURCE_UNAUTHORIZED',
    isChange: code === 'ERR_SOURCE_CHANGED',
  };
}
