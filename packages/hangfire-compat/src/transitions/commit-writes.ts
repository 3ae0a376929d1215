import { LockTimeoutError, StorageUnavailableError } from '@holdfast/core'
import type { Script } from '@holdfast/redis-protocol'
import type { HangfireContext } from '../storage/context.ts'
import { lockResources } from '../wire/keys.ts'
import { type CommitReply, commitJobs, decodeCommit } from './commit.ts'
import { type JobWrite, encodeWrites } from './job-write.ts'

/** How the script answered, which came in time. */
export type Committed = CommitReply & { readonly outcome: Exclude<CommitReply['outcome'], 'late'> }

export interface CommitOptions {
  /** The instant of the change, by the clock of Redis. Default: now. */
  readonly at?: number | undefined
  /** Whether to ask again while .NET holds a lock. Default: true. */
  readonly waits?: boolean | undefined
  /** A script that has further keys and arguments, and runs `commitJobs` on those that follow them. Default: `commitJobs` itself. */
  readonly within?: CommittingScript | undefined
}

export interface CommittingScript {
  readonly script: Script<readonly string[], readonly string[]>
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

/** How often a change asks again while another one holds the lock of its job: .NET holds it for a few milliseconds. */
const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 250
/** How long .NET's lock lasts without renewal. */
const LOCK_MS = 30_000

/**
 * Runs the one script of `writes`. While .NET changes one of the jobs, that is, holds its `state-lock`, it asks again, for 30 s.
 *
 * @param writes by the clock of Redis, which it gets; the first is the one that a repetition is known by
 * @throws LockTimeoutError that names the value of the lock
 */
export async function commitWrites(
  context: HangfireContext,
  writes: (now: number) => readonly JobWrite[],
  { at, waits = true, within = { script: commitJobs, keys: [], args: [] } }: CommitOptions = {},
): Promise<Committed> {
  const { keys, runtime, stateLockWaitMs } = context
  const dialect = await context.dialect()
  const now = at ?? (await context.now())
  const list = writes(now)
  const token = crypto.randomUUID()
  const startedAt = runtime.monotonicNow()
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const reply = await context.claim((run, notAfter) => {
      const [jobKeys, jobArgs] = encodeWrites(list, keys, { dialect, now, notAfter, token })
      return run(within.script, [...within.keys, ...jobKeys], [...within.args, ...jobArgs], decodeCommit)
    })
    if (isInTime(reply)) {
      if (reply.outcome !== 'locked' || !waits) return reply
    } else
      throw new StorageUnavailableError('The change came too late to Redis, and was not made.', {
        maybeApplied: false,
      })
    const waitedMs = Math.round(runtime.monotonicNow() - startedAt)
    if (waitedMs >= stateLockWaitMs) throw stillLocked(list[reply.index]?.id ?? '', waitedMs, reply.text)
    await pause(context, pauseMs * (0.5 + runtime.random()))
  }
}

function isInTime(reply: CommitReply): reply is Committed {
  return reply.outcome !== 'late'
}

/** @param text how long the lock lives on, and its value */
function stillLocked(id: string, waitedMs: number, text: string): LockTimeoutError {
  const [, ttl = '', owner = ''] = /^(-?\d+) (.*)$/s.exec(text) ?? []
  const remainingMs = Number(ttl) < 0 ? LOCK_MS : Number(ttl)
  // .NET renews after 15 s: so long it has held it at least.
  const heldForMs = Math.max(waitedMs, LOCK_MS - remainingMs)
  const holder = { owner, token: owner, fencingToken: 0, heldForMs, remainingMs, claimed: true }
  return new LockTimeoutError(lockResources.jobState(id), waitedMs, [holder], 0)
}

function pause({ runtime }: HangfireContext, ms: number): Promise<void> {
  return new Promise((resolve) => void runtime.setTimer(ms, resolve))
}
