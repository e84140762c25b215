import { describe, expect, it } from 'vitest';
import { SightlineError } from '../../../src/errors.js';
import { troubleOf } from '../../../src/sources/camera/trouble.js';

/** What ffmpeg 4 to 8 say, as it stands in an error of ours. */
describe('trouble with a camera', () => {
  it.each([
    ['Server returned 401 Unauthorized (authorization failed)', 'ERR_SOURCE_UNAUTHORIZED'],
    ['Server returned 403 Forbidden (access denied)', 'ERR_SOURCE_UNAUTHORIZED'],
    ['Server returned 404 Not Found', 'ERR_SOURCE_NOT_FOUND'],
    ['method DESCRIBE failed: 454 Session Not Found', 'ERR_SOURCE_NOT_FOUND'],
    ['Connection refused', 'ERR_SOURCE_UNREACHABLE'],
    ['Connection timed out', 'ERR_SOURCE_UNREACHABLE'],
    ['No route to host', 'ERR_SOURCE_UNREACHABLE'],
    ['Network is unreachable', 'ERR_SOURCE_UNREACHABLE'],
    ['Connection reset by peer', 'ERR_SOURCE_UNREACHABLE'],
    ['the host "cam" is not known; check the address and the network', 'ERR_SOURCE_UNREACHABLE'],
    ['could not be looked at within 10 s', 'ERR_SOURCE_UNREACHABLE'],
    ['Invalid data found when processing input', 'ERR_SOURCE_UNREADABLE'],
  ])('%s', (words, code) => {
    const reason = `"rtsp://cam/a" cannot be opened: ${words}`;
    const trouble = troubleOf(new SightlineError('ERR_SOURCE_UNREADABLE', reason));
    expect(trouble).toEqual({ code, reason, isRefusal: code.endsWith('UNAUTHORIZED'), isChange: false });
  });

  it('is no more than what the pipeline itself has found, whatever the words', () => {
    const stalled = new SightlineError(
      'ERR_SOURCE_STALLED',
      'nothing came of "rtsp://404/not found" for 5 s',
    );
    expect(troubleOf(stalled).code).toBe('ERR_SOURCE_STALLED');
    const changed = new SightlineError('ERR_SOURCE_CHANGED', 'the picture changes from 1x1 to 2x2');
    expect(troubleOf(changed)).toMatchObject({ code: 'ERR_SOURCE_CHANGED', isChange: true });
    expect(troubleOf(new SightlineError('ERR_SOURCE_TRUNCATED', 'it broke off')).code).toBe(
      'ERR_SOURCE_DISCONNECTED',
    );
    expect(troubleOf('odd').code).toBe('ERR_SOURCE_DECODE');
  });
});
