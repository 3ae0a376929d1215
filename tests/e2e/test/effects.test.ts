import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { type Execute, JOB_EFFECTS, isFirst, isNewest } from '@holdfast/examples/effects'
import { transaction } from '@holdfast/examples/postgres-transaction'
import { PostgresNotFoundError, type RunningPostgres, startPostgres } from '@holdfast/test-support/postgres'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type JobWorld, memoryWorld } from '../src/job-world.ts'

/** A transaction on its own connection; it is rolled back when `work` rejects. */
type Transaction = <T>(work: (execute: Execute) => Promise<T>) => Promise<T>

interface Database {
  readonly transaction: Transaction
  /** Rows of `witnessed` for a key: plain inserts, without any constraint. */
  rows(key: string): Promise<readonly string[]>
  close(): Promise<void>
}

const WITNESSED = 'create table if not exists witnessed (job_key text, who text)'

async function sqlite(): Promise<Database> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-effects-'))
  const open = (): DatabaseSync => new DatabaseSync(join(directory, 'db'), { timeout: 60_000 })
  const first = open()
  first.exec(`pragma journal_mode = wal; ${JOB_EFFECTS}; ${WITNESSED}`)
  // Waiting for a lock blocks the thread, so transactions of this process queue instead.
  let last: Promise<unknown> = Promise.resolve()
  const transaction: Transaction = (work) => {
    const run = last.then(async () => {
      const database = open()
      try {
        database.exec('begin immediate')
        const execute: Execute = (sql, params) =>
          Number(database.prepare(sql.replaceAll('$', '?')).run(...params).changes)
        const result = await work(execute)
        database.exec('commit')
        return result
      } finally {
        database.close()
      }
    })
    last = run.catch(() => {})
    return run
  }
  return {
    transaction,
    rows: async (key) =>
      first
        .prepare('select who from witnessed where job_key = ?')
        .all(key)
        .map(({ who }) => String(who)),
    async close() {
      await last
      first.close()
      rmSync(directory, { recursive: true })
    },
  }
}

async function postgres(url: string): Promise<Database> {
  const pool = new pg.Pool({ connectionString: url })
  await pool.query(JOB_EFFECTS)
  await pool.query(WITNESSED)
  return {
    transaction: (work) => transaction(pool, work),
    async rows(key) {
      const { rows } = await pool.query<{ who: string }>('select who from witnessed where job_key = $1', [
        key,
      ])
      return rows.map(({ who }) => who)
    },
    close: () => pool.end(),
  }
}

let server: RunningPostgres | undefined
try {
  server = await startPostgres()
} catch (error) {
  if (!(error instanceof PostgresNotFoundError)) throw error
  console.warn(`The cases over PostgreSQL are skipped. ${error.message}`)
}
afterAll(async () => server?.stop())

const databases: Record<string, () => Promise<Database>> = { SQLite: sqlite }
const { url } = server ?? {}
if (url !== undefined) databases['PostgreSQL'] = () => postgres(url)

describe.each(Object.keys(databases))('effects in %s', (name) => {
  let database: Database
  let world: JobWorld
  beforeAll(async () => {
    database = (await databases[name]?.()) as Database
    world = memoryWorld()
  })
  afterAll(async () => {
    await world.close()
    await database.close()
  })

  const witness = (execute: Execute, key: string, who: string): Promise<number> | number =>
    execute('insert into witnessed values ($1, $2)', [key, who])
  const owner = (jobKey: string, fencingToken: number) => ({ jobType: 'job', jobKey, fencingToken })

  /** Runs a job whose attempts die between their commit and their end, except the third. */
  const runWithCrashes = async (key: string, guarded: boolean): Promise<void> => {
    for (const attempt of [1, 2, 3]) {
      const { idempotency } = await world.join()
      const run = idempotency.run('job', key, async (execution) => {
        await database.transaction(async (execute) => {
          if (guarded && !(await isFirst(execute, execution, 'witness'))) return
          await witness(execute, key, `attempt ${execution.attempt}`)
        })
        if (execution.attempt < 3) throw new Error('crash')
      })
      if (attempt < 3) await expect(run).rejects.toThrow('crash')
      else await run
    }
  }

  it('isFirst: once, no matter how often the job dies after its commit', async () => {
    const key = randomUUID()
    await runWithCrashes(key, true)
    expect(await database.rows(key)).toEqual(['attempt 1'])
  })

  it('without it: every time, so this test can fail', async () => {
    const key = randomUUID()
    await runWithCrashes(key, false)
    expect(await database.rows(key)).toEqual(['attempt 1', 'attempt 2', 'attempt 3'])
  })

  it('isFirst: once, when a zombie and its successor write at the same time', async () => {
    const key = randomUUID()
    const attempts = [101, 102, 103, 104].map((fence) =>
      database.transaction(async (execute) => {
        const first = await isFirst(execute, owner(key, fence), 'witness')
        await new Promise((resolve) => setTimeout(resolve, 5))
        if (first) await witness(execute, key, `${fence}`)
        return first
      }),
    )
    const first = await Promise.all(attempts)
    expect(first.filter(Boolean)).toHaveLength(1)
    expect(await database.rows(key)).toHaveLength(1)
  })

  it('isFirst: a rolled back effect does not count', async () => {
    const key = randomUUID()
    const failing = database.transaction(async (execute) => {
      await isFirst(execute, owner(key, 1), 'witness')
      await witness(execute, key, 'rolled back')
      throw new Error('no')
    })
    const succeeding = database.transaction(async (execute) => {
      if (await isFirst(execute, owner(key, 2), 'witness')) await witness(execute, key, 'second')
    })
    await expect(failing).rejects.toThrow('no')
    await succeeding
    expect(await database.rows(key)).toEqual(['second'])
  })

  it('isFirst: each effect, each key and each job type separately', async () => {
    const key = randomUUID()
    const first = (jobType: string, jobKey: string, effect: string): Promise<boolean> =>
      database.transaction((execute) => isFirst(execute, { jobType, jobKey, fencingToken: 1 }, effect))
    expect(await first('a', key, 'x')).toBe(true)
    expect(await first('a', key, 'y')).toBe(true)
    expect(await first('b', key, 'x')).toBe(true)
    expect(await first('a', `${key}2`, 'x')).toBe(true)
    expect(await first('a', key, 'x')).toBe(false)
  })

  const replace = (key: string, fence: number): Promise<boolean> =>
    database.transaction(async (execute) => {
      if (!(await isNewest(execute, owner(key, fence), 'report'))) return false
      await execute('delete from witnessed where job_key = $1', [key])
      await witness(execute, key, `${fence}`)
      return true
    })

  it('isNewest: refuses the zombie after its successor, with tokens as large as they are', async () => {
    const key = randomUUID()
    const fence = Date.now() * 1_000
    expect(await replace(key, fence)).toBe(true)
    expect(await replace(key, fence + 1)).toBe(true)
    expect(await replace(key, fence)).toBe(false)
    expect(await replace(key, fence + 1)).toBe(true)
    expect(await database.rows(key)).toEqual([`${fence + 1}`])
  })

  it('isNewest: accepts the zombie before its successor, as a fence must', async () => {
    const key = randomUUID()
    expect([await replace(key, 1), await replace(key, 2)]).toEqual([true, true])
    expect(await database.rows(key)).toEqual(['2'])
  })

  it('isNewest: the newest write is kept, in every order of arrival', async () => {
    const key = randomUUID()
    await Promise.all([3, 1, 5, 2, 4].map((fence) => replace(key, fence)))
    expect(await database.rows(key)).toEqual(['5'])
  })
})

it.runIf(url !== undefined)('the example for PostgreSQL runs', async () => {
  const root = resolve(import.meta.dirname, '../../..')
  const args = ['--conditions=@holdfast/source', '--no-warnings', 'examples/effects-postgres.ts']
  const env = { ...process.env, POSTGRES_URL: url }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, env })
  expect([stdout, stderr]).toEqual(['crash\n', ''])
})
