import { setTimeout as delay } from 'node:timers/promises'

export type Direction = 'to-server' | 'to-client'

export interface SlowBytes {
  /** Bytes that leave together. */
  readonly bytes: number
  /** Pause between two such pieces. 0: one turn of the event loop. */
  readonly everyMs: number
}

/** The condition of one direction of all connections of a proxy. */
export class Network {
  #latencyMs = 0
  #slow: SlowBytes | undefined
  #opened: PromiseWithResolvers<void> | undefined

  get impaired(): boolean {
    return this.#latencyMs > 0 || this.#slow !== undefined || this.#opened !== undefined
  }

  set latencyMs(ms: number) {
    this.#latencyMs = ms
  }

  set slow(slow: SlowBytes | undefined) {
    this.#slow = slow
  }

  close(): void {
    this.#opened ??= Promise.withResolvers()
  }

  open(): void {
    this.#opened?.resolve()
    this.#opened = undefined
  }

  /** Passes the bytes on under the conditions of this network. */
  async pass(bytes: Buffer, write: (piece: Buffer) => Promise<void>): Promise<void> {
    if (this.#latencyMs > 0) await delay(this.#latencyMs)
    await this.#opened?.promise
    for (let start = 0; start < bytes.length;) {
      const end = this.#slow ? start + this.#slow.bytes : bytes.length
      await write(bytes.subarray(start, end))
      start = end
      if (this.#slow && start < bytes.length) await delay(this.#slow.everyMs)
      await this.#opened?.promise
    }
  }
}
