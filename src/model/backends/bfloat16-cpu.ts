import { readFile } from 'node:fs/promises';
import { messageOf, SightlineError } from '../../errors.js';

/** Instructions for bfloat16, by the names that Linux gives them. */
const FEATURES: Readonly<Partial<Record<string, readonly string[]>>> = {
  x64: ['avx512_bf16', 'amx_bf16'],
  arm64: ['bf16'],
};

const ADVICE = 'use float32';

/**
 * Makes sure that this processor has instructions for bfloat16. Without them TensorFlow would convert every number, which is
 * slower than float32.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE
 */
export async function requireBfloat16Cpu(): Promise<void> {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8').catch((error: unknown) => {
    const why = messageOf(error);
    throw unavailable(`whether this processor computes in bfloat16 is known on Linux only (${why})`);
  });
  const problem = bfloat16Problem(process.arch, cpuinfo);
  if (problem !== undefined) throw unavailable(problem);
}

/**
 * Why a processor is no good for bfloat16; undefined if it is.
 * @param cpuinfo what /proc/cpuinfo says.
 */
export function bfloat16Problem(arch: string, cpuinfo: string): string | undefined {
  const wanted = FEATURES[arch];
  if (wanted === undefined) return `there is no bfloat16 on ${arch}`;
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  const present = new Set(line.split(/\s+/));
  if (wanted.some((name) => present.has(name))) return undefined;
  return `this processor has no instructions for bfloat16 (${wanted.join(' or ')}), and doing without is slower`;
}

function unavailable(problem: string): SightlineError {
  return new SightlineError('ERR_BACKEND_UNAVAILABLE', `${problem}: ${ADVICE}`);
}
