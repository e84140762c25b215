import { describe, expect, it } from 'vitest';
import { explainPip, platformProblem, wheelPlatforms } from '../../../src/tensorflow-link/pip.js';
import { errorLineOf } from '../../../src/tensorflow-link/run-program.js';

describe('platformProblem', () => {
  it.each([
    ['linux', 'x64', '2.36', undefined],
    ['linux', 'arm64', '2.31', undefined],
    ['darwin', 'arm64', undefined, /this is darwin arm64/],
    ['win32', 'x64', undefined, /this is win32 x64/],
    ['linux', 'ia32', '2.36', /this is linux ia32/],
    // musl
    ['linux', 'x64', undefined, /glibc/],
  ])('of %s %s with glibc %s', (platform, arch, glibc, expected) => {
    const problem = platformProblem(platform, arch, glibc ?? '');
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatch(expected);
  });
});

describe('wheelPlatforms', () => {
  it('has no wheels for a newer glibc than there is, and the newest first', () => {
    expect(wheelPlatforms('x64', '2.27')).toEqual([
      'manylinux_2_27_x86_64',
      'manylinux_2_26_x86_64',
      'manylinux_2_24_x86_64',
      'manylinux_2_17_x86_64',
      'manylinux2014_x86_64',
    ]);
    expect(wheelPlatforms('arm64', '2.17')).toEqual(['manylinux_2_17_aarch64', 'manylinux2014_aarch64']);
  });
});

describe('explainPip', () => {
  // Texts of pip 23.
  const none = 'ERROR: Could not find a version that satisfies the requirement a==1 (from versions: none)';
  const some =
    'ERROR: Could not find a version that satisfies the requirement a==1 (from versions: 2.18.1, 2.21.0)';
  const offline = `WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError('…: Failed to establish'\n${none}`;

  it.each([
    [none, /none for this machine/],
    [some, /it knows: 2\.18\.1, 2\.21\.0/],
    // Without a network pip says "from versions: none" as well.
    [offline, /did not reach its package index/],
    [
      'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device',
      /disk is full/,
    ],
    ['ERROR: something new\nhint: read the manual', /something new/],
  ])('of %s', (output, expected) => {
    expect(explainPip('a==1', output)).toMatch(expected);
    expect(explainPip('a==1', output)).not.toContain('\n');
  });
});

describe('errorLineOf', () => {
  it('prefers the last error to the last line, and says something in any case', () => {
    expect(errorLineOf('Error: a\nError: b\n    at c\n')).toBe('Error: b');
    expect(errorLineOf('one\ntwo\n')).toBe('two');
    expect(errorLineOf('')).toBe('it said nothing');
    expect(errorLineOf('x'.repeat(1000))).toHaveLength(301);
  });
});
