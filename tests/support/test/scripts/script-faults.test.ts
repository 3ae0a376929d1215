import { scriptFaults } from '@holdfast/test-support/scripts'
import { expect, it } from 'vitest'

const header = ['-- Sets a value.', '-- KEYS: 1 value', '-- ARGV: 1 text', '-- Returns what was there']
const script = (lines: readonly string[], keys = 1, args = 1) =>
  scriptFaults({ source: lines.join('\n'), keys, args })

it('finds nothing wrong with a script that says and does what it should', () => {
  expect(script([...header, "return redis.call('SET', KEYS[1], ARGV[1], 'GET')"])).toEqual([])
})

it.each([
  ['a key that it is not called with', "redis.call('COPY', KEYS[1], KEYS[2], ARGV[1])", 'it uses 2 keys'],
  ['an argument that it does not use', "return redis.call('GET', KEYS[1])", 'it uses 0 arguments'],
  [
    'a name that it puts together',
    "redis.call('SET', KEYS[1] .. ':a', ARGV[1])",
    "SET touches KEYS[1] .. ':a'",
  ],
  ['the same where it may fail', "redis.pcall('DEL', ARGV[1] .. KEYS[1])", 'DEL touches ARGV[1]'],
  ['a number as text', "redis.call('SET', KEYS[1], tostring(ARGV[1]))", 'tostring'],
])('finds %s', (_, line, fault) => {
  expect(script([...header, line])).toContainEqual(expect.stringContaining(fault))
})

it.each([
  ['what it is for', 0, 'what it is for'],
  ['its arguments', 2, 'what its arguments are'],
  ['what it returns', 3, 'what it returns'],
])('finds that it does not say %s', (_, at, fault) => {
  const lines = [...header, "redis.call('SET', KEYS[1], ARGV[1])"].toSpliced(at, 1)
  expect(script(lines)).toContainEqual(expect.stringContaining(fault))
})

it('finds that it does not name its second key and argument', () => {
  const lines = [...header, "redis.call('COPY', KEYS[1], KEYS[2])", 'return ARGV[1] .. ARGV[2]']
  expect(script(lines, 2, 2)).toEqual(['it does not say what key 2 is', 'it does not say what argument 2 is'])
})

it('finds a shebang', () => {
  expect(script(['#!lua', ...header, "redis.call('SET', KEYS[1], ARGV[1])"])).toContainEqual(
    expect.stringContaining('shebang'),
  )
})

it('lets a script make keys of the prefix of its first key, and of nothing else', () => {
  const prefix = 'local prefix = string.sub(KEYS[1], 1, -6)'
  const make = "local job, state = prefix .. 'job:' .. ARGV[1], prefix .. ARGV[1] .. ':state'"
  const touch = "redis.call('HGET', job, redis.call('GET', state)) redis.call('DEL', prefix .. 'all')"
  expect(script([...header, prefix, make, touch])).toEqual([])
  expect(script([...header, 'local prefix = ARGV[1]', make, touch])).not.toEqual([])
})
