/**
 * What becomes of a delivery: by BullMQ's lock, its counter of attempts, and the lease of the work. The documentation shows
 * this table, and each cell is a test.
 */

/** Of BullMQ, while the delivery is with its worker. */
export const LOCKS = ['held', 'lost', 'stalled'] as const
/** Of BullMQ's attempts of the job. */
export const ATTEMPTS = ['first', 'retried', 'last'] as const
/** Of Holdfast's lease of the work, as the delivery finds it, or as it comes while the work runs. */
export const LEASES = ['held', 'lost', 'elsewhere', 'completed', 'failed', 'stalled'] as const

export type Lock = (typeof LOCKS)[number]
export type Attempt = (typeof ATTEMPTS)[number]
export type Lease = (typeof LEASES)[number]

export interface Cell {
  readonly lock: Lock
  readonly attempt: Attempt
  readonly lease: Lease
}

export const CELLS: readonly Cell[] = LOCKS.flatMap((lock) =>
  ATTEMPTS.flatMap((attempt) => LEASES.map((lease) => ({ lock, attempt, lease }))),
)

/** What counts when all is over. */
export interface Outcome {
  readonly state: 'completed' | 'failed'
  /** The job's result, or why it failed. */
  readonly value: 'by this job' | 'by another' | 'refused before'
  /** How often workers of the queue have begun the work, and how often anybody has done it. */
  readonly begun: number
  readonly done: 0 | 1
  /** Holdfast's attempt at the last start of this queue's workers. */
  readonly execution?: number
}

export function outcomeOf({ lock, lease }: Cell): Outcome {
  switch (lease) {
    case 'held':
      return {
        state: 'completed',
        value: 'by this job',
        begun: lock === 'held' ? 1 : 2,
        done: 1,
        execution: 1,
      }
    case 'lost':
      return { state: 'completed', value: 'by another', begun: 1, done: 1, execution: 1 }
    case 'elsewhere':
    case 'completed':
      return { state: 'completed', value: 'by another', begun: 0, done: 1 }
    case 'failed':
      return { state: 'failed', value: 'refused before', begun: 0, done: 0 }
    case 'stalled':
      return { state: 'completed', value: 'by this job', begun: 1, done: 1, execution: 2 }
  }
}

/** BullMQ's `attemptsMade` at the end: the one that this delivery ends, and those before it. */
export function attemptsMade({ attempt }: Cell): number {
  return attempt === 'first' ? 1 : 2
}

export const LEASE_WORDS: Readonly<Record<Lease, string>> = {
  held: 'free: this delivery takes it and keeps it',
  lost: 'taken over while the work runs here',
  elsewhere: 'the work runs elsewhere',
  completed: 'the work is done',
  failed: 'the work has failed for good',
  stalled: 'its owner has died',
}

export const LOCK_WORDS: Readonly<Record<Lock, string>> = {
  held: 'held',
  lost: 'lost',
  stalled: 'lost, and the job is with another worker',
}

const WORDS: Readonly<Record<Lease, Readonly<Record<Lock, string>>>> = {
  held: {
    held: 'the work runs, the job completes',
    lost: 'the signal aborts (`JOB_LOCK_LOST`), the execution is released; the next delivery continues it',
    stalled: 'the signal aborts, the execution is released; the other worker continues it',
  },
  lost: {
    held: "the signal aborts (`LEASE_LOST`); delayed, then the other one's result",
    lost: "the signal aborts; the next delivery has the other one's result",
    stalled: "the signal aborts; the other worker's delivery has the other one's result",
  },
  elsewhere: {
    held: 'delayed by the lease that remains, then its result',
    lost: 'nothing; the next delivery is delayed, then has its result',
    stalled: 'nothing; the delivery with the other worker is delayed, then has its result',
  },
  completed: {
    held: 'its result at once',
    lost: 'nothing; the next delivery has its result',
    stalled: 'nothing; the delivery with the other worker has its result',
  },
  failed: {
    held: 'fails with its error, whatever attempts are left',
    lost: 'nothing; the next delivery fails with its error',
    stalled: 'nothing; the delivery with the other worker fails with its error',
  },
  stalled: {
    held: 'delayed by the lease that remains, then takes it over',
    lost: 'nothing; the next delivery takes it over when the lease ends',
    stalled: 'nothing; the other worker takes it over when the lease ends',
  },
}

/** The name of its test. */
export function nameOf(cell: Cell): string {
  return `lock ${cell.lock}, ${cell.attempt} attempt, lease ${cell.lease}: ${WORDS[cell.lease][cell.lock]}`
}

/** The table in Markdown. It has no column for the attempts, which change nothing of what happens. */
export function outcomeTable(): string {
  return [
    `| the lease of the work | BullMQ's lock: ${LOCKS.map((lock) => LOCK_WORDS[lock]).join(' | ')} |`,
    `|---|${LOCKS.map(() => '---|').join('')}`,
    ...LEASES.map(
      (lease) => `| ${LEASE_WORDS[lease]} | ${LOCKS.map((lock) => WORDS[lease][lock]).join(' | ')} |`,
    ),
    '',
  ].join('\n')
}
