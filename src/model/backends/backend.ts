import type { ComputePrecision } from '../compute-precision.js';

/**
 * One output of the network for a batch: so many channels for each cell of a grid, or for each of a list of boxes, which has
 * the height 1. What the channels mean is the decoder's affair.
 */
export interface HeadTensor {
  /** `count × height × width × channels` values in the order that `layout` names. */
  readonly data: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly layout: 'nchw' | 'nhwc';
}

/** What a backend turned out to be. */
export interface BackendInfo {
  readonly backend: string;
  readonly device: string;
  readonly precision: string;
  readonly version: string;
}

/** A loaded network on one device. One call at a time. */
export interface Backend {
  readonly info: BackendInfo;
  /**
   * Runs a batch.
   * @param pixels uint8 NHWC RGB at network size, `count` pictures; only read during the call.
   * @returns the network's outputs in their order, of heads coarse to fine; their memory may be reused by the next call.
   */
  run(pixels: Uint8Array, count: number): Promise<readonly HeadTensor[]>;
  close(): Promise<void>;
}

/** An ONNX file that is run as it is, by onnxruntime. It takes the same pictures as our own networks. */
export interface OnnxProgram {
  /** The model. */
  readonly bytes: Uint8Array;
  /** Name of its one input, uint8 `[batch, height, width, 3]`. */
  readonly input: string;
  readonly width: number;
  readonly height: number;
  /** The outputs that are wanted, as float32. */
  readonly outputs: readonly OnnxOutput[];
  /** Most pictures of one call; more are run one call after another. */
  readonly maxBatch: number;
}

/** An output `[batch, cells, channels]` or `[batch, rows, columns, channels]` (`nhwc`), or with the channels in front (`nchw`). */
export interface OnnxOutput {
  readonly name: string;
  readonly layout: HeadTensor['layout'];
}

/** How a backend is to run a network. */
export interface BackendOptions {
  /** One of the backend's own devices, such as `cpu`. */
  readonly device: string;
  /** CPU threads of one inference; what the backend thinks best if not given. */
  readonly threads?: number | undefined;
  readonly gpu?: GpuOptions | undefined;
  /** Most pictures of one call: some devices want to plan for it. Without it each new number may take them seconds. */
  readonly maxBatch?: number | undefined;
  /** float32 if not given; who asks for bfloat16 has chosen a device that has it. */
  readonly precision?: ComputePrecision | undefined;
  /** Modules that are imported first, such as one that registers a TensorFlow.js backend: paths or package names. */
  readonly modules?: readonly string[] | undefined;
}

/** How much of the graphics cards a backend may take. */
export interface GpuOptions {
  /** Cards by number, such as `[0]`: sets CUDA_VISIBLE_DEVICES. All if not given, none if empty. */
  readonly visibleDevices?: readonly number[] | undefined;
  /** Whether TensorFlow takes memory as it needs it (the default) instead of all of a card's at once. */
  readonly memoryGrowth?: boolean | undefined;
}
