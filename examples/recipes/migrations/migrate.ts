// #region open
import { HoldfastError } from '@holdfast/core'
import { JOB_EFFECTS, isNewest } from '@holdfast/examples/effects'
import { transaction } from '@holdfast/examples/postgres-transaction'
import pg from 'pg'
import { Umzug } from 'umzug'
import { close, holdfast } from '../holdfast.ts'
import { work } from '../work.ts'

const pool = new pg.Pool({ connectionString: process.env['POSTGRES_URL'] })
pool.on('error', (error) => console.error('PostgreSQL:', error.message))
// #endregion

// #region stop
/** Aborts with the name of the signal: the first Ctrl-C. A second one ends the process at once. */
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(signal))
// #endregion

// #region step
interface Lock {
  readonly signal: AbortSignal
  readonly fencingToken: number
}

/** A migration: its statements, and the note that they were run, in one transaction of the lock's present holder. */
function step(name: string, ...statements: readonly string[]) {
  return {
    name,
    up: async ({ context: { signal, fencingToken } }: { readonly context: Lock }) => {
      await transaction(pool, async (execute) => {
        const holder = { jobType: 'lock', jobKey: 'migrations', fencingToken }
        if (!(await isNewest(execute, holder, 'schema')))
          throw new Error('Another process has the lock by now: rolled back.')
        for (const sql of statements) {
          signal.throwIfAborted()
          await execute(sql, [])
          await work(`${name} by ${process.pid}`, signal)
        }
        await execute('insert into migrations values ($1)', [name])
      })
    },
  }
}
// #endregion

// #region migrate
const migrations = [
  step('01-orders', 'create table orders (id text primary key, cents integer not null)'),
  step('02-paid', 'alter table orders add paid boolean', 'update orders set paid = false'),
]

async function migrate(lock: Lock): Promise<void> {
  await pool.query(`${JOB_EFFECTS}; create table if not exists migrations (name text primary key)`)
  const umzug = new Umzug({
    migrations,
    context: lock,
    logger: undefined,
    storage: {
      executed: async () =>
        (await pool.query<{ name: string }>('select name from migrations')).rows.map(({ name }) => name),
      logMigration: async () => {}, // the migration's own transaction has noted it
      unlogMigration: async ({ name }) =>
        void (await pool.query('delete from migrations where name = $1', [name])),
    },
  })
  const done = await umzug.up()
  console.log(done.length === 0 ? 'up to date' : `migrated ${done.map(({ name }) => name).join(', ')}`)
}

const EXIT_CODES: Readonly<Record<string, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  LOCK_TIMEOUT: 75,
  STORAGE_UNAVAILABLE: 69,
}

try {
  // All pods of a deployment get here at once. One migrates; the others wait, find nothing to do, and go on.
  await holdfast.locks.run('migrations', { waitMs: 15 * 60_000, signal: stop.signal }, async (lease) => {
    const signal = AbortSignal.any([stop.signal, lease.signal])
    await migrate({ signal, fencingToken: lease.fencingToken })
  })
} catch (error) {
  console.error('not migrated:', stop.signal.reason ?? error)
  const code = stop.signal.aborted
    ? String(stop.signal.reason)
    : HoldfastError.isInstance(error)
      ? error.code
      : ''
  process.exitCode = EXIT_CODES[code] ?? 1
} finally {
  await close()
  await pool.end()
}
// #endregion
