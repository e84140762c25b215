import { describe, expect, it } from 'vitest';
import { classThresholds, parseClassList } from '../../../src/model/class-filter.js';

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

describe('parseClassList', () => {
  it.each([
    ['car', ['car'], {}],
    ['person, car=0.5', ['person', 'car'], { car: 0.5 }],
    ['traffic light = .25 ,bus', ['traffic light', 'bus'], { 'traffic light': 0.25 }],
    ['a=b=1', ['a=b'], { 'a=b': 1 }],
    ['__proto__=0.5', ['__proto__'], Object.fromEntries([['__proto__', 0.5]])],
  ])('reads "%s"', (text, classes, classConfidence) => {
    expect(parseClassList(text)).toEqual({ classes, classConfidence });
  });

  it.each([
    ['', /has no name/],
    ['car,', /has no name/],
    ['=0.5', /has no name/],
    ['car,bus,car=0.2', /"car" stands twice/],
    ['car=', /for "car" must be a number from 0 to 1, got ""/],
    ['car=half', /got "half"/],
    ['car=-0.1', /got "-0.1"/],
    ['car=1.01', /got "1.01"/],
  ])('refuses "%s"', (text, message) => {
    expect(() => parseClassList(text)).toThrow(message);
  });
});
