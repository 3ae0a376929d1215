import { setTimeout as delay } from 'node:timers/promises'

/** Polls until the condition holds; throws after `withinMs`. */
export async function until<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  withinMs = 200_000,
): Promise<T> {
  const giveUpAt = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > giveUpAt) throw new Error(`nothing within ${withinMs} ms`)
    await delay(2)
  }
}
