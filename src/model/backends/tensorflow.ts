/**
 * Runs a network as a SavedModel in TensorFlow's graph mode. TensorFlow then sees the network as a whole and merges
 * convolution, bias, activation and residual sum into one operation; operation by operation it cannot.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-core';
import { messageOf, SightlineError } from '../../errors.js';
import type { ComputePrecision } from '../compute-precision.js';
import { SAVED_MODEL_INPUT, SAVED_MODEL_OUTPUTS, writeSavedModel } from '../export/saved-model.js';
import type { Network } from '../graph/fold-batch-norm.js';
import type { Shape } from '../graph/graph.js';

import { requireBfloat16Cpu } from './bfloat16-cpu.js';
import type { Backend, BackendInfo, BackendOptions, HeadTensor } from './backend.js';
import { cardPrecision } from './nvidia-precision.js';
import { requireNumbers } from './require-numbers.js';
import { type LoadedTensorflow, loadTensorflow, type TfjsNode } from './tensorflow-load.js';

const FOLDER_PREFIX = 'sightline-tensorflow-';

/** Loading takes seconds: an older folder belongs to a process that was killed in the middle of it. */
const LEFTOVER_MS = 10 * 60_000;

type SavedModel = Awaited<ReturnType<TfjsNode['node']['loadSavedModel']>>;

/**
 * Loads a network into TensorFlow, in this process, and runs it once: TensorFlow plans only then, which takes a second.
 * @param network not needed afterwards.
 * @throws SightlineError ERR_BACKEND_UNAVAILABLE if TensorFlow or the device does not start or has no such precision, ERR_BACKEND_FAILED if the
 * network cannot be handed over, ERR_MODEL_INVALID if it is too large for a SavedModel.
 */
export async function createTensorflowBackend(network: Network, options: BackendOptions): Promise<Backend> {
  const { precision = 'float32' } = options;
  if (precision === 'bfloat16') await requireBfloat16Cpu();
  const loaded = await loadTensorflow(options);
  const model = await loadThroughFolder(loaded.tf, network, precision);
  const backend = new TensorflowBackend(loaded, model, inputShape(network), precision);
  try {
    await backend.warmUp();
  } catch (cause) {
    await backend.close();
    throw cause;
  }
  return backend;
}

/** TensorFlow reads models from files only: one that only this user can read, there for a moment. */
async function loadThroughFolder(
  tf: TfjsNode,
  network: Network,
  precision: ComputePrecision,
): Promise<SavedModel> {
  const folder = await written(network, precision);
  try {
    return await tf.node.loadSavedModel(folder);
  } catch (cause) {
    throw new SightlineError('ERR_BACKEND_FAILED', `TensorFlow refuses the network: ${oneLine(cause)}`, {
      cause,
    });
  } finally {
    // In one go with the loading: the inference process ends between two turns when the other end goes away.
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The network as a SavedModel in a new folder, which the caller removes. */
async function written(network: Network, precision: ComputePrecision): Promise<string> {
  let folder: string | undefined;
  try {
    await removeLeftovers();
    folder = await mkdtemp(join(tmpdir(), FOLDER_PREFIX));
    await writeSavedModel(network, folder, precision);
    return folder;
  } catch (cause) {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    if (cause instanceof SightlineError) throw cause;
    throw new SightlineError(
      'ERR_BACKEND_FAILED',
      `TensorFlow reads networks from files, and none can be written in ${tmpdir()}: ${oneLine(cause)}; name another ` +
        'place in TMPDIR',
      { cause },
    );
  }
}

/** Folders of up to 360 MB that nobody else would remove. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(FOLDER_PREFIX)) continue;
    const folder = join(tmpdir(), name);
    try {
      const { mtimeMs } = await stat(folder);
      if (Date.now() - mtimeMs > LEFTOVER_MS) await rm(folder, { recursive: true, force: true });
    } catch {
      // Another user's, or another process was faster.
    }
  }
}

class TensorflowBackend implements Backend {
  readonly info: BackendInfo;
  readonly #tf: TfjsNode;
  readonly #model: SavedModel;
  readonly #picture: Shape;

  constructor(
    { tf, version, device }: LoadedTensorflow,
    model: SavedModel,
    picture: Shape,
    precision: ComputePrecision,
  ) {
    this.#tf = tf;
    this.#model = model;
    this.#picture = picture;
    this.info = {
      backend: 'tensorflow',
      device,
      precision: device === 'gpu' ? cardPrecision() : precision,
      version,
    };
  }

  async warmUp(): Promise<void> {
    const { height, width, channels } = this.#picture;
    const heads = await this.run(new Uint8Array(height * width * channels), 1);
    if (this.info.device === 'gpu') requireNumbers(heads, this.info);
  }

  run(pixels: Uint8Array, count: number): Promise<readonly HeadTensor[]> {
    return Promise.resolve().then(() => this.#run(pixels, count));
  }

  close(): Promise<void> {
    this.#model.dispose();
    return Promise.resolve();
  }

  #run(pixels: Uint8Array, count: number): HeadTensor[] {
    const { height, width, channels } = this.#picture;
    const bytes = count * height * width * channels;
    if (!Number.isSafeInteger(count) || count < 1 || pixels.length !== bytes) {
      throw new SightlineError(
        'ERR_BACKEND_FAILED',
        `a batch of ${count} pictures of ${width}x${height} has ${bytes} bytes, got ${pixels.length}`,
      );
    }
    // TensorFlow.js has no uint8. As `bool` the bytes go through as they are; as `int32` they would grow fourfold.
    const images = this.#tf.tensor(pixels, [count, height, width, channels], 'bool');
    let heads: NamedTensorMap = {};
    try {
      heads = this.#model.predict({ [SAVED_MODEL_INPUT]: images }) as NamedTensorMap;
      return SAVED_MODEL_OUTPUTS.map((name) => headOf(heads[name]!));
    } catch (cause) {
      throw new SightlineError(
        'ERR_BACKEND_FAILED',
        `TensorFlow failed on a batch of ${count}: ${oneLine(cause)}`,
        { cause },
      );
    } finally {
      images.dispose();
      for (const head of Object.values(heads)) head.dispose();
    }
  }
}

/** Copies a head out of TensorFlow's memory. */
function headOf(tensor: Tensor): HeadTensor {
  const [, height = 0, width = 0, channels = 0] = tensor.shape;
  return { data: tensor.dataSync<'float32'>(), height, width, channels, layout: 'nhwc' };
}

function inputShape({ graph }: Network): Shape {
  return graph.nodes.find(({ op }) => op === 'input')!.shape;
}

/** Native errors can have several lines. */
function oneLine(cause: unknown): string {
  const text = messageOf(cause).replace(/\s+/g, ' ').trim();
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
