import { setTimeout as sleep } from 'node:timers/promises'

const PAUSE_MS = 100

/**
 * Asks again for as long as Redis is away: a job that has done a step should wait for its checkpoint rather than fail. It ends
 * with the job's signal, which aborts before another instance can take the job over.
 */
export async function patiently<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== 'STORAGE_UNAVAILABLE') throw error
      await sleep(PAUSE_MS, undefined, { signal })
    }
  }
}
