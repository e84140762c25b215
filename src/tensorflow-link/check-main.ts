/**
 * Loads one native part of tfjs-node and lets it compute: `node check-main.js PACKAGE-FOLDER BINDING-FILE`. In a process of
 * its own, because a library that does not fit this machine ends the process that loads it. Prints a line of JSON.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { restoreUtil } from './restore-util.js';

/** The few things of TensorFlow.js that are used here. */
interface Tfjs {
  registerBackend(name: string, create: () => object): boolean;
  setBackend(name: string): boolean | Promise<boolean>;
  tensor(values: number[], shape: number[]): Tensor;
  matMul(a: Tensor, b: Tensor): Tensor;
  conv2d(image: Tensor, filter: Tensor, stride: number, pad: 'same'): Tensor;
}
interface Tensor {
  dataSync(): Float32Array;
}
interface Binding {
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
}

const [folder = '', bindingPath = ''] = process.argv.slice(2);
restoreUtil();
const load = createRequire(join(folder, 'package.json'));
const tf = load('@tensorflow/tfjs') as Tfjs;
load('./dist/register_all_kernels.js');
const { NodeJSKernelBackend } = load('./dist/nodejs_kernel_backend.js') as {
  NodeJSKernelBackend: new (binding: Binding, name: string) => object;
};
const binding = load(bindingPath) as Binding;
tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, 'checked'));
if (!(await tf.setBackend('tensorflow'))) throw new Error('TensorFlow did not start');

expectValues(
  'a product of matrices',
  tf.matMul(tf.tensor([1, 2, 3, 4], [2, 2]), tf.tensor([5, 6, 7, 8], [2, 2])),
  [19, 22, 43, 50],
);
// 3 × 3 of ones over 3 × 3 of ones, padded: each sum counts the neighbours.
const ones = (...shape: number[]): Tensor => tf.tensor(new Array<number>(9).fill(1), shape);
expectValues(
  'a convolution',
  tf.conv2d(ones(1, 3, 3, 1), ones(3, 3, 1, 1), 1, 'same'),
  [4, 6, 4, 6, 9, 6, 4, 6, 4],
);
process.stdout.write(`${JSON.stringify({ version: binding.TF_Version, gpu: binding.isUsingGpuDevice() })}\n`);

function expectValues(what: string, tensor: Tensor, expected: readonly number[]): void {
  const values = [...tensor.dataSync()];
  if (values.join() !== expected.join())
    throw new Error(`${what} is ${values.join()}, not ${expected.join()}`);
}
