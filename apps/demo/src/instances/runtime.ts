import { type Storage, createHoldfast } from '@holdfast/core'
import { pino } from 'pino'
import { cachedReviewer } from '../review/cached-reviewer.ts'
import { localReviewer } from '../review/local-reviewer.ts'
import { openStore } from '../store/store.ts'
import { type JobRunner, createJobRunner } from './job-runner.ts'
import type { CallOutcome, InstanceSettings } from './messages.ts'

/** A copy of the service at work in this process. */
export interface InstanceRuntime extends JobRunner {
  /** Aborts what runs, gives it a moment to settle, and lets go of everything that was opened here. */
  close(): Promise<void>
}

/** How long bodies may take to notice that they are to end. */
const GRACE_MS = 2_000

export async function startRuntime(
  settings: InstanceSettings,
  storage: Storage,
  onOutcome: (outcome: CallOutcome) => void,
): Promise<InstanceRuntime> {
  const { name: instance, client, databasePath, logPath } = settings
  const holdfast = createHoldfast({ storage, prefix: 'AIReview', instance })
  const store = openStore(databasePath)
  // Written at once, so that the last words of an instance that is killed are there.
  const destination = pino.destination({ dest: logPath, sync: true, mkdir: true })
  const log = pino({ base: { instance, client, pid: process.pid } }, destination)
  const reviewer = cachedReviewer(localReviewer(), holdfast.cache)
  const { fire } = createJobRunner({
    settings,
    idempotency: holdfast.idempotency,
    store,
    reviewer,
    log,
    onOutcome,
  })
  // Ready means that the storage answers, and does what it is asked.
  const { status, findings, error } = await holdfast.health()
  const why = findings.find(({ stopsWork }) => stopsWork)?.message ?? 'The storage does not answer.'
  if (status !== 'up') throw error ?? new Error(why)
  return {
    fire,
    async close() {
      await holdfast.close({ graceMs: GRACE_MS })
      store.close()
      destination.end()
    },
  }
}
