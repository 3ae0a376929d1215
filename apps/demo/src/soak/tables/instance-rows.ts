import type { DatabaseSync } from 'node:sqlite'
import type { Lease } from '@holdfast/core'
import { hostNow } from '../../clock.ts'
import { transaction } from '../../store/database.ts'

/** A read of the price, before the cache is asked. */
export interface PriceRead {
  readonly at: number
  readonly owed: number
}

/** What an instance writes for the judge. */
export interface InstanceRows {
  price(): number
  /** Resolves to the new version. */
  changePrice(): number
  invalidated(version: number): void
  beginRead(): PriceRead
  endRead(read: PriceRead, version: number, how: string): void
  /** Something is done under this lease, in one transaction with the question who was here before. */
  underLock(lease: Lease, event: 'enter' | 'leave'): void
}

export function createInstanceRows(database: DatabaseSync, instance: string): InstanceRows {
  const selectPrice = database.prepare('SELECT version FROM soak_price')
  const raisePrice = database.prepare('UPDATE soak_price SET version = version + 1 RETURNING version')
  const insertInvalidation = database.prepare('INSERT INTO soak_invalidations VALUES (?, ?, ?)')
  const selectOwed = database.prepare('SELECT version FROM soak_invalidations ORDER BY version DESC LIMIT 1')
  const insertRead = database.prepare('INSERT INTO soak_price_reads VALUES (?, ?, ?, ?, ?)')
  const newestFence = database.prepare('SELECT max(fence) AS fence FROM soak_lock_rows WHERE lock = ?')
  const insertLockRow = database.prepare('INSERT INTO soak_lock_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const versionIn = (row: unknown): number => (row as { version: number } | undefined)?.version ?? 0
  return {
    price: () => versionIn(selectPrice.get()),
    changePrice: () => transaction(database, () => versionIn(raisePrice.get())),
    invalidated: (version) => void insertInvalidation.run(hostNow(), version, instance),
    beginRead: () => ({ owed: versionIn(selectOwed.get()), at: hostNow() }),
    endRead: ({ at, owed }, version, how) => void insertRead.run(at, instance, version, owed, how),
    underLock: (lease, event) =>
      transaction(database, () => {
        const { name, fencingToken, token } = lease
        const { fence } = newestFence.get(name) as { fence: number | null }
        const accepted = fence === null || fence <= fencingToken
        // Asked while no other process can write: what is valid here is valid in the order of the rows.
        const valid = lease.remainingMs() > 0
        insertLockRow.run(hostNow(), name, fencingToken, token, instance, event, +accepted, +valid)
      }),
  }
}
