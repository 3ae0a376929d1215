import { describe, expect, it } from 'vitest'
import { detectDialect, requireDialect } from '../../src/wire/detect-dialect.ts'
import { encodeTypeName } from '../../src/wire/type-style.ts'
import { decodeTypeName } from '../../src/wire/type-name.ts'

const full = 'Acme.Jobs, Acme, Version=2.1.0.0, Culture=neutral, PublicKeyToken=null'
const job = (CreatedAt: string, Type: string): Record<string, string> => ({
  CreatedAt,
  Type,
  ParameterTypes: '[]',
})

describe('the dialect of a prefix', () => {
  it('is unknown without data, and then nothing may be written', () => {
    const nothing = detectDialect({})
    expect(nothing).toEqual({ assemblies: new Map(), mixed: { dates: false, typeNames: false } })
    expect(() => requireDialect('{hangfire}:', nothing)).toThrow(
      expect.objectContaining({
        code: 'HANGFIRE_DIALECT_UNKNOWN',
        message: expect.stringContaining('Pass dates') as string,
      }),
    )
    expect(() => requireDialect('{hangfire}:', nothing, { dates: 'ms' })).toThrow(/Pass typeNames/)
    expect(requireDialect('{hangfire}:', nothing, { dates: 'ms', typeNames: 'simple' })).toMatchObject({
      dates: 'ms',
      typeNames: 'simple',
    })
  })

  it('is half known from a server alone', () => {
    expect(detectDialect({ servers: [{ StartedAt: '2026-11-28T22:53:00.6028236Z' }] }).dates).toBe('iso')
    expect(detectDialect({ servers: [{ StartedAt: '1795906376182' }] })).toMatchObject({ dates: 'ms' })
    expect(detectDialect({ servers: [{ StartedAt: '1795906376182' }] }).typeNames).toBeUndefined()
  })

  it('is that of the newest data after an upgrade, which it tells', () => {
    const samples = {
      jobs: [job('1795906376182', full), job('2026-11-27T22:53:00.6028236Z', 'Acme.Jobs, Acme')],
    }
    expect(detectDialect(samples)).toMatchObject({
      dates: 'ms',
      typeNames: 'full',
      mixed: { dates: true, typeNames: true },
    })
    expect(detectDialect({ jobs: samples.jobs.toReversed() })).toMatchObject({
      dates: 'ms',
      typeNames: 'full',
    })
  })

  it('has the versions that the data shows, so that what Node writes looks the same', () => {
    const dialect = requireDialect('p', detectDialect({ jobs: [job('1795906376182', full)] }))
    expect(encodeTypeName(decodeTypeName('Acme.Other, Acme'), dialect)).toBe(full.replace('Jobs', 'Other'))
  })

  it('is not judged by unreadable data, nor by dates that every level writes in ISO', () => {
    const samples = {
      jobs: [job('soon', 'x,'), job('1975-01-01T00:00:00.0000000Z', 'Acme.Jobs, Acme'), {}],
      recurringJobs: [{ Job: 'x' }],
      servers: [{ Heartbeat: 'x' }],
    }
    expect(detectDialect(samples).dates).toBeUndefined()
  })

  it('is seen in recurring jobs, too', () => {
    const recurringJobs = [
      { CreatedAt: '1795906376182', Job: '{"t":"Acme.Jobs, Acme","m":"Run","p":["System.String"]}' },
    ]
    expect(detectDialect({ recurringJobs })).toMatchObject({ dates: 'ms', typeNames: 'simple' })
  })

  it('that the caller gives wins', () => {
    const detected = detectDialect({ jobs: [job('1795906376182', full)] })
    expect(requireDialect('p', detected, { typeNames: 'simple' })).toMatchObject({
      dates: 'ms',
      typeNames: 'simple',
    })
  })
})
