import type { Fields } from '../wire/fields.ts'

/** A server that is silent for longer is dead, as in .NET. */
export const SERVER_TIMEOUT_MS = 300_000

/**
 * Which servers are dead, judged without anyone's clock: Redis has forgotten when it started, or its last sign of life has not
 * changed for the time-out, as seen from here.
 */
export class ServerPulses {
  readonly #timeoutMs: number
  readonly #longestGapMs: number
  #pulses: ReadonlyMap<string, Pulse> = new Map()
  #lookedAt = 0

  /** @param intervalMs how often there is a look */
  constructor(timeoutMs: number, intervalMs: number) {
    this.#timeoutMs = timeoutMs
    this.#longestGapMs = 2 * intervalMs
  }

  /** Takes the hashes of servers by their ids, and returns the ids of those that are dead. Others are forgotten. */
  look(servers: ReadonlyMap<string, Fields>, now: number = performance.now()): ReadonlySet<string> {
    // While this process stood still, it saw no one: a gap counts no more than a late look.
    const gapMs = Math.min(now - this.#lookedAt, this.#longestGapMs)
    this.#lookedAt = now
    const before = this.#pulses
    this.#pulses = new Map(
      Array.from(servers, ([id, { Heartbeat, StartedAt }]) => {
        const sign = Heartbeat ?? StartedAt ?? ''
        const known = before.get(id)
        const silentMs = known?.sign === sign ? known.silentMs + gapMs : 0
        return [id, { sign, silentMs }]
      }),
    )
    return new Set(
      Array.from(servers.keys()).filter((id) => {
        const isForgotten = (servers.get(id)?.StartedAt ?? '') === ''
        return isForgotten || (this.#pulses.get(id)?.silentMs ?? 0) >= this.#timeoutMs
      }),
    )
  }
}

interface Pulse {
  readonly sign: string
  readonly silentMs: number
}
