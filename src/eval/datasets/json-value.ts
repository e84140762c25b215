import { messageOf, SightlineError } from '../../errors.js';

/** Parsed JSON with its place in the file, so that what is wrong with it can be said. */
export class JsonValue {
  private constructor(
    readonly value: unknown,
    /** `results.json: [12].bbox`. */
    readonly where: string,
  ) {}

  /** @throws SightlineError ERR_DATASET_INVALID if `text` is not JSON. */
  static parse(text: string, file: string): JsonValue {
    try {
      return new JsonValue(JSON.parse(text), `${file}:`);
    } catch (cause) {
      throw new SightlineError('ERR_DATASET_INVALID', `${file} is not JSON: ${messageOf(cause)}`, { cause });
    }
  }

  /** What stands under `key`; a value of undefined if nothing does. */
  at(key: string): JsonValue {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.invalid('an object');
    const where = this.where.endsWith(':') ? `${this.where} ${key}` : `${this.where}.${key}`;
    return new JsonValue((value as Record<string, unknown>)[key], where);
  }

  list(): JsonValue[] {
    if (!Array.isArray(this.value)) throw this.invalid('an array');
    const gap = this.where.endsWith(':') ? ' ' : '';
    return (this.value as unknown[]).map(
      (item, index) => new JsonValue(item, `${this.where}${gap}[${index}]`),
    );
  }

  text(): string {
    if (typeof this.value !== 'string') throw this.invalid('a string');
    return this.value;
  }

  number(): number {
    if (typeof this.value !== 'number' || !Number.isFinite(this.value)) throw this.invalid('a number');
    return this.value;
  }

  /** A number or a string, as a string: ids come as both. */
  id(): string {
    return typeof this.value === 'string' ? this.value : String(this.number());
  }

  /** Four numbers, the last two of which are not negative. */
  bbox(): [number, number, number, number] {
    const values = this.list().map((item) => item.number());
    if (values.length !== 4 || values[2]! < 0 || values[3]! < 0)
      throw this.invalid('[left, top, width, height]');
    return values as [number, number, number, number];
  }

  /** The error that says that this is not what it should be. */
  invalid(expected: string): SightlineError {
    const shown = this.value === undefined ? 'missing' : JSON.stringify(this.value).slice(0, 60);
    return new SightlineError('ERR_DATASET_INVALID', `${this.where} should be ${expected} but is ${shown}`);
  }
}
