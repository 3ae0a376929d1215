import { setTimeout as delay } from 'node:timers/promises'
import { between, type WorkerContext } from '@holdfast/test-support/chaos'

/**
 * The work of a body between two checks of its lease: mostly a short wait, sometimes a stall of the whole event loop. A
 * stall is a fault, and ends with the faults.
 */
export async function work({ random, calm }: WorkerContext, longestStallMs: number): Promise<void> {
  if (!calm.aborted && random() < 0.01) stall(between(random, 1, longestStallMs))
  else await delay(between(random, 0, 15))
}

function stall(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

/** Runs several loops concurrently until `stopping`. */
export async function together(
  count: number,
  stopping: AbortSignal,
  step: (lane: number) => Promise<void>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, lane) => {
      while (!stopping.aborted) await step(lane)
    }),
  )
}
