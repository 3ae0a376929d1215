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

/** Asks again while the storage is out: on a machine that has much else to do, it may be for a moment. */
export async function inService<T>(ask: () => Promise<T>): Promise<T> {
  return await until(async () => {
    try {
      return { answer: await ask() }
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'STORAGE_UNAVAILABLE') throw error
      return undefined
    }
  }).then(({ answer }) => answer)
}
