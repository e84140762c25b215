import { SightlineError } from '../../errors.js';
import {
  deviceStates,
  inspectOnnxruntime,
  ONNXRUNTIME_DEVICES,
  type OnnxruntimeDevice,
  type OnnxruntimeInstall,
} from './onnxruntime-install.js';

/** One backend on one device, for people to read. */
export interface BackendListing {
  readonly backend: string;
  readonly device: string;
  /** Whether it can be asked for; whether its drivers work is known when it has started. */
  readonly available: boolean;
  /** Why, or why not, in one line. */
  readonly reason: string;
}

/** Something to be tried. */
export interface BackendChoice {
  readonly backend: 'onnxruntime';
  readonly device: OnnxruntimeDevice;
  /** Why it is worth trying, in one line. */
  readonly reason: string;
}

const ONNXRUNTIME = 'onnxruntime';
const AUTO = 'auto';
/** What `auto` tries, fastest first. The others have to be asked for: they are experimental, slow to start or not tested. */
const AUTO_ORDER: readonly OnnxruntimeDevice[] = ['cuda', 'cpu'];
const FUTURE = ['tensorflow', 'tfjs'] as const;

/** Everything that could be run on, here or elsewhere, and why it is or is not available. Loads no native code. */
export async function listBackends(): Promise<readonly BackendListing[]> {
  const states = deviceStates(await inspectOnnxruntime());
  const future = { device: 'any', available: false, reason: 'not part of this version of Sightline' };
  return [
    ...states.map((state) => ({ backend: ONNXRUNTIME, ...state })),
    ...FUTURE.map((backend) => ({ backend, ...future })),
  ];
}

/**
 * What to try for a request, in this order, until one starts. A device that was asked for by name stands alone: there is
 * no silent fallback.
 * @param request `auto`, a device such as `cuda`, or `backend:device`.
 * @param install what is installed; this machine's if not given.
 * @returns at least one choice.
 * @throws SightlineError ERR_USAGE if there is no such thing, ERR_BACKEND_UNAVAILABLE if it is not available here.
 */
export async function chooseBackend(
  request: string,
  install?: OnnxruntimeInstall,
): Promise<readonly BackendChoice[]> {
  const device = parseRequest(request);
  const states = deviceStates(install ?? (await inspectOnnxruntime()));
  const stateOf = (name: OnnxruntimeDevice) => states.find((state) => state.device === name)!;

  if (device !== AUTO) {
    const { available, reason } = stateOf(device);
    if (available) return [{ backend: ONNXRUNTIME, device, reason: `${device} was asked for` }];
    const advice = device === 'cpu' ? '' : '; or use "cpu"';
    throw new SightlineError(
      'ERR_BACKEND_UNAVAILABLE',
      `device "${request}" is not available: ${reason}${advice}`,
    );
  }

  const choices: BackendChoice[] = [];
  const misses: string[] = [];
  for (const name of AUTO_ORDER) {
    const { available, reason } = stateOf(name);
    if (!available) misses.push(`${name}: ${reason}`);
    else
      choices.push({
        backend: ONNXRUNTIME,
        device: name,
        reason: ['fastest available', ...misses].join('; '),
      });
  }
  if (choices.length > 0) return choices;
  throw new SightlineError('ERR_BACKEND_UNAVAILABLE', `nothing to run the network on: ${misses.join('; ')}`);
}

function parseRequest(request: string): OnnxruntimeDevice | typeof AUTO {
  const colon = request.indexOf(':');
  const backend = colon < 0 ? ONNXRUNTIME : request.slice(0, colon);
  const name = request.slice(colon + 1);
  if (FUTURE.some((future) => future === backend || future === request)) {
    throw new SightlineError(
      'ERR_BACKEND_UNAVAILABLE',
      `device "${request}": the ${colon < 0 ? request : backend} backend is not part of this version of Sightline; ` +
        'use "auto" or "cpu"',
    );
  }
  if (backend === ONNXRUNTIME) {
    if (name === AUTO) return AUTO;
    const device = ONNXRUNTIME_DEVICES.find((known) => known === name);
    if (device !== undefined) return device;
  }
  throw new SightlineError(
    'ERR_USAGE',
    `there is no device "${request}"; known are ${AUTO}, ${ONNXRUNTIME_DEVICES.join(', ')}, ` +
      `also as ${ONNXRUNTIME}:cpu and so on`,
  );
}
