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

export interface ControlOptions {
  readonly folder: string
  readonly id: string
  readonly review: Review
  readonly story: Story
  readonly signal: AbortSignal
}

/** The jobs have all the time that they want, and this machine has other things to do. */
const NICE = 10

/**
 * The same starts on as many processes, with nothing between a start and its job, on a database of their own, without pauses.
 * That database counts: the first run of a job is its result, every other is one too many.
 */
export async function runWithout(options: ControlOptions): Promise<ControlResult> {
  const { folder, id, review, story, signal } = options
  await using stack = new AsyncDisposableStack()
  const databasePath = join(folder, `${id}.sqlite`)
  const store = openStore(databasePath)
  stack.defer(() => store.close())
  store.reviews.addConfiguration({ name: 'local', provider: 'local', maxFiles: 200 })
  store.reviews.add(review)

  /** By call. */
  const executions = new Map<string, string | null>()
  const onTold = (telling: Telling): void => {
    if (telling.kind !== 'event' || telling.event.type !== 'call.answered') return
    executions.set(telling.event.callId, telling.event.executionId)
  }
  const names = [...new Set(story.starts.map(({ instance }) => instance))]
  const settings = names.map((name) => ({
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
  const at = Date.now()
  const running = story.starts.map(async ({ callId, jobType, instance, onInProgress }) =>
    instances
      .find(({ name }) => name === instance)
      ?.fire({ reviewId: review.id, jobs: [jobType], at, onInProgress, callId }),
  )
  await Promise.race([Promise.all(running), stopped])

  const ends = store.witness
    .all()
    .filter(({ event, jobType }) => event === 'end' && jobType === story.work.jobType)
  const place = (callId: string): number =>
    ends.findIndex(({ executionId }) => executionId === executions.get(callId))
  return {
    starts: story.starts.map(({ callId }) => ({
      callId,
      outcome: OUTCOMES[Math.sign(place(callId)) + 1] ?? 'failed',
    })),
    tooMany: Math.max(0, store.effects.charges(review.id).length - 1),
  }
}

/** By the place among the runs that ended: none, the first, a later one. */
const OUTCOMES = ['failed', 'saved', 'tooMany'] as const
