import { describe, expect, it } from 'vitest';
import { classThresholds } from '../../../src/model/class-filter.js';

const NAMES = ['person', 'bicycle', 'car', 'motorcycle', 'bus', 'truck'];

describe('classThresholds', () => {
  it.each([
    ['all classes', {}, [0.3, 0.3, 0.3, 0.3, 0.3, 0.3]],
    ['some', { classes: ['car', 'bus'] }, [Infinity, Infinity, 0.3, Infinity, 0.3, Infinity]],
    ['own thresholds', { classConfidence: { car: 0.6, bus: 0 } }, [0.3, 0.3, 0.6, 0.3, 0, 0.3]],
    [
      'own thresholds among some: they do not bring a class back',
      { classes: ['car'], classConfidence: { car: 0.6, bus: 0.1 } },
      [Infinity, Infinity, 0.6, Infinity, Infinity, Infinity],
    ],
  ])('%s', (_, filter, expected) => {
    expect([...classThresholds(NAMES, { confidence: 0.3, ...filter })]).toEqual(expected);
  });

  it.each([
    ['cra', 'car'],
    ['Car', 'car'],
    ['cars', 'car'],
    ['persons', 'person'],
    ['motorcicle', 'motorcycle'],
    ['truk', 'truck'],
    ['buses', 'bus'],
  ])('suggests for "%s" "%s"', (typed, meant) => {
    expect(() => classThresholds(NAMES, { confidence: 0.3, classes: [typed] })).toThrow(
      expect.objectContaining({
        code: 'ERR_USAGE',
        message: `the model has no class "${typed}" (did you mean "${meant}"?); it has ${NAMES.join(', ')}`,
      }),
    );
  });

  it.each(['giraffe', 'xy', ''])('suggests nothing far-fetched for "%s"', (typed) => {
    expect(() => classThresholds(NAMES, { confidence: 0.3, classes: [typed] })).toThrow(
      `the model has no class "${typed}"; it has person, bicycle`,
    );
  });

  it.each([
    ['an empty list', { classes: [] }, /no class is asked for/],
    [
      'a threshold above 1',
      { classConfidence: { car: 1.5 } },
      /for "car" must be a number from 0 to 1, got "1.5"/,
    ],
    ['a threshold for a class it does not have', { classConfidence: { cat: 0.5 } }, /no class "cat"/],
    ['no number', { confidence: NaN }, /confidence must be a number from 0 to 1, got "NaN"/],
  ])('refuses %s', (_, filter, message) => {
    expect(() => classThresholds(NAMES, { confidence: 0.3, ...filter })).toThrow(message);
  });
});
