/**
 * NVIDIA's libraries compute float32 products in TF32 where nothing else is said: factors are rounded to 10 bits of fraction.
 * Heads are then off by up to 2 % of their standard deviation where they are off by 0.05 % in float32, and the gain is 5 to
 * 25 % (docs/gpu.md). So float32 is float32 here, unless the environment says otherwise.
 */
const SWITCH = 'NVIDIA_TF32_OVERRIDE';

/** Makes float32 exact on cards; has an effect only before a runtime has loaded NVIDIA's libraries. */
export function keepFloat32(): void {
  process.env[SWITCH] ??= '0';
}

/** What a card computes float32 networks in. */
export function cardPrecision(): 'float32' | 'tf32' {
  return process.env[SWITCH] === '0' ? 'float32' : 'tf32';
}
