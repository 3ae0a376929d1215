import { setTimeout as sleep } from 'node:timers/promises'
import type { Instance } from './instance.ts'

const ASK_AGAIN_MS = 5

/**
 * Freezes an instance when no process is in the middle of a write: one that is stopped there would keep the lock of the whole
 * SQLite file.
 */
export async function freezeAtRest(
  instance: Instance,
  isAtRest: () => boolean,
  signal?: AbortSignal,
): Promise<void> {
  for (;;) {
    instance.freeze()
    if (isAtRest()) return
    instance.thaw()
    await sleep(ASK_AGAIN_MS, undefined, { signal })
  }
}
