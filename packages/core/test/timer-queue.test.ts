import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { type TimerEntry, TimerQueue } from '../src/support/timer-queue.ts'
import { systemRuntime } from '../src/support/runtime.ts'

it('ring, when they are overdue, before any timer that is set now, whatever else is set', async () => {
  const alarms = new TimerQueue(systemRuntime, { background: false })
  const rung: string[] = []
  const set = (name: string, inMs: number): void => {
    const alarm: TimerEntry = {
      index: -1,
      dueAt: performance.now() + inMs,
      onDue() {
        rung.push(name)
        alarms.remove(alarm)
      },
    }
    alarms.set(alarm)
  }
  set('overdue', 20)
  // The process stops, as with SIGSTOP.
  const until = performance.now() + 40
  while (performance.now() < until);
  const timer = delay(1)
  set('longer overdue', -100)
  await timer
  expect(rung.toSorted()).toEqual(['longer overdue', 'overdue'])
  alarms.close()
})
