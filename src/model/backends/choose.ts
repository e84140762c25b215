import { SightlineError } from '../../errors.js';
import type { DeviceState } from './device-state.js';
import { type BackendName, BACKENDS, inspectMachine, type Machine } from './machine.js';
import { ONNXRUNTIME_DEVICES } from './onnxruntime-install.js';

/** One backend on one device, for people to read. */
export interface BackendListing extends DeviceState {
  readonly backend: string;
}

/** Something to be tried. */
export interface BackendChoice {
  readonly backend: BackendName;
  readonly device: string;
  /** Why it is worth trying, in one line. */
  readonly reason: string;
}

interface Request {
  readonly backend: BackendName | typeof AUTO;
  readonly device: string;
}

const AUTO = 'auto';

/**
 * What `auto` tries, fastest first, by the measurements of docs/performance.md. The others have to be asked for: they are
 * experimental, slow to start or not tested.
 */
const AUTO_ORDER: readonly (readonly [BackendName, string])[] = [
  ['onnxruntime', 'cuda'],
  ['tensorflow', 'gpu'],
  ['onnxruntime', 'cpu'],
  ['tensorflow', 'cpu'],
  ['tfjs', 'wasm'],
];

/** Everything that could be run on, here or elsewhere, and why it is or is not available. Loads no native code. */
export async function listBackends(): Promise<readonly BackendListing[]> {
  const machine = await inspectMachine();
  return BACKENDS.flatMap((backend) => machine[backend].map((state) => ({ backend, ...state })));
}

/**
 * What to try for a request, in this order, until one starts. A device that was asked for by name stands alone: there is
 * no silent fallback.
 * @param request `auto`, a device such as `cuda` or `wasm`, a backend such as `tensorflow`, or `backend:device`.
 * @param machine what there is; this machine if not given.
 * @returns at least one choice.
 * @throws SightlineError ERR_USAGE if there is no such thing, ERR_BACKEND_UNAVAILABLE if it is not available here.
 */
export async function chooseBackend(request: string, machine?: Machine): Promise<readonly BackendChoice[]> {
  const { backend, device } = parseRequest(request);
  const all = machine ?? (await inspectMachine());
  if (device === AUTO) return fastestFirst(request, backend, all);

  // parseRequest allows `auto` as a backend together with `auto` as a device only.
  const name = backend as BackendName;
  const state = all[name].find((known) => known.device === device);
  const asked = { backend: name, device, reason: `${request} was asked for` };
  if (state?.available === true) return [asked];
  // A backend of TensorFlow.js that the user brings along is known when its module has been imported.
  if (state === undefined && name === 'tfjs') return [asked];
  const reason = state?.reason ?? 'unknown device';
  const advice = device === 'cpu' ? '' : '; or use "cpu"';
  throw new SightlineError(
    'ERR_BACKEND_UNAVAILABLE',
    `device "${request}" is not available: ${reason}${advice}`,
  );
}

/** The devices of `auto`, those of one backend if it is named. */
function fastestFirst(request: string, backend: Request['backend'], machine: Machine): BackendChoice[] {
  const order =
    backend === 'tensorflow-eager'
      ? (['gpu', 'cpu'] as const).map((device) => [backend, device] as const)
      : AUTO_ORDER.filter(([name]) => backend === AUTO || name === backend);
  const choices: BackendChoice[] = [];
  const misses: string[] = [];
  for (const [name, device] of order) {
    const state = machine[name].find((known) => known.device === device);
    if (state?.available === true) {
      const reason = ['fastest available', ...misses].join('; ');
      choices.push({ backend: name, device, reason });
    } else misses.push(`${name}:${device}: ${state?.reason ?? 'unknown'}`);
  }
  if (choices.length > 0) return choices;
  const what = backend === AUTO ? 'nothing to run the network on' : `device "${request}" is not available`;
  throw new SightlineError('ERR_BACKEND_UNAVAILABLE', `${what}: ${misses.join('; ')}`);
}

function parseRequest(request: string): Request {
  if (request === AUTO) return { backend: AUTO, device: AUTO };
  if (isBackend(request)) return { backend: request, device: AUTO };
  if (request === 'wasm') return { backend: 'tfjs', device: 'wasm' };
  if (isOnnxruntimeDevice(request)) return { backend: 'onnxruntime', device: request };

  const [backend = '', device = '', ...rest] = request.split(':');
  if (rest.length === 0 && isBackend(backend)) {
    if (device === AUTO || isDeviceOf(backend, device)) return { backend, device };
  }
  throw new SightlineError(
    'ERR_USAGE',
    `there is no device "${request}"; known are ${[AUTO, ...ONNXRUNTIME_DEVICES, 'wasm', ...BACKENDS].join(', ')}, ` +
      'also as onnxruntime:cpu, tensorflow:gpu, tfjs:wasm and so on',
  );
}

function isBackend(name: string): name is BackendName {
  return BACKENDS.some((known) => known === name);
}

function isOnnxruntimeDevice(name: string): boolean {
  return ONNXRUNTIME_DEVICES.some((known) => known === name);
}

function isDeviceOf(backend: BackendName, device: string): boolean {
  if (backend === 'onnxruntime') return isOnnxruntimeDevice(device);
  if (backend === 'tfjs') return /^[a-z][a-z0-9-]*$/.test(device);
  return device === 'cpu' || device === 'gpu';
}
