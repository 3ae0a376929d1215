import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { transaction } from '@holdfast/examples/postgres-transaction'
import { JOB_EFFECTS } from '@holdfast/examples/effects'
import { PostgresNotFoundError, type RunningPostgres, startPostgres } from '@holdfast/test-support/postgres'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../src/poll.ts'

let server: RunningPostgres | undefined
try {
  server = await startPostgres()
} catch (error) {
  if (!(error instanceof PostgresNotFoundError)) throw error
  console.warn(`The cases over PostgreSQL are skipped. ${error.message}`)
}

/** COMMIT of a payment waits for the advisory lock of its order. */
const SCHEMA = `
  ${JOB_EFFECTS};
  create table paid (order_id text);
  create function gate() returns trigger language plpgsql as $$ begin
    perform pg_advisory_xact_lock(hashtext(new.order_id));
    return null;
  end $$;
  create constraint trigger gated after insert on paid deferrable initially deferred
    for each row execute function gate()`

describe.runIf(server !== undefined)('the example for PostgreSQL', () => {
  const url = server?.url ?? ''
  const pool = new pg.Pool({ connectionString: url })
  beforeAll(() => pool.query(SCHEMA))
  afterAll(async () => {
    await pool.end()
    await server?.stop()
  })

  const paid = async (order: string): Promise<number> =>
    (await pool.query('select from paid where order_id = $1', [order])).rowCount ?? 0

  it('does not report a transaction with a failed statement as committed, even if the body swallowed the error', async () => {
    const order = randomUUID()
    const swallowing = transaction(pool, async (execute) => {
      await execute('insert into paid values ($1)', [order])
      await Promise.resolve(execute('select 1 / 0', [])).catch(() => {})
      return 'paid'
    })
    await expect(swallowing).rejects.toThrow('rolled back')
    expect(await paid(order)).toBe(0)
  })

  it('rejects with the error of the body, and takes no broken connection back', async () => {
    const broken = transaction(pool, async (execute) => {
      await execute('select pg_terminate_backend(pg_backend_pid())', [])
    })
    await expect(broken).rejects.toThrow('terminating connection')
    expect(await transaction(pool, async (execute) => execute('select 1', []))).toBe(1)
  })

  /** Starts a process that pays; `printed` is its output and how it ended. */
  const start = (order: string, moment: string): { child: ChildProcess; printed: Promise<string> } => {
    const child = fork(resolve(import.meta.dirname, '../src/paying.ts'), [order, moment], {
      execArgv: ['--conditions=@holdfast/source', '--no-warnings'],
      env: { ...process.env, POSTGRES_URL: url },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk))
    const printed = once(child, 'close').then(([code, signal]) => `${text.trim()} ${signal ?? code}`.trim())
    return { child, printed }
  }

  const endSession = (order: string): Promise<unknown> =>
    pool.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [order])

  const isWaitingInCommit = async (order: string): Promise<boolean> => {
    const waiting = await pool.query(
      `select from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock' and query ilike 'commit'`,
      [order],
    )
    return waiting.rowCount === 1
  }

  /** Disturbs a payment `before`, `within` or `after` COMMIT, and resolves with how its process ended. */
  const disturb = async (
    order: string,
    moment: string,
    how: (child: ChildProcess) => unknown,
  ): Promise<string> => {
    const gate = await pool.connect()
    try {
      if (moment === 'within') await gate.query('select pg_advisory_lock(hashtext($1))', [order])
      const { child, printed } = start(order, moment)
      if (moment === 'within') await until(async () => (await isWaitingInCommit(order)) || undefined)
      else await once(child, 'message')
      await how(child)
      if (child.connected && moment !== 'within') child.send('go on', () => {})
      return await printed
    } finally {
      if (moment === 'within') await gate.query('select pg_advisory_unlock(hashtext($1))', [order])
      gate.release()
    }
  }

  it.concurrent.each([
    ['before', 'rejected 0'],
    ['within', 'rejected 0'],
    ['after', 'executed 0'],
  ])(
    'a session that the server ends %s COMMIT ends no process, and the order is paid once',
    async (moment, outcome) => {
      const order = `${moment}-${randomUUID()}`
      expect(await disturb(order, moment, () => endSession(order))).toBe(outcome)
      expect(await paid(order)).toBe(moment === 'after' ? 1 : 0)
      expect(await start(order, 'never').printed).toBe(moment === 'after' ? 'replayed 0' : 'executed 0')
      expect(await paid(order)).toBe(1)
    },
  )

  it.concurrent.each(['before', 'within', 'after'])(
    'a process that is killed %s COMMIT has a successor, and the order is paid once',
    async (moment) => {
      const order = `${moment}-${randomUUID()}`
      expect(await disturb(order, moment, (child) => child.kill('SIGKILL'))).toBe('SIGKILL')
      expect(await start(order, 'never').printed).toBe('executed 0')
      expect(await paid(order)).toBe(1)
    },
  )
})
