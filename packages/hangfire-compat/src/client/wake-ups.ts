import type { HangfireContext } from '../storage/context.ts'
import { wakeAgain } from './wake-again.ts'

export interface WakeUps {
  /** Soon after a job was put into a queue of .NET. */
  again(queue: string, id: string): void
  close(): void
}

const PAUSE_MS = 1_000

/**
 * An idle .NET server may miss what is published while its workers look for the last time before they sleep, and sleep for
 * three minutes. So it is published once more after a second if the queue is not empty: once for all jobs of that second. It
 * keeps no process alive.
 */
export function wakeUps({ run, keys, runtime, mode }: HangfireContext): WakeUps {
  const waiting = new Map<string, { id: string; isNew: boolean; cancel: () => void }>()

  const arm = (queue: string, id: string): void => {
    const timer = runtime.setTimer(PAUSE_MS, () => fire(queue), { background: true })
    waiting.set(queue, { id, isNew: false, cancel: () => timer.cancel() })
  }

  const fire = (queue: string): void => {
    const { id = '', isNew = false } = waiting.get(queue) ?? {}
    waiting.delete(queue)
    // What came since the timer was set has its own second.
    if (isNew) arm(queue, id)
    run(wakeAgain, [keys.queue(queue)], [keys.fetchChannel, id], String).catch(() => {
      // A hint: the servers look by themselves, later.
    })
  }

  return {
    again(queue, id) {
      // Servers of Node look every few seconds.
      if (mode === 'own') return
      const pending = waiting.get(queue)
      if (pending === undefined) arm(queue, id)
      else Object.assign(pending, { id, isNew: true })
    },
    close() {
      for (const { cancel } of waiting.values()) cancel()
      waiting.clear()
    },
  }
}
