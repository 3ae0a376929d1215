import { expect, it } from 'vitest'
import { defineHangfireJob, t } from '../../src/index.ts'

const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as object
const call = { type: 'Acme.Mail, Acme', method: 'Send' }

it.for([
  ['nothing', undefined],
  ['a misspelt option', { ...call, queues: 'node' }],
  ['a bigint for a type', { ...call, type: 5n }],
  ['a bigint for a method', { ...call, method: 5n }],
  ['a bigint for a queue', { ...call, queue: 5n }],
  ['a line feed in a type', { ...call, type: 'Acme.Mail\n, Acme' }],
  ['a control character in the name of a type', { ...call, type: 'Acme.Ma\u0000il, Acme' }],
  ['a line feed in a method', { ...call, method: 'Send\n' }],
  ['an escape in a method', { ...call, method: '\u001b[2J' }],
  ['a line feed in a queue', { ...call, queue: 'node\n' }],
  ['a type where a list of them belongs', { ...call, parameters: t.string }],
  ['text for a type', { ...call, parameters: ['string'] }],
  ['a type that a module has not got yet', { ...call, parameters: [t.string, undefined] }],
  ['a hole', { ...call, parameters: Object.assign([], { length: 1 }) }],
  ['a type that was not called', { ...call, parameters: [t.list] }],
] as const)('defineHangfireJob() refuses %s', ([, options]) => {
  expect(() => defineHangfireJob(options as never)).toThrow(refused)
})

it.for([
  ['t.nullable', t.nullable],
  ['t.list', t.list],
  ['t.array', t.array],
  ['t.dictionary', t.dictionary],
] as const)('%s refuses what is no type', ([, make]) => {
  for (const item of [undefined, null, 'string', 5n, {}, t.cancellationToken])
    expect(() => make(item as never)).toThrow(refused)
})

it('t.enumeration and t.object refuse what has no members', () => {
  expect(() => t.enumeration('Acme.Day, Acme', undefined as never)).toThrow(refused)
  expect(() => t.enumeration(5n as never, { A: 1 })).toThrow(refused)
  expect(() => t.object('Acme.Options, Acme', null as never)).toThrow(refused)
  expect(() => t.object('Acme.Options, Acme', { A: undefined } as never)).toThrow(refused)
  expect(() => t.object(5n as never)).toThrow(refused)
  expect(() => t.object('Acme.Options\n, Acme')).toThrow(refused)
  expect(() => t.enumeration('Acme.Day\u0007, Acme', { A: 1 })).toThrow(refused)
})
