import { type Holdfast, type Storage, createHoldfast } from '@holdfast/core'
import { pino } from 'pino'
import { cachedReviewer } from '../review/cached-reviewer.ts'
import { localReviewer } from '../review/local-reviewer.ts'
import { openStore } from '../store/store.ts'
import { withHoldfast, withoutHoldfast } from './guard.ts'
import { type JobRunner, createJobRunner } from './job-runner.ts'
import type { InstanceSettings, Reports } from './messages.ts'

/** A copy of the service at work in this process. */
export interface InstanceRuntime extends JobRunner {
  /** Aborts what runs, gives it a moment to settle, and lets go of everything that was opened here. */
  close(): Promise<void>
}

/** How long jobs may take to notice that they are to end. */
const GRACE_MS = 2_000

/** @param storage undefined: the control run, without Holdfast */
export async function startRuntime(
  settings: InstanceSettings,
  storage: Storage | undefined,
  reports: Reports,
): Promise<InstanceRuntime> {
  const { name: instance, client, databasePath, logPath, leaseMs } = settings
  const holdfast = storage && createHoldfast({ storage, prefix: 'AIReview', instance })
  const store = openStore(databasePath)
  // Written at once, so that the last words of an instance that is killed are there.
  const destination = pino.destination({ dest: logPath, sync: true, mkdir: true })
  const log = pino({ base: { instance, client, pid: process.pid } }, destination)
  const reviewer = holdfast ? cachedReviewer(localReviewer(), holdfast.cache) : localReviewer()
  const stopping = new AbortController()
  const { fire } = createJobRunner({
    settings,
    guard: holdfast ? withHoldfast(holdfast.idempotency, leaseMs) : withoutHoldfast(stopping.signal),
    store,
    reviewer,
    log,
    reports,
  })
  if (holdfast !== undefined) await untilUsable(holdfast)
  return {
    fire,
    async close() {
      stopping.abort(new Error('The instance ends.'))
      await holdfast?.close({ graceMs: GRACE_MS })
      store.close()
      destination.end()
    },
  }
}

/** On a machine that has too much to do, the first answer may come late. */
const LOOKS = 5

/** Ready means that the storage answers, and does what it is asked. */
async function untilUsable(holdfast: Holdfast): Promise<void> {
  for (let looksLeft = LOOKS; ; looksLeft--) {
    const { status, findings, error } = await holdfast.health()
    if (status === 'up') return
    const why = findings.find(({ stopsWork }) => stopsWork)?.message ?? 'The storage does not answer.'
    if (status === 'degraded' || looksLeft === 1) throw error ?? new Error(why)
  }
}
