import { setTimeout as delay } from 'node:timers/promises'

/**
 * Checks every 10 ms until the condition holds; a check that throws counts as false. Throws when it takes minutes: a busy
 * machine has sentinels distrust their clocks for half a minute, again and again.
 */
export async function until(
  what: string,
  question: () => Promise<boolean>,
  timeoutMs: number = 240_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  let failure: unknown
  while (performance.now() < deadline) {
    try {
      if (await question()) return
    } catch (error) {
      failure = error
    }
    await delay(10)
  }
  throw new Error(`waited ${timeoutMs} ms in vain until ${what}`, { cause: failure })
}
