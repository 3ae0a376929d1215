import { collect } from '../monitor/unreadable.ts'
import type { HangfireContext } from '../storage/context.ts'
import type { Fields } from '../wire/fields.ts'

/** A job that its parent lists. */
export interface Child {
  readonly id: string
  /** Fields of its hash; none when it is gone. */
  readonly job: Fields
  readonly nextState: string | undefined
}

const FIELDS = ['Type', 'Method', 'ParameterTypes', 'Arguments', 'Queue', 'State', 'Continuations']

/** How often the state of a child is read that has none. */
const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 1_000

/**
 * Reads a child of a job that ends. .NET adds a child to its parent's list, reads that the parent goes on, and gives the child
 * its state afterwards. A parent that ended in between would leave the child Awaiting for ever. So the state of a child that has
 * none is read again, for as long as .NET waits for it: 60 s. Its creator may have died; then the child stays without a state. How
 * long ago cannot be told: the child's `CreatedAt` is by the clock of its creator.
 */
export async function readChild(context: HangfireContext, id: string): Promise<Child> {
  const { runtime, childStateWaitMs } = context
  const startedAt = runtime.monotonicNow()
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const [child, isBeingCreated] = await read(context, id)
    if (!isBeingCreated || runtime.monotonicNow() - startedAt >= childStateWaitMs) return child
    await new Promise<void>((resolve) => void runtime.setTimer(pauseMs, resolve))
  }
}

/** @returns what is known of the child, and whether its creator may be about to write its state */
async function read({ reader, keys }: HangfireContext, id: string): Promise<[Child, boolean]> {
  const unreadable = collect()
  const [job, state] = await Promise.all([
    reader.fields(keys.job(id), FIELDS, unreadable),
    reader.fields(keys.jobState(id), ['State', 'NextState'], unreadable),
  ])
  const isGone = Object.keys(job).length === 0
  // Without transactions .NET writes the name of the state before its data.
  const isWhole = job.State !== undefined && (job.State !== 'Awaiting' || state.State !== undefined)
  const isBeingCreated = !isGone && !isWhole && unreadable.unreadable.length === 0
  return [{ id, job, nextState: state.NextState }, isBeingCreated]
}
