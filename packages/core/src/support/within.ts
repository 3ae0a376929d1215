import type { Runtime, Timer } from './runtime.ts'

/** Resolves when the work is done, or after `ms`, whichever comes first; rejects when the work does before that. */
export async function within(
  runtime: Pick<Runtime, 'setTimer'>,
  work: Promise<unknown>,
  ms: number,
): Promise<void> {
  let timer: Timer | undefined
  const timeout = new Promise<void>((resolve) => (timer = runtime.setTimer(ms, resolve)))
  await Promise.race([work, timeout]).finally(() => timer?.cancel())
}
