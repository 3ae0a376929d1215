import { InvalidArgumentError } from '../errors.ts'
import { checkFunction, checkInteger, checkName } from '../support/checks.ts'
import {
  type OptionTable,
  anything,
  duration,
  oneOf,
  resolveOptions,
  without,
} from '../support/option-table.ts'
import type { StorageClient } from '../support/storage-client.ts'
import { runs } from './events.ts'
import type { JobKey, JobKeys } from './job-key.ts'
import { JOB_START, type OpenPolicies, type ResolvedOptions, type StartOptions } from './options.ts'
import type { Attempt, Attempts } from './start-outcome.ts'
import type { Body } from './execution-context.ts'
import type { ExecutionSnapshot } from './record.ts'

/**
 * Which turn of a schedule it is. All instances have to name the same turn by the same slot, whenever each of them
 * fires: it comes from the schedule, not from the moment of the call.
 */
export type Slot = {
  /** How long the slot lasts, which is until the next one begins. */
  readonly everyMs: number
} & (
  | {
      /** The instant for which the schedule has fired, as the scheduler reports it: the same in all instances. */
      readonly at: Date | number
    }
  /** The slot's name, where it is no instant: `2026-11-29`. Its work is not done again until `everyMs` after its end. */
  | { readonly id: string }
  /**
   * For a scheduler that does not say for which instant it has fired: the multiple of `everyMs` since 1970, plus
   * `offsetMs` (default 0), that is nearest to the storage's clock. Right as long as every instance fires within half of
   * `everyMs` of that instant, so only for schedules that fire at such multiples.
   */
  | { readonly offsetMs?: number | undefined }
)

/** As for `run`, without what the slot decides. */
export type SlotOptions = Omit<
  StartOptions,
  | 'onInProgress'
  | 'onCompleted'
  | 'completedWindowMs'
  | 'completedRetentionMs'
  | 'failedRetentionMs'
  | 'waitMs'
  | 'fingerprint'
> & {
  /**
   * What an instance does that finds the work in progress: `wait` until it is done or the slot is over, so that it takes
   * over when the working instance crashes; `skip` returns at once, and then only an instance that fires later notices a
   * crash.
   * @default 'wait'
   */
  readonly onInProgress?: 'wait' | 'skip' | undefined
}

/** What `oncePerSlot` resolves with. */
export type SlotResult<R> =
  /** This call did the work. */
  | {
      readonly status: 'executed'
      readonly result: R
      readonly executionId: string
      readonly attempt: number
    }
  /** Another call did the work, does it, or failed for good: see the snapshot. Null: the slot was over; nothing was done. */
  | { readonly status: 'skipped'; readonly snapshot: ExecutionSnapshot | null }

const SLOT_START: OptionTable<SlotOptions, Exclude<OpenPolicies, 'waitMs'> | 'signal' | 'onProgress'> = {
  ...without(
    JOB_START,
    'onCompleted',
    'completedWindowMs',
    'completedRetentionMs',
    'failedRetentionMs',
    'waitMs',
  ),
  onInProgress: [oneOf('wait', 'skip'), 'wait'],
}

/** The members of all kinds of {@link Slot}. */
interface SlotMembers {
  readonly everyMs: number
  readonly at?: Date | number | undefined
  readonly id?: string | undefined
  readonly offsetMs?: number | undefined
}

const SLOT: OptionTable<SlotMembers, 'at' | 'id' | 'offsetMs'> = {
  everyMs: [duration(1)],
  at: [anything, undefined],
  id: [checkName, undefined],
  offsetMs: [anything, undefined],
}

/** A record outlives its slot by this: for claims in flight at its end, and a clock that is set back a little. */
const KEPT_LONGER_MS = 60_000

/** A slot, placed on the storage's clock. */
interface PlacedSlot {
  readonly name: JobKey
  /** How long it lasts from now on. */
  readonly leftMs: number
}

/** Does the work unless another instance does or did it, or the slot is over. Wrong arguments are refused before anything is sent. */
export async function runOncePerSlot<R>(
  calls: StorageClient,
  names: JobKeys,
  runner: Attempts,
  resolve: (start: StartOptions) => ResolvedOptions,
  job: string,
  slot: Slot,
  options: SlotOptions,
  body: Body<R>,
): Promise<SlotResult<R>> {
  checkFunction('The last argument of oncePerSlot', body)
  const { onInProgress } = resolveOptions(SLOT_START, options)
  const start = { ...options, onInProgress: onInProgress === 'skip' ? 'reject' : onInProgress } as const
  resolve(start)
  names.collection(job)
  const placeAt = slotPlacer(names, job, slot)
  const { name, leftMs } = placeAt(await calls.time())
  if (leftMs <= 0) return { status: 'skipped', snapshot: null }
  const keptMs = leftMs + KEPT_LONGER_MS
  const fixed = {
    onCompleted: 'replay',
    waitMs: leftMs,
    completedWindowMs: keptMs,
    completedRetentionMs: keptMs,
    failedRetentionMs: keptMs,
  } as const
  const { jobType, jobKey } = name
  const work = (): Promise<Attempt<R>> => runner.attempt(name, { ...start, ...fixed }, body)
  const outcome = await (runs.traced ? runs.trace({ jobType, jobKey }, work) : work())
  if (outcome.status !== 'executed') return { status: 'skipped', snapshot: outcome.snapshot }
  const { result, executionId, attempt } = outcome
  return { status: 'executed', result, executionId, attempt }
}

/** Checks the slot, and returns a function that places it on the storage's clock. */
function slotPlacer(names: JobKeys, job: string, slot: Slot): (now: number) => PlacedSlot {
  const given = resolveOptions(SLOT, slot as SlotMembers, undefined, 'slot.')
  const { everyMs } = given
  if ([given.at, given.id, given.offsetMs].filter((part) => part !== undefined).length > 1) {
    throw new InvalidArgumentError('A slot has only one of at, id and offsetMs.')
  }
  if (given.id !== undefined) {
    const name = names.of(job, given.id)
    return () => ({ name, leftMs: everyMs })
  }
  const offsetMs = checkInteger('slot.offsetMs', given.offsetMs ?? 0, -everyMs, everyMs)
  const fixed = given.at === undefined ? undefined : instantOf(given.at)
  return (now) => {
    const at = fixed ?? nearest(everyMs, offsetMs, now)
    checkNear(at, everyMs, now)
    return { name: names.of(job, nameOf(at)), leftMs: at + everyMs - now }
  }
}

function nearest(everyMs: number, offsetMs: number, now: number): number {
  return Math.round((now - offsetMs) / everyMs) * everyMs + offsetMs
}

function instantOf(at: Date | number): number {
  const instant = at instanceof Date ? at.getTime() : at
  if (Number.isInteger(instant) && instant >= 0 && instant <= 8_640_000_000_000_000) return instant
  throw new InvalidArgumentError(
    'slot.at must be a valid Date, or a whole number of milliseconds since 1970.',
  )
}

/** A slot so far away is a mistake, and its work would never be done. */
function checkNear(at: number, everyMs: number, now: number): void {
  if (at - now > everyMs) {
    throw new InvalidArgumentError(
      `The slot ${nameOf(at)} begins in ${at - now} ms, by the storage's clock: later than the next one. A clock is wrong, or everyMs.`,
    )
  }
  if (at < now / 100) {
    throw new InvalidArgumentError(
      `The slot ${nameOf(at)} was over in the last century: at is counted in milliseconds, not in seconds.`,
    )
  }
}

function nameOf(at: number): string {
  return new Date(at).toISOString()
}
