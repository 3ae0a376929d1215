import { setPriority } from 'node:os'
import { join } from 'node:path'
import type { DatabaseNews } from '../events/page-event.ts'
import { startProcesses } from '../instances/start-processes.ts'
import type { Telling } from '../instances/telling.ts'
import type { Review } from '../store/reviews.ts'
import { openStore } from '../store/store.ts'
import type { Story } from './story.ts'

type ControlStarts = Extract<DatabaseNews, { readonly type: 'control.ran' }>['starts']

export interface ControlResult {
  readonly starts: ControlStarts
  /** Charges beyond the first. */
  readonly tooMany: number
}

/** Starts of one moment, and the review that they are about. */
export interface ControlStory extends Story {
  readonly review: Review
}

export interface ControlOptions {
  readonly folder: string
  readonly id: string
  readonly stories: readonly ControlStory[]
  readonly signal: AbortSignal
  /** One of the stories has ended. */
  readonly onRan: (result: ControlResult) => void
}

/** The jobs have all the time that they want, and this machine has other things to do. */
const NICE = 10

/**
 * The same starts on as many processes, with nothing between a start and its job, on a database of their own, without pauses,
 * one story after the other. That database counts: the first run of a job is its result, every other is one too many.
 */
export async function runWithout(options: ControlOptions): Promise<void> {
  const { folder, id, stories, signal, onRan } = options
  await using stack = new AsyncDisposableStack()
  const databasePath = join(folder, `${id}.sqlite`)
  const store = openStore(databasePath)
  stack.defer(() => store.close())
  store.reviews.addConfiguration({ name: 'local', provider: 'local', maxFiles: 200 })

  /** By call. */
  const executions = new Map<string, string | null>()
  const onTold = (telling: Telling): void => {
    if (telling.kind !== 'event' || telling.event.type !== 'call.answered') return
    executions.set(telling.event.callId, telling.event.executionId)
  }
  const names = new Set(stories.flatMap(({ starts }) => starts.map(({ instance }) => instance)))
  const settings = [...names].map((name) => ({
    name,
    client: 'memory' as const,
    databasePath,
    logPath: join(folder, `${id}.${name}.jsonl`),
    leaseMs: 0,
    paceMs: 0,
    withHoldfast: false,
    tells: true,
  }))
  const reports = { onOutcome: () => undefined, askBank: async () => undefined, onTold }
  const instances = await startProcesses(settings, reports, stack)
  for (const { pid } of instances) if (pid !== null) setPriority(pid, NICE)
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('The world was closed.')), { once: true })
  })
  // The race below may be over, or not have begun.
  stopped.catch(() => undefined)

  const tooManyOf = (reviewId: string): number => Math.max(0, store.effects.charges(reviewId).length - 1)
  for (const { review, work, starts } of stories) {
    signal.throwIfAborted()
    if (store.reviews.find(review.id) === undefined) store.reviews.add(review)
    const before = tooManyOf(review.id)
    const at = Date.now()
    const running = starts.map(async ({ callId, jobType, instance, onInProgress }) =>
      instances
        .find(({ name }) => name === instance)
        ?.fire({ reviewId: review.id, jobs: [jobType], at, onInProgress, callId }),
    )
    await Promise.race([Promise.all(running), stopped])

    const ends = store.witness.of(work.jobType, work.jobKey).filter(({ event }) => event === 'end')
    const place = (callId: string): number =>
      ends.findIndex(({ executionId }) => executionId === executions.get(callId))
    onRan({
      starts: starts.map(({ callId }) => ({
        callId,
        outcome: OUTCOMES[Math.sign(place(callId)) + 1] ?? 'failed',
      })),
      tooMany: tooManyOf(review.id) - before,
    })
  }
}

/** By the place among the runs that ended: none, the first, a later one. */
const OUTCOMES = ['failed', 'saved', 'tooMany'] as const
