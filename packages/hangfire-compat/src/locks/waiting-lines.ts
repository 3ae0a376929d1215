import type { AcquireReply } from '@holdfast/core/storage'

/** What the first in line was answered counts this long for those behind it. */
const YOUNG_MS = 200
/** One in line asks several times a second: one that has not asked for so long has gone without a word. */
const GONE_MS = 5_000

type Refused = Extract<AcquireReply, { readonly kept: boolean }>

interface Line {
  /** The tokens that wait, first come first, and when each asked last. */
  readonly waiting: Map<string, number>
  /** That it is held, as Redis said last, and when it did. */
  held: Refused | undefined
  heldAt: number
}

export interface WaitingLines {
  /** Asks with `ask`, or answers with what another of this process was answered just now. */
  acquire(resource: string, token: string, ask: () => Promise<AcquireReply>): Promise<AcquireReply>
  leave(resource: string, token: string): void
}

/**
 * The callers of this process that wait for one resource. Hangfire's waiters poll, and a thousand of them in a process would
 * ask ten thousand times a second: so the first asks, and the others take its answer as long as it is young. That makes them
 * first come, first served among each other too.
 */
export function waitingLines(now: () => number = () => performance.now()): WaitingLines {
  const lines = new Map<string, Line>()

  const leave = (resource: string, token: string): void => {
    const line = lines.get(resource)
    if (line === undefined) return
    line.waiting.delete(token)
    if (line.waiting.size === 0) lines.delete(resource)
  }

  return {
    async acquire(resource, token, ask) {
      const askedAt = now()
      const line: Line = lines.get(resource) ?? { waiting: new Map(), held: undefined, heldAt: -Infinity }
      lines.set(resource, line)
      line.waiting.set(token, askedAt)
      let ahead = 0
      for (const [other, lastAt] of line.waiting) {
        if (other === token) break
        if (askedAt - lastAt > GONE_MS) line.waiting.delete(other)
        else ahead += 1
      }
      const ageMs = askedAt - line.heldAt
      if (ahead > 0 && line.held !== undefined && ageMs < YOUNG_MS) {
        const { holders, now: then } = line.held
        const rest = holders.map((each) => ({ ...each, remainingMs: each.remainingMs - ageMs }))
        return { outcome: 'queued', kept: true, ahead, holders: rest, now: Math.floor(then + ageMs) }
      }
      const reply = await ask()
      if (reply.outcome === 'queued') {
        line.held = reply
        line.heldAt = askedAt
        return { ...reply, ahead }
      }
      if (reply.outcome === 'granted') line.held = undefined
      leave(resource, token)
      return reply
    },
    leave,
  }
}
