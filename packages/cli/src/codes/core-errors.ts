import type { HoldfastErrorCode } from '@holdfast/core'
import { type Explanations, explained } from './explanation.ts'

/** Those of the packages that adapt a client. */
export type ClientErrorCode = Extract<HoldfastErrorCode, `CLIENT_${string}`>

/** Those of core, and one that is recorded with a job and that no call throws. */
export type CoreErrorCode =
  | Exclude<HoldfastErrorCode, ClientErrorCode | `HTTP_${string}` | `HANGFIRE_${string}` | `JOB_${string}`>
  | 'EXECUTION_STALLED'

/** What calls of core throw. */
export const CORE_ERRORS: Explanations<CoreErrorCode> = explained(
  { kind: 'error', from: '@holdfast/core' },
  {
    INVALID_ARGUMENT: ['The call was refused before anything was sent.', 'Pass what the message asks for.'],
    CLOSED: [
      'The Holdfast instance is closed. It is also the reason of the signals of what ran at a shutdown.',
      'Stop calling, or make a new instance.',
    ],
    STORAGE_UNAVAILABLE: [
      'The storage did not answer in time, or there is no connection; cause is the last error of the client. It never means that another process holds the lock or runs the job. maybeApplied says whether the storage may have executed the command.',
      'Look whether Redis runs and whether this machine reaches it, then try again. With queued: true the process repeats the removal from the cache by itself.',
    ],
    STORAGE_REFUSED: [
      'The storage answered with an error: missing rights, no memory, a wrong type, a lock of a newer version. cause is its answer.',
      'Run holdfast doctor: it names what is wrong and the fix.',
    ],
    SELF_DEADLOCK: [
      'The call would wait for a lock, a job or a load that its own caller holds.',
      'Pass the lease or the execution down instead of asking for it again.',
    ],
    LEASE_LOST: [
      'Another process owns the lease now, or may own it; nothing was written. reason says why.',
      'Stop the work. For outage look at Redis and the network, for expired at what blocks the event loop (eventLoopDelayMs of health()), for vanished, and taken of a lock, at eviction and restarts of Redis; for the others look at who took, ended, revoked or forgot it.',
    ],
    LOAD_TIMEOUT: [
      'A load of the cache took longer than hardTimeoutMs. Its signal was aborted, nothing is stored, and the next call loads again.',
      "Make the load faster, have it heed its signal, or raise hardTimeoutMs. With onLoadError: 'stale' the old value is the answer instead.",
    ],
    LOCK_TIMEOUT: [
      'Other holders kept the lock for the whole wait of the caller; holders names them.',
      'See who holds it with holdfast locks show. Wait longer (waitMs), try later, or free a lock that is stuck with holdfast locks revoke.',
    ],
    LOCK_ABORTED: [
      "The caller's signal, or close(), ended the wait for the lock. The caller holds nothing.",
      'Nothing: there is nothing to undo.',
    ],
    NOT_REPLICATED: [
      'Fewer replicas confirmed the lease than durability requires, so the lock is not held.',
      'Bring the replicas back, or require fewer (durability.replicas).',
    ],
    EXECUTION_IN_PROGRESS: [
      'Another caller runs the job, and the wait is over or was not asked for.',
      "See it with holdfast jobs show. Start it again later, or with onInProgress: 'wait' and a longer waitMs.",
    ],
    FINGERPRINT_MISMATCH: [
      'An earlier start used the same key with other input. Nothing was written.',
      'Take another key for other input, or leave values that change out of fingerprint.',
    ],
    RESULT_NOT_STORED: [
      'The job completed, but its result was not kept or cannot be read; the message says why. The job does not run again.',
      'Fetch what the job made from where it made it, or run it once more after holdfast jobs forget.',
    ],
    RESULT_TOO_LARGE: [
      "The result exceeds maxResultBytes with onResultTooLarge: 'throw'. The job is recorded as failed.",
      'Return a reference to the result, or raise maxResultBytes.',
    ],
    CHECKPOINT_TOO_LARGE: [
      'The checkpoint exceeds maxCheckpointBytes. The checkpoint before it is still stored.',
      'Save a reference, or raise maxCheckpointBytes.',
    ],
    COMPLETION_UNCONFIRMED: [
      'The body succeeded, but the storage did not confirm that its end is recorded. The job may run again after its lease.',
      'See what is recorded with holdfast jobs show. Make sure that the effects of the job may happen twice, or can be looked up.',
    ],
    WAIT_ABORTED: [
      "The caller's signal ended its wait. The job or the load goes on for those who still wait.",
      'Nothing, or ask for the result later.',
    ],
    RECORD_UNREADABLE: [
      'A newer version of Holdfast or another program wrote the stored record.',
      'Finish the rollout to the newer version. If another program wrote it, remove it with holdfast jobs forget.',
    ],
    EXECUTION_TIMEOUT: [
      "The body ran longer than timeoutMs. It is the reason of the job's signal.",
      'Find out what it waits for. Raise timeoutMs, or call extendTimeout in time.',
    ],
    EXECUTION_CANCELLED: [
      'A caller cancelled the job (requestCancel, holdfast jobs cancel); the message is the reason.',
      'Nothing: the body has to stop. holdfast jobs forget lets the job run again.',
    ],
    EXECUTION_ABANDONED: [
      'A caller of begin disposed of the execution without success or failure.',
      'Call markSuccess, markFailure or release on every way out.',
    ],
    EXECUTION_RELEASED: [
      'The owner released the job unfinished, at a shutdown or from its body.',
      'Start it again: the next start continues it. holdfast jobs list --status released shows the jobs that no process has continued yet.',
    ],
    EXECUTION_STALLED: [
      "The owner wrote nothing for its whole lease, and onStalled is 'fail' or no attempt is left.",
      'Find out why its process died or stood still (instance in holdfast jobs show). holdfast jobs forget lets the job run again.',
    ],
  },
)

/** What the packages that adapt a client throw. */
export const CLIENT_ERRORS: Explanations<ClientErrorCode> = explained(
  { kind: 'error', from: '@holdfast/redis-ioredis, @holdfast/redis-node' },
  {
    CLIENT_CLOSED: [
      'The application ended the Redis client that Holdfast uses.',
      'Close Holdfast before the client, or give a new Holdfast a connected client.',
    ],
    CLIENT_NOT_CONNECTED: [
      'The application never connected the Redis client.',
      'Connect it (await client.connect()) before Holdfast uses it.',
    ],
  },
)
