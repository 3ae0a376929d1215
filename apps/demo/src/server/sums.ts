import { type ControlOutcome, type StartKind, type Sums, startKind, startOutcome } from '../events/sums.ts'
import { hostNow } from '../clock.ts'
import type { WorldEvent } from '../live/world.ts'

export interface SumCounter {
  /** Whether it changed something. */
  readonly note: (event: WorldEvent) => boolean
  readonly read: () => Sums
}

interface OpenStart {
  readonly isRunning: boolean
  readonly tookOver: boolean
}

/** Counts starts where every event passes: a page keeps some minutes of them only. */
export function countSums(): SumCounter {
  const works = new Set<string>()
  const open = new Map<string, OpenStart>()
  const closed = new Map<StartKind, number>()
  const control: Record<ControlOutcome, number> = { saved: 0, tooMany: 0, failed: 0 }
  let starts = 0
  return {
    note(event) {
      if (event.type === 'call.asked' && event.parentExecutionId === null) {
        starts += 1
        works.add(`${event.jobType}:${event.jobKey}`)
        open.set(event.callId, { isRunning: false, tookOver: false })
        return true
      }
      if (event.type === 'attempt.started' && event.callId !== null && open.has(event.callId)) {
        open.set(event.callId, { isRunning: true, tookOver: event.takenOverFrom !== null })
        return true
      }
      if (event.type === 'call.answered') {
        const start = open.get(event.callId)
        // Of a start that a job made, or told once more by a process that was gone.
        if (start === undefined) return false
        open.delete(event.callId)
        add(closed, startKind(startOutcome(event.outcome, event.code), start.tookOver, false))
        return true
      }
      if (event.type === 'control.ran') {
        for (const { outcome } of event.starts) control[outcome] += 1
        return true
      }
      return false
    },
    read() {
      const kinds = new Map(closed)
      for (const { isRunning } of open.values()) add(kinds, startKind(null, false, isRunning))
      return { starts, works: works.size, kinds: Object.fromEntries(kinds), control: { ...control } }
    },
  }
}

function add(counts: Map<StartKind, number>, kind: StartKind): void {
  counts.set(kind, (counts.get(kind) ?? 0) + 1)
}

/** Sums that change together are told together. */
const SOON_MS = 100

export interface SumTeller {
  readonly note: (event: WorldEvent) => void
  readonly close: () => void
}

/** Tells the sums soon after they have changed. */
export function tellSums(publish: (event: WorldEvent) => void): SumTeller {
  const counter = countSums()
  let due: NodeJS.Timeout | undefined
  const tell = (): void => {
    due = undefined
    publish({ at: hostNow(), source: 'coordinator', type: 'sums', ...counter.read() })
  }
  return {
    note(event) {
      if (counter.note(event)) due ??= setTimeout(tell, SOON_MS)
    },
    close: () => clearTimeout(due),
  }
}
