import type { DatabaseSync } from 'node:sqlite'
import { openDatabase, transaction } from '../../store/database.ts'
import { SOAK_SCHEMA } from './schema.ts'

/** The demo's database, with the tables of the soak. */
export function openSoakDatabase(path: string): DatabaseSync {
  const database = openDatabase(path)
  transaction(database, () => database.exec(SOAK_SCHEMA))
  return database
}
