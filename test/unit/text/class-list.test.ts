import { describe, expect, it } from 'vitest';
import { parseClassList, parseNameList } from '../../../src/text/class-list.js';

describe('parseClassList', () => {
  it.each([
    ['person', ['person'], {}],
    ['person, car=0.5', ['person', 'car'], { car: 0.5 }],
    [' traffic light = 1 ,car', ['traffic light', 'car'], { 'traffic light': 1 }],
    ['"a,b"=0.5,"c=d"', ['a,b', 'c=d'], { 'a,b': 0.5 }],
    ['"the ""big"" one" = 0', ['the "big" one'], { 'the "big" one': 0 }],
    ['__proto__=.5', ['__proto__'], Object.fromEntries([['__proto__', 0.5]])],
  ])('%s', (text, names, confidence) => {
    expect(parseClassList(text)).toEqual({ names, confidence });
  });

  it.each([
    ['', 'expected class names separated by commas, but one in "" is empty'],
    ['person,,car', 'but one in "person,,car" is empty'],
    ['person,', 'but one in "person," is empty'],
    ['=0.5', 'but one in "=0.5" is empty'],
    ['car,car=0.9', 'class "car" is listed twice'],
    ['car,"car"', 'class "car" is listed twice'],
    ['car=0.5=0.9', 'the least confidence of "car" must be a number from 0 to 1, not "0.5=0.9"'],
    ['car=2', 'the least confidence of "car" must be a number from 0 to 1, not "2"'],
    ['car=half', 'not "half"'],
    ['car=-0.1', 'not "-0.1"'],
    ['car=', 'the least confidence of "car" must be a number from 0 to 1, not ""'],
    ['person,"car', 'the list cannot be read from \'"car\' on; quote a name that holds , or =: "a,b"'],
    ['a"b', "from 'a\"b' on"],
  ])('refuses %j', (text, message) => {
    expect(() => parseClassList(text)).toThrow(
      expect.objectContaining({ code: 'ERR_USAGE', message: expect.stringContaining(message) as string }),
    );
  });
});

describe('parseNameList', () => {
  it('reads names as lists of classes are written', () => {
    expect(parseNameList('MOT17-02, "a,b"', 'sequence')).toEqual(['MOT17-02', 'a,b']);
    expect(() => parseNameList('a,a', 'sequence')).toThrow('sequence "a" is listed twice');
  });

  it('has no use for numbers', () => {
    expect(() => parseNameList('person,car=0.5', 'class')).toThrow(
      'only names are expected here, but "=0.5" stands after "car"',
    );
  });
});
