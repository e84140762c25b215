import { errorLineOf } from './run-program.js';

/** glibc that wheels are made for, as in their names: manylinux_2_17 wants at least 2.17. */
const GLIBCS = [17, 24, 26, 27, 28, 31, 34];

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** Version of the C library that this Node runs on; empty if it is not glibc. */
function glibcVersion(): string {
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime ?? '';
}

/** Why there are no wheels to link for a machine; undefined if there are. */
export function platformProblem(
  platform: string = process.platform,
  arch: string = process.arch,
  glibc: string = glibcVersion(),
): string | undefined {
  if (platform !== 'linux' || !(arch in ARCHITECTURES)) {
    return `TensorFlow can be linked on linux x64 and arm64, this is ${platform} ${arch}; use onnxruntime (--device cpu)`;
  }
  return glibc === ''
    ? 'TensorFlow is built for glibc, this Node is not (Alpine?); use onnxruntime'
    : undefined;
}

/** The platform tags of wheels that run on a machine, as `pip download --platform` takes them. */
export function wheelPlatforms(arch: string = process.arch, glibc: string = glibcVersion()): string[] {
  const [, minor = 17] = glibc.split('.').map(Number);
  const machine = ARCHITECTURES[arch] ?? arch;
  const fitting = GLIBCS.filter((needed) => needed <= minor).reverse();
  return [...fitting.map((needed) => `manylinux_2_${needed}_${machine}`), `manylinux2014_${machine}`];
}

/** What pip meant, in one line. @param output all that it wrote. */
export function explainPip(what: string, output: string): string {
  const offline =
    /NewConnectionError|NameResolutionError|name resolution|ConnectTimeout|Network is unreachable|ProxyError/;
  if (offline.test(output)) {
    return `pip did not reach its package index for ${what}: check the network or proxy, or give a wheel with --from`;
  }
  const versions = /\(from versions: (.*)\)/.exec(output)?.[1];
  if (versions !== undefined) {
    const known = versions === 'none' ? 'none for this machine' : versions.split(', ').slice(-5).join(', ');
    return `pip knows no ${what} (it knows: ${known}); choose another with --tensorflow-version`;
  }
  if (/No space left on device/.test(output)) return `the disk is full while fetching ${what}`;
  return `pip did not fetch ${what}: ${errorLineOf(output)}`;
}
