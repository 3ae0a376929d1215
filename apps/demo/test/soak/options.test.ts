import { expect, it } from 'vitest'
import { UsageError, readOptions } from '../../src/soak/options.ts'

it('takes what is asked for, and half an hour with six instances otherwise', () => {
  expect(readOptions([])).toMatchObject({ minutes: 30, instances: 6, control: false, sample: false })
  expect(
    readOptions(['--minutes', '0.5', '--instances', '3', '--seed', '9', '--control', '--out', 'x'], '/a'),
  ).toEqual({ minutes: 0.5, instances: 3, seed: 9, control: true, sample: false, out: '/a/x' })
  expect(readOptions(['--help'])).toBeUndefined()
})

it.each([
  [['--minutes', 'long'], "--minutes takes a number from 0.01 to 10000, not 'long'"],
  [['--minutes', ''], "--minutes takes a number from 0.01 to 10000, not ''"],
  [['--instances', '1'], "--instances takes a whole number from 2 to 50, not '1'"],
  [['--seed', '1.5'], "--seed takes a whole number from 0 to 2147483648, not '1.5'"],
  [['--hours', '1'], "Unknown option '--hours'"],
])('refuses %j by name', (args, message) => {
  expect(() => readOptions(args)).toThrow(UsageError)
  expect(() => readOptions(args)).toThrow(message)
})
