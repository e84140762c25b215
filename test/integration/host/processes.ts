import { readdirSync, readFileSync } from 'node:fs';

/** Process ids of the children of a process, zombies included. */
export function hostsOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)?.parent === parent)
    .sort((a, b) => a - b);
}

/** Whether a process is there, as a zombie too. */
export function isThere(pid: number): boolean {
  return statOf(pid) !== undefined;
}

/** Whether a process is there and not a zombie: an orphan is reaped by whoever adopts it, when that pleases. */
export function isRunning(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.state !== 'Z';
}

/** Descriptors that this process has open. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

function statOf(pid: number): { state: string | undefined; parent: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may hold any character; what follows the last one is plain.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
