import type { AcquireReply, LeaseHolder } from '@holdfast/core/storage'

/** What the first in line was answered counts this long for those behind it. */
const YOUNG_MS = 200
/** One in line asks several times a second: one that has not asked for so long has gone without a word. */
const GONE_MS = 5_000
/** Redis reads its clock twice for an answer, for the instant and for the rest of a life: so much they may be apart. */
const JITTER_MS = 100

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
  /** For how many resources there is a line. */
  readonly size: number
}

/**
 * The callers of this process that wait for one resource. Hangfire's waiters poll, and a thousand of them in a process would
 * ask ten thousand times a second: so the first asks, and the others take its answer as long as it is young. That makes them
 * first come, first served among each other too.
 */
export function waitingLines(now: () => number = () => performance.now()): WaitingLines {
  const lines = new Map<string, Line>()
  let sweptAt = now()

  const leave = (resource: string, token: string): void => {
    const line = lines.get(resource)
    if (line === undefined) return
    line.waiting.delete(token)
    if (line.waiting.size === 0) lines.delete(resource)
  }

  /** Removes the waiters that left while Redis could not be reached, from lines in which no waiter asks any more. */
  const sweep = (at: number): void => {
    if (at - sweptAt <= GONE_MS) return
    sweptAt = at
    for (const [resource, { waiting }] of lines)
      for (const [token, askedAt] of waiting) if (at - askedAt > GONE_MS) leave(resource, token)
  }

  return {
    get size() {
      return lines.size
    },
    leave,
    async acquire(resource, token, ask) {
      const askedAt = now()
      sweep(askedAt)
      const line: Line = lines.get(resource) ?? { waiting: new Map(), held: undefined, heldAt: -Infinity }
      lines.set(resource, line)
      line.waiting.set(token, askedAt)
      let ahead = 0
      for (const other of line.waiting.keys()) {
        if (other === token) break
        ahead += 1
      }
      const ageMs = askedAt - line.heldAt
      if (ahead > 0 && line.held !== undefined && ageMs < YOUNG_MS) {
        const { holders, now: then } = line.held
        const rest = holders.map((each) => ({ ...each, remainingMs: each.remainingMs - ageMs }))
        return { outcome: 'queued', kept: true, ahead, holders: rest, now: Math.floor(then + ageMs) }
      }
      try {
        const reply = await ask()
        if (reply.outcome === 'queued') {
          line.held = steady(reply, line.held)
          line.heldAt = askedAt
          return { ...line.held, ahead }
        }
        line.held = undefined
        leave(resource, token)
        return reply
      } catch (error) {
        leave(resource, token)
        throw error
      }
    },
  }
}

/**
 * The answer, with the end that was known before where it is as good as the same. A waiter takes a lease that ends later than it
 * did for renewed, and its owner for alive.
 */
function steady(reply: Refused, before: Refused | undefined): Refused {
  const endOf = ({ remainingMs }: LeaseHolder, { now: then }: Refused): number => then + remainingMs
  const holders = reply.holders.map((holder) => {
    const known = before?.holders.find(({ token }) => token === holder.token)
    if (before === undefined || known === undefined) return holder
    const end = endOf(known, before)
    return Math.abs(endOf(holder, reply) - end) < JITTER_MS
      ? { ...holder, remainingMs: end - reply.now }
      : holder
  })
  return { ...reply, holders }
}
