import { setTimeout as delay } from 'node:timers/promises'
import { between, type WorkerContext } from '@holdfast/test-support/chaos'

/**
 * What a body does between two looks at its lease: mostly wait a little, now and then stall the whole event loop, which
 * is a fault like any other and stops with them.
 */
export async function work({ random, calm }: WorkerContext, longestStallMs: number): Promise<void> {
  if (!calm.aborted && random() < 0.01) stall(between(random, 1, longestStallMs))
  else await delay(between(random, 0, 15))
}

function stall(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

/** Runs several loops at once until they are asked to stop. */
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
