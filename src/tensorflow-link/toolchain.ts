/** Finds what compiles an addon: Node's headers, node-gyp and a compiler. Nothing is fetched. */
import { constants } from 'node:fs';
import { access, readFile, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { exists } from '../files/exists.js';
import { SightlineError } from '../errors.js';

/** What compiles an addon. */
export interface Toolchain {
  /** Folder with `include/node` of this very Node; `--nodedir` of node-gyp. */
  readonly nodeDir: string;
  /** node-gyp's program, for Node. */
  readonly nodeGyp: string;
}

/** What `findToolchain` looks at. */
export interface ToolchainEnvironment {
  readonly execPath: string;
  /** For instance `v20.20.2`. */
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
}

const HERE: ToolchainEnvironment = {
  execPath: process.execPath,
  version: process.version,
  env: process.env,
  home: homedir(),
};

/** @throws SightlineError ERR_BACKEND_UNAVAILABLE with what is missing and how to get it. */
export async function findToolchain(here: ToolchainEnvironment = HERE): Promise<Toolchain> {
  const { env } = here;
  const compilers = env['CXX'] === undefined ? ['c++', 'g++', 'clang++'] : [env['CXX'].split(' ')[0]!];
  if ((await firstOnPath(compilers, env)) === undefined)
    throw missing(`no C++ compiler (${compilers.join(', ')})`);
  if ((await firstOnPath(['make', 'gmake'], env)) === undefined) throw missing('no make');
  return { nodeDir: await findHeaders(here), nodeGyp: await findNodeGyp(here) };
}

function missing(what: string): SightlineError {
  return unavailable(
    `there is ${what} to build the addon with: apt-get install build-essential, or the like`,
  );
}

async function findHeaders({ execPath, version, env, home }: ToolchainEnvironment): Promise<string> {
  const given = env['npm_config_nodedir'];
  const places = [
    ...(given === undefined || given === '' ? [] : [given]),
    dirname(dirname(execPath)),
    // Where node-gyp keeps those that it was told to fetch.
    join(env['XDG_CACHE_HOME'] ?? join(home, '.cache'), 'node-gyp', version.slice(1)),
  ];
  const seen: string[] = [];
  for (const place of places) {
    const found = await headerVersion(place);
    if (found === version) return place;
    if (found !== undefined) seen.push(`those in ${place} are of ${found}`);
  }
  const others = seen.length > 0 ? ` (${seen.join(', ')})` : '';
  throw unavailable(
    `Node ${version} at ${execPath} has no C headers beside it${others}: fetch them with \`npx node-gyp install\`, or use ` +
      'a Node from nodejs.org, which has them',
  );
}

async function headerVersion(place: string): Promise<string | undefined> {
  const folder = join(place, 'include', 'node');
  try {
    if (!(await exists(join(folder, 'node_api.h')))) return undefined;
    const text = await readFile(join(folder, 'node_version.h'), 'utf8');
    const part = (name: string): string =>
      new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1] ?? '?';
    return `v${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}`;
  } catch {
    return undefined;
  }
}

/** npm brings a node-gyp. Scripts of npm are told where it is; otherwise it lies in npm's folder. */
async function findNodeGyp({ execPath, env }: ToolchainEnvironment): Promise<string> {
  const told = env['npm_config_node_gyp'];
  if (told !== undefined && (await exists(told))) return told;
  const npm = await firstOnPath(['npm'], env);
  const roots = [
    ...(npm === undefined ? [] : [await realpath(npm)]),
    join(dirname(dirname(execPath)), 'lib', 'node_modules', 'npm', 'package.json'),
    import.meta.url,
  ];
  for (const root of roots) {
    try {
      return createRequire(root).resolve('node-gyp/bin/node-gyp.js');
    } catch {
      continue;
    }
  }
  throw unavailable('there is no node-gyp: it comes with npm, or install it with `npm install -g node-gyp`');
}

async function firstOnPath(names: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const name of names) {
    const folders = isAbsolute(name) ? [''] : (env['PATH'] ?? '').split(delimiter).filter(isAbsolute);
    for (const folder of folders) {
      const path = folder === '' ? name : join(folder, name);
      try {
        await access(path, constants.X_OK);
        return path;
      } catch {
        continue;
      }
    }
  }
  return undefined;
}

function unavailable(message: string): SightlineError {
  return new SightlineError('ERR_BACKEND_UNAVAILABLE', message);
}
