/**
 * **records**: compare-and-set records. The storage keeps opaque values and does not know what they mean; the whole
 * idempotency policy is pure functions in core.
 *
 * ```
 *            put(null)                       put(rev)
 *  absent ───────────────► live, rev r ──────────────────► live, rev r' > r
 *    ▲                         │   │
 *    └── ttl passed ───────────┘   └── compareAndDelete(rev | writeId) ──► absent
 * ```
 *
 * Guarantees, each with a test of the same number in the conformance kit:
 *
 * - **G1** Of many concurrent creations (`put` with null) of an absent key exactly one is `written`.
 * - **G2** A `conflict` returns the live entry as it was in the same atomic step.
 * - **G3** A repeated command has the effect and the answer of one: a `put` whose `writeId` is the stored one is
 *   `written`, returns the stored entry and writes nothing.
 * - **G4** `put` writes only over the expected revision; of many concurrent ones exactly one succeeds.
 * - **G5** `rev` grows strictly for one key, also over deletion and expiry: `max(previous + 1, storage µs)`. It is a
 *   safe integer: version, ABA guard and fencing token in one.
 * - **G6** An expired entry is an absent one. Every write sets the time to live anew.
 * - **G7** `createdAt` survives a `put` over a revision; `createdAt ≤ writtenAt ≤ now`; all are the storage's clock.
 * - **G8** A write that executes later than its `notAfter`, an instant of the storage's clock, is `late` and changes
 *   nothing.
 * - **G9** `compareAndDelete` removes only the given revision or write. A creation with a deleted `writeId` that is
 *   executed after its deletion, but not after `notAfter`, is `late` and creates nothing (the compensation may overtake).
 *   An absent entry counts as `deleted`, so a repeated deletion answers as the first.
 * - **G10** Values and keys come back unchanged (any string, lone surrogates excepted).
 * - **G11** A hint follows each successful write with `notify` and each deletion. It may be lost, late, doubled or
 *   overtaken. If it carries anything, it carries the entry that was written.
 * - **G12** `list` visits every record that lives during the whole walk, touches no foreign key, and is paged.
 * - **G13** `put` over a revision and `compareAndDelete` work when the storage is out of memory.
 */
export interface RecordStorage {
  /** Writes over the expected revision; with null, only where nothing is. */
  put(key: RecordKey, expectedRev: number | null, write: RecordWrite): Promise<PutReply>
  compareAndDelete(key: RecordKey, match: RecordMatch): Promise<DeleteReply>
  read(key: RecordKey): Promise<ReadReply>
  /** One page of a collection in no particular order. A page may be empty while `cursor` says that there is more. */
  list(collection: string, page: RecordPage): Promise<ListReply>
  /** Resolves when hints for the key will arrive. */
  subscribe(key: RecordKey, onHint: OnHint): Promise<Unsubscribe>
}

/** A record's name: `collection` is what it is listed under, `id` is unique in it. */
export interface RecordKey {
  readonly collection: string
  readonly id: string
}

/** A write of a record. */
export interface RecordWrite {
  /** Chosen by the caller, fresh for each intended write and the same when that write is sent again. */
  readonly writeId: string
  readonly value: string
  /** 1 ms to about 1,000 days. */
  readonly ttlMs: number
  /** Send subscribers of the key a hint. */
  readonly notify: boolean
  /** Do nothing later than this instant (milliseconds, storage's clock). */
  readonly notAfter?: number
}

/** Which state of the record to delete: a revision, or what one write left. */
export type RecordMatch =
  | { readonly rev: number }
  /** `notAfter` as it was given to the write: until then a late execution of it is refused too (G9). */
  | { readonly writeId: string; readonly notAfter: number }

/** A stored record. */
export interface RecordEntry {
  /** 0 is no revision: another program has written the entry, and `value` is all of it. 0 also deletes it. */
  readonly rev: number
  readonly writeId: string
  /** Instants are milliseconds of the storage's clock. */
  readonly createdAt: number
  readonly writtenAt: number
  readonly expiresAt: number
  readonly value: string
}

/** `entry` is what is there after the step: null when nothing is. */
export type PutReply =
  | { readonly outcome: 'written'; readonly entry: RecordEntry; readonly now: number }
  | {
      readonly outcome: 'conflict'
      readonly entry: RecordEntry | null
      /** Nothing is there because it was deleted, as far as the storage still knows; absent where it does not know. */
      readonly removed?: boolean
      readonly now: number
    }
  /** The expected revision is there, but the write came after its `notAfter`, or was deleted before it came. */
  | { readonly outcome: 'late'; readonly entry: RecordEntry | null; readonly now: number }

/** `entry` is what is there after the step. */
export type DeleteReply =
  | { readonly outcome: 'deleted'; readonly entry: null; readonly now: number }
  | { readonly outcome: 'conflict'; readonly entry: RecordEntry; readonly now: number }

/** A record, or null, with the clock by which it was read. */
export interface ReadReply {
  readonly entry: RecordEntry | null
  readonly now: number
}

/** Which page of records to list. */
export interface RecordPage {
  readonly limit: number
  /** From the reply before; absent for the first page. */
  readonly cursor?: string
}

/** A page of records. */
export interface ListReply {
  readonly records: readonly { readonly id: string; readonly entry: RecordEntry }[]
  /** Absent when the walk is over. */
  readonly cursor?: string
  readonly now: number
}

/** The record was changed. Without `written`: read it. */
export type OnHint = (written?: RecordEntry) => void

/** Ends a subscription. Resolves when nothing more is heard. */
export type Unsubscribe = () => Promise<void>
