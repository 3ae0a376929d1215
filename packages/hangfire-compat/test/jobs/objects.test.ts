import { expect, it } from 'vitest'
import { decodeCall, encodeCall } from '../../src/jobs/job-definition.ts'
import { defineHangfireJob, t } from '../../src/index.ts'

const options = t.object('Acme.Options, Acme', {
  Id: t.guid,
  Count: t.int64,
  Model: t.nullable(t.string),
  Due: t.nullable(t.dateTime),
  Inner: t.nullable(t.object('Acme.Inner, Acme', { Tags: t.list(t.string) })),
})
const job = defineHangfireJob({ type: 'Acme.IJobs, Acme', method: 'Run', parameters: [options] })
const dialect = { dates: 'iso', typeNames: 'simple' } as const
const Id = '3f2504e0-4f89-41d3-9a0c-0305e82c3301'

const decoded = (text: string) =>
  decodeCall(job, { ...encodeCall(job, [{ Id, Count: 1 }], dialect), arguments: [text] })[0]

it('members travel as their types, and null ones may be left out', () => {
  const value = { Id, Count: 2n ** 60n, Due: new Date(0), Inner: { Tags: ['a'] } }
  const [text = ''] = encodeCall(job, [value], dialect).arguments
  expect(text).toBe(
    `{"Id":"${Id}","Count":1152921504606846976,"Due":"1970-01-01T00:00:00Z","Inner":{"Tags":["a"]}}`,
  )
  expect(decoded(text ?? '')).toEqual({ ...value, Model: null })
})

it('what .NET left out is at its default, and its names are read in any case', () => {
  expect(decoded('{}')).toEqual({
    Id: '00000000-0000-0000-0000-000000000000',
    Count: 0n,
    Model: null,
    Due: null,
    Inner: null,
  })
  expect(decoded('{"$type":"X, Y","model":"x","Other":1}')).toMatchObject({ Model: 'x', Count: 0n })
})

it.each([
  ['another member', { Id, Count: 1, Modle: 'x' }],
  ['a value of another type', { Id, Count: 1.5 }],
  ['null where none may be', { Id, Count: null }],
  ['nothing where something must be', { Id }],
  ['a list', [Id, 1]],
  ['a text', 'x'],
])('%s is refused', (_what, value) => {
  const call = () => encodeCall(job, [value as unknown as { Id: string; Count: bigint }], dialect)
  expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

it.each(['[]', '{"Count":"x"}', '{"Inner":{}}', '{"Inner":{"Tags":[null]}}'])('%s is unreadable', (text) => {
  expect(() => decoded(text)).toThrow(expect.objectContaining({ code: 'HANGFIRE_UNREADABLE' }))
})

it('a member is named as a property, and has a type that callers pass', () => {
  for (const members of [{ $type: t.string }, { '': t.string }, { Token: t.cancellationToken }])
    expect(() => t.object('Acme.A, Acme', members as unknown as { X: typeof t.string })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
})
