import { DatabaseSync } from 'node:sqlite'
import { SCHEMA } from './schema.ts'

/** How long a writer waits for the transaction of another. */
const BUSY_MS = 10_000

/**
 * Opens the demo's SQLite file, shared by all instances as separate processes: write-ahead logging lets readers and
 * one writer work side by side, and a writer waits for another's transaction instead of failing.
 */
export function openDatabase(path: string, busyMs = BUSY_MS): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: busyMs })
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON')
  database.exec(SCHEMA)
  return database
}

/**
 * Runs `write` as one transaction. IMMEDIATE takes the write lock at once, because a transaction that begins with a
 * read and upgrades later is refused when someone else wrote in between.
 */
export function transaction<T>(database: DatabaseSync, write: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = write()
    database.exec('COMMIT')
    return result
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

/** Whether a write would have to wait for that of another process. */
export function isWritable(database: DatabaseSync, busyMs = BUSY_MS): boolean {
  database.exec('PRAGMA busy_timeout = 0')
  try {
    transaction(database, () => undefined)
    return true
  } catch {
    return false
  } finally {
    database.exec(`PRAGMA busy_timeout = ${busyMs}`)
  }
}
