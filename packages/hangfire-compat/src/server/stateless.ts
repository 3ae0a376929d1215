import { lookAgain } from './look-again.ts'
import type { ServerContext } from './server-context.ts'

/**
 * Waits for the state of a job that .NET has created and not yet given one: five looks in ten seconds, as .NET's workers do, then
 * the job is acknowledged and forgotten.
 */
export async function readStateless(
  { storage, times, stopping }: ServerContext,
  { id, queue }: { readonly id: string; readonly queue: string },
): Promise<void> {
  const { keys } = storage
  for (const [look, waitMs] of times.statelessMs.entries()) {
    await stopping.pause(waitMs)
    const isLast = look === times.statelessMs.length - 1
    const otherwise = stopping.isOver ? 'back' : isLast ? 'forget' : 'keep'
    const answer = await storage.run(
      lookAgain,
      [keys.job(id), keys.dequeued(queue), keys.queue(queue)],
      [id, otherwise, keys.fetchChannel],
      String,
    )
    if (answer !== 'K') return
  }
}
