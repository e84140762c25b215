import { codeOf } from '../files/reasons.js';

const FEWER = 'take fewer inputs at a time (concurrency)';

/** Why the system started no process, in words and with what to do, where that is a matter of the system. */
export function startReasonOf(error: unknown): string | undefined {
  switch (codeOf(error) ?? '') {
    case 'EMFILE':
    case 'ENFILE':
      return `too many files are open; ${FEWER}, or raise the limit (ulimit -n)`;
    case 'EAGAIN':
      return `too many processes are running; ${FEWER}, or raise the limit (ulimit -u)`;
    case 'ENOMEM':
      return 'there is no memory left for another process';
    default:
      return undefined;
  }
}
