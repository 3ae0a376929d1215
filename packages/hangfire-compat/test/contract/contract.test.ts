import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { contractOf } from '../../src/contract/contract.ts'
import { findDefinitions } from '../../src/contract/find-definitions.ts'
import { defineHangfireJob, t } from '../../src/index.ts'
import { runCli, runHere } from '../cli/run-cli.ts'
import * as jobs from './jobs.ts'

const module = join(import.meta.dirname, 'jobs.ts')
/** It compiled without a warning with Hangfire.Core 1.8.25 on .NET 10, and Hangfire found each method of the definitions. */
const golden = readFileSync(join(import.meta.dirname, 'Contract.cs'), 'utf8')
const args = ['contract', module, '--namespace', 'Acme.Contracts']
const options = { namespace: 'Acme', nullable: true }

describe('holdfast-hangfire contract', () => {
  it('prints the file, and says what it left out', async () => {
    const { code, out, err } = await runCli(args)
    expect(code).toBe(0)
    expect(out).toBe(golden)
    expect(err.split('\n').slice(1, -1)).toEqual([
      '  Acme.Reviews.AiReviewJobs.Run is left out: it is in the namespace Acme.Reviews.',
      '  Acme.Contracts.Cleaner.Run is left out: by its name it is a class, so .NET runs it.',
      expect.stringMatching(/^ {2}Opaque has no members, since /),
    ])
  })

  it('writes the file', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'contract-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const file = join(directory, 'Contract.cs')
    expect(await runCli([...args, '--out', file])).toMatchObject({ code: 0, out: '' })
    expect(readFileSync(file, 'utf8')).toBe(golden)
    const { code, err } = await runHere([...args, '--out', join(directory, 'none/Contract.cs')])
    expect([code, err]).toEqual([2, expect.stringContaining('cannot be written')])
  })

  it('leaves out the ? of classes for older C#', async () => {
    const { out } = await runHere([...args, '--no-nullable'])
    expect(out).not.toMatch(/#nullable|default!|string\?|PerformContext\?|ReviewOptions\?/)
    expect(out).toContain('global::Acme.Contracts.Severity? arg2, string[][] arg3')
    expect(out).toContain('Dictionary<string, double?>')
  })

  it.each([
    [['contract', 'none.js', '--namespace', 'Acme'], 2, 'There is no file none.js'],
    [['contract', join(import.meta.dirname, 'Contract.cs'), '--namespace', 'Acme'], 2, 'cannot be loaded'],
    [['contract', join(import.meta.dirname, '../dumps.ts'), '--namespace', 'Acme'], 2, 'exports nothing'],
    [['contract', module], 2, 'needs --namespace'],
    [['contract', module, '--namespace', 'Acme..x'], 2, '--namespace: "" is no name in C#'],
    [['contract', module, '--namespace', 'Acme.Nothing'], 1, 'has no job for Acme.Nothing'],
  ])('%j ends with %i', async (wrong, code, message) => {
    const run = await runHere(wrong)
    expect(run).toMatchObject({ code, out: '' })
    expect(run.err).toContain(message)
  })

  /** A module with this source, in a folder that goes with the test. */
  const moduleOf = (source: string): string => {
    const directory = mkdtempSync(join(tmpdir(), 'contract-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const file = join(directory, 'jobs.mjs')
    writeFileSync(file, source)
    return file
  }

  it('ends with 2 for a module that never ends loading', async () => {
    const file = moduleOf('await new Promise(() => {})')
    const { code, err } = await runCli(['contract', file, '--namespace', 'Acme'])
    expect([code, err]).toEqual([2, expect.stringContaining('a top-level await in it')])
    // Something is left to do in this process.
    const late = await runHere(['contract', file, '--namespace', 'Acme', '--timeout-ms', '50'])
    expect([late.code, late.err]).toEqual([2, expect.stringContaining('it takes more than 50 ms')])
  })

  it.each([
    ['throw new Error("no database")', 'cannot be loaded: no database'],
    ['throw null', 'cannot be loaded: it throws null'],
    [
      'export const jobs = { get review() { throw new Error("no database") } }',
      'cannot be read: no database',
    ],
    [
      'export const jobs = new Proxy({}, { getPrototypeOf() { throw undefined } })',
      'cannot be read: it throws undefined',
    ],
  ])('ends with 2 for a module that says: %s', async (source, message) => {
    const { code, err } = await runHere(['contract', moduleOf(source), '--namespace', 'Acme'])
    expect([code, err]).toEqual([2, expect.stringContaining(message)])
  })
})

describe('what a contract refuses', () => {
  const job = (
    parameters: Parameters<typeof defineHangfireJob>[0]['parameters'],
    rest: { readonly type?: string; readonly method?: string; readonly queue?: string } = {},
  ) =>
    defineHangfireJob({
      type: 'Acme.IJobs, Acme',
      method: 'Run',
      queue: 'node',
      ...rest,
      parameters: parameters ?? [],
    })
  const dto = (name: string, members: Parameters<typeof t.object>[1] = {}) =>
    t.object(`Acme.${name}, Acme`, members)

  it.each([
    [
      'a method with two queues',
      [job([t.string]), job([t.nullable(t.string)], { queue: 'other' })],
      /another queue/,
    ],
    ['nulls that are no overload', [job([t.string]), job([t.nullable(t.string)])], /takes null elsewhere/],
    [
      'a generic interface',
      [job([], { type: 'Acme.IJobs`1[[System.Guid]], Acme' })],
      /one use of a generic type/,
    ],
    ['a generic class', [job([dto('Page`1[[System.String]]')])], /one use of a generic type/],
    [
      'a class with two sets of members',
      [job([dto('A', { X: t.int32 }), dto('A', { Y: t.int32 })])],
      /other members/,
    ],
    ['a class that is an enum too', [job([dto('A'), t.enumeration('Acme.A, Acme', { X: 0 })])], /two kinds/],
    ['a member without a name in C#', [job([dto('A', { 'x-y': t.int32 })])], /"x-y" is no name in C#/],
    ['a member named as its class', [job([dto('A', { A: t.int32 })])], /no member A/],
    ['a method without a name in C#', [job([], { method: 'a b' })], /"a b" is no name in C#/],
    ['a large enum', [job([t.enumeration('Acme.E, Acme', { X: 2 ** 40 })])], /does not fit/],
    [
      'an open generic type',
      [job([t.object('System.Collections.Generic.List`1, mscorlib')])],
      /arguments are missing/,
    ],
    ['a pointer', [job([t.object('System.Int32*, mscorlib')])], /pointer/],
    ['two assemblies', [job([t.object('Acme.A, Other')])], /several assemblies/],
    ['types nested in an interface', [job([dto('IJobs+A')])], /nested in it/],
  ])('is %s', (_what, definitions, message) => {
    const { text, problems } = contractOf(definitions, options)
    expect(text).toBeUndefined()
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(message)
  })

  it('is nothing that is defined twice alike', () => {
    const { text, problems } = contractOf(
      [job([dto('A', { X: t.int32 })]), job([dto('A', { X: t.int32 })])],
      options,
    )
    expect(problems).toEqual([])
    expect(text?.match(/Run\(/g)).toHaveLength(1)
  })

  it('is no class whose members another definition knows', () => {
    const { text } = contractOf([job([t.object('Acme.A, Acme'), dto('A', { class: t.int32 })])], options)
    expect(text).toContain('public int @class { get; set; }')
  })

  it('warns of the queue default', () => {
    expect(contractOf([job([], { queue: 'default' })], options).remarks).toEqual([
      expect.stringContaining('is on the queue default'),
    ])
  })
})

it('definitions are found in lists and objects, also in circles, and nowhere else', () => {
  const circle: Record<string, unknown> = { kinds: jobs.kinds }
  circle['self'] = circle
  const found = findDefinitions({
    circle,
    all: [jobs.kinds, [jobs.deep]],
    client: new Map([[1, jobs.overload]]),
  })
  expect(found).toEqual([jobs.kinds, jobs.deep])
})
