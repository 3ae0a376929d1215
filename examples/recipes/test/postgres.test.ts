/** The recipes on PostgreSQL, which share a server; each test has its own database. */
import { randomUUID } from 'node:crypto'
import { PostgresNotFoundError, type RunningPostgres, startPostgres } from '@holdfast/test-support/postgres'
import pg from 'pg'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { MIGRATION_CASES } from './postgres/migrations.ts'
import { PAYMENT_CASES } from './postgres/payments.ts'
import { QUEUE_CASES } from './postgres/queues.ts'

let server: RunningPostgres | undefined
let missing: string | undefined

beforeAll(async () => {
  try {
    server = await startPostgres()
  } catch (error) {
    if (!(error instanceof PostgresNotFoundError)) throw error
    missing = error.message
  }
})
afterAll(async () => await server?.stop())

/** A new database, by its URL. */
async function createDatabase(): Promise<string> {
  const name = `d${randomUUID().replaceAll('-', '')}`
  const admin = new pg.Client({ connectionString: server?.url })
  await admin.connect()
  await admin.query(`create database ${name}`)
  await admin.end()
  return new URL(`/${name}`, server?.url).href
}

describe.concurrent.each([
  ['payments', PAYMENT_CASES],
  ['migrations', MIGRATION_CASES],
  ['queues', QUEUE_CASES],
])('%s', (_name, cases) => {
  it.for(Object.entries(cases))('%s', async ([, run], { skip }) => {
    if (missing !== undefined) skip(missing)
    await run(await createDatabase())
  })
})
