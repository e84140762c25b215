import { readFileSync } from 'node:fs';

/**
 * Calls `expire` after `longestMs` of this process's own running time, or after `quietMs` in which the child has used no
 * processor time either: it is stopped or waits for what does not come. A pause of this process (Ctrl-Z, a sleeping laptop, a
 * blocked loop) counts as no more than a tenth of `quietMs`: the child stood still as well, or its answer only waits to be read.
 */
export function watchForSilence(
  pid: number | undefined,
  limits: { readonly longestMs: number; readonly quietMs: number },
  expire: (ms: number) => void,
): () => void {
  const { longestMs, quietMs } = limits;
  let [ticks, quiet] = [0, 0];
  let used = processorTicksOf(pid);
  const timer = setInterval(() => {
    const now = processorTicksOf(pid);
    quiet = now === undefined || now === used ? quiet + 1 : 0;
    used = now;
    ticks++;
    const silent = now !== undefined && quiet >= TICKS;
    if (!silent && ticks * quietMs < TICKS * longestMs) return;
    clearInterval(timer);
    expire(silent ? quietMs : longestMs);
  }, quietMs / TICKS);
  return () => {
    clearInterval(timer);
  };
}

const TICKS = 10;

/** Processor time that a process has used; undefined where the system has no /proc, or the process is gone. */
function processorTicksOf(pid: number | undefined): number | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return undefined;
  }
}
