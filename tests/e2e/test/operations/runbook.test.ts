/**
 * docs/operations/runbook.md has an entry for every code and every alert, and each of them is played: the fault is made for
 * real, the lines of the entry are run as they stand there, and what it says to do is done, and helps.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Code, allCodes } from '@holdfast/cli/codes'
import { RedisNode } from '@holdfast/test-support/servers'
import { beforeAll, describe, expect, it } from 'vitest'
import { PLAYS_OF_ALERTS } from '../../src/runbook/plays-of-alerts.ts'
import { PLAYS_OF_CACHES } from '../../src/runbook/plays-of-caches.ts'
import { PLAYS_OF_CALLS } from '../../src/runbook/plays-of-calls.ts'
import { PLAYS_OF_FINDINGS } from '../../src/runbook/plays-of-findings.ts'
import { PLAYS_OF_HANGFIRE } from '../../src/runbook/plays-of-hangfire.ts'
import { PLAYS_OF_JOBS } from '../../src/runbook/plays-of-jobs.ts'
import { PLAYS_OF_LOCKS } from '../../src/runbook/plays-of-locks.ts'
import { PLAYS_OF_QUEUES } from '../../src/runbook/plays-of-queues.ts'
import { PLAYS_OF_ROUTES } from '../../src/runbook/plays-of-routes.ts'
import { PLAYS_OF_TELEMETRY } from '../../src/runbook/plays-of-telemetry.ts'
import { PLAYS_WITH_MORE } from '../../src/runbook/plays-with-more.ts'
import { entries, runbook } from '../../src/runbook/runbook-page.ts'
import { type CommandLine, startCommandLine } from '../../src/runbook/command-line.ts'
import { EntryStage, type Place, type Play } from '../../src/runbook/stage.ts'

const root = join(import.meta.dirname, '../../../..')

/** A code without a play does not compile. */
const PLAYS_OF_CODES: Readonly<Record<Code, Play>> = {
  ...PLAYS_OF_CALLS,
  ...PLAYS_OF_FINDINGS,
  ...PLAYS_OF_CACHES,
  ...PLAYS_OF_JOBS,
  ...PLAYS_OF_LOCKS,
  ...PLAYS_OF_ROUTES,
  ...PLAYS_OF_QUEUES,
  ...PLAYS_OF_HANGFIRE,
  ...PLAYS_OF_TELEMETRY,
}
const PLAYS: Readonly<Record<string, Play>> = { ...PLAYS_OF_ALERTS, ...PLAYS_OF_CODES }
/** Those of the rules for Prometheus. */
const alerts = Array.from(
  readFileSync(join(root, 'examples/operations/prometheus/holdfast.rules.yml'), 'utf8').matchAll(
    /^ +- alert: (\w+)$/gm,
  ),
  ([, name = '']) => name,
)
const titles = entries.map(({ title }) => title)

describe('the runbook', () => {
  it('has an entry for each code and each alert, and no other but for one symptom', () => {
    const expected = [
      ...allCodes().map(({ code }) => code),
      ...new Set(alerts),
      'The cache serves old values',
    ]
    expect(titles.toSorted()).toEqual(expected.toSorted())
  })

  it.each(entries)('says of $title what to look at, what to do, and how it was played', ({ text, lines }) => {
    for (const part of ['Look', 'Do', 'Played']) expect(text).toContain(`\n- **${part}.** `)
    expect(lines.filter((line) => /redis-cli|^job |^lease |npx @holdfast\/cli /.test(line))).not.toEqual([])
  })

  it('leads to each alert from a symptom, and to each group of codes', () => {
    const [, symptoms = ''] = /## Symptoms\n(.*?)\n## /s.exec(runbook) ?? []
    const groups = Array.from(runbook.matchAll(/^## (.*)/gm), ([, group = '']) => group).slice(1)
    for (const title of [...alerts, ...groups])
      expect(symptoms).toContain(`](#${title.toLowerCase().replaceAll(' ', '-')})`)
  })
})

/** How many entries are played at a time, each on its own server: most of a play is waiting. */
const AT_A_TIME = 5

describe.concurrent('followed', () => {
  const free: Place[] = []
  beforeAll(async () => {
    const nodes = await Promise.all(
      Array.from({ length: AT_A_TIME }, async () => await RedisNode.start({ durable: true })),
    )
    const commandLine = startCommandLine()
    free.push(...nodes.map((node): Place => ({ node, commandLine })))
    return async () => {
      commandLine.stop()
      await Promise.all(nodes.map((node) => node.stop()))
    }
  })

  it.each(entries)('$title', async (entry) => {
    const place = free.pop()
    if (place === undefined) throw new Error(`vitest runs more than ${AT_A_TIME} tests at a time`)
    try {
      await asNew(place.node)
      await using stage = await EntryStage.open(place, entry)
      await PLAYS[entry.title]?.(stage)
      expect(stage.left, 'lines that the play does not run').toEqual([])
    } catch (error) {
      // It may have been left killed, or without rights.
      await place.node.restart()
      throw error
    } finally {
      free.push(place)
    }
  })
})

const isWanted = process.env['WITH_RUNBOOK'] !== undefined

describe('followed with more', () => {
  let commandLine: CommandLine | undefined
  beforeAll(() => {
    if (isWanted) commandLine = startCommandLine()
    return () => commandLine?.stop()
  })

  it.each(Object.keys(PLAYS_WITH_MORE))('%s', async (title) => {
    const entry = entries.find((each) => each.title === title)
    expect(entry?.text).toContain('`npm run runbook`')
  })

  it.for(Object.entries(PLAYS_WITH_MORE))('%s, played', async ([title, { server, play }], { skip }) => {
    const entry = entries.find((each) => each.title === title)
    if (commandLine === undefined || entry === undefined) return skip('`npm run runbook` plays it')
    const node = await (server?.() ?? RedisNode.start())
    if (typeof node === 'string') return skip(node)
    try {
      await using stage = await EntryStage.open({ node, commandLine }, entry)
      await play(stage)
    } finally {
      await node.stop()
    }
  })
})

async function asNew(node: RedisNode): Promise<void> {
  const settings = { appendonly: 'no', save: '', maxmemory: 0, 'maxmemory-policy': 'noeviction' }
  await node.ask('CONFIG', 'SET', ...Object.entries(settings).flat())
  await node.ask('CONFIG', 'RESETSTAT')
  await node.ask('ACL', 'LOG', 'RESET')
  await node.ask('FLUSHALL')
}
