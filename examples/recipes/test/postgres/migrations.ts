import { expect } from 'vitest'
import { Programs } from '../program.ts'
import { type Cases, query } from './database.ts'

const MIGRATE = 'migrations/migrate.ts'
const ALL = [{ name: '01-orders' }, { name: '02-paid' }]
const migrated = async (url: string) => await query(url, 'select name from migrations order by name')

export const MIGRATION_CASES: Cases = {
  'are made by one of three pods, and the others go on': async (url) => {
    await using programs = new Programs('migrations', { POSTGRES_URL: url, WORK_MS: '50' })
    const pods = programs.three(MIGRATE)
    expect(await Promise.all(pods.map(({ ended }) => ended))).toEqual([0, 0, 0])
    const outcomes = pods.flatMap(({ lines }) => lines.filter((line) => !line.includes(' by ')))
    expect(outcomes.toSorted()).toEqual(['migrated 01-orders, 02-paid', 'up to date', 'up to date'])
    expect(await migrated(url)).toEqual(ALL)
  },

  'are taken over by another pod when the first is killed in the middle of one': async (url) => {
    await using programs = new Programs('migrations', { POSTGRES_URL: url, WORK_MS: '1' })
    const killed = programs.start(MIGRATE, { WORK_MS: '600000', LEASE_MS: '3000' })
    await killed.until(/^01-orders by/)
    const other = programs.start(MIGRATE)
    killed.kill('SIGKILL')
    expect(await other.ended).toBe(0)
    expect(other.lines).toContain('migrated 01-orders, 02-paid')
    expect(await migrated(url)).toEqual(ALL)
  },

  'are rolled back by Ctrl-C, which hands the lock on at once': async (url) => {
    // A lease that this test cannot outlive: the other pod has the lock because it was released.
    await using programs = new Programs('migrations', { POSTGRES_URL: url, LEASE_MS: '86400000' })
    const stopped = programs.start(MIGRATE, { WORK_MS: '600000' })
    await stopped.until(/^01-orders by/)
    expect(await programs.commandsOf('migrations')).toEqual([0])
    const other = programs.start(MIGRATE, { WORK_MS: '1' })
    stopped.kill('SIGINT')
    expect(await stopped.ended).toBe(130)
    expect(stopped.lines).toContain('not migrated: SIGINT')
    expect(await other.ended).toBe(0)
    expect(await migrated(url)).toEqual(ALL)
  },

  'are rolled back when the lock is lost while the process is frozen': async (url) => {
    await using programs = new Programs('migrations', { POSTGRES_URL: url })
    const frozen = programs.start(MIGRATE, { WORK_MS: '600000', LEASE_MS: '3000' })
    await frozen.until(/^01-orders by/)
    frozen.kill('SIGSTOP')
    const other = programs.start(MIGRATE, { WORK_MS: '1' })
    // It waits for the frozen transaction, in PostgreSQL.
    await expectToWait(url)
    frozen.kill('SIGCONT')
    expect(await frozen.ended).toBe(1)
    expect(await other.ended).toBe(0)
    expect(await migrated(url)).toEqual(ALL)
  },

  'are left alone without Redis': async (url) => {
    await using programs = new Programs('migrations', {
      POSTGRES_URL: url,
      REDIS_URL: 'redis://127.0.0.1:1',
      CALL_TIMEOUT_MS: '200',
    })
    expect(await programs.start(MIGRATE).ended).toBe(69)
  },
}

async function expectToWait(url: string): Promise<void> {
  const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  while ((await query(url, waiting)).length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
}
