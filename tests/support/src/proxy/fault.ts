import type { RespRequest } from '../resp/request-parser.ts'

/**
 * What can happen to one request and its reply.
 *
 * | kind            | executed | what the client sees                                                        |
 * |-----------------|----------|-----------------------------------------------------------------------------|
 * | `cut-request`   | no       | the connection ends                                                         |
 * | `reset-request` | no       | the connection is reset (ECONNRESET; on a unix socket it just ends)         |
 * | `lose-request`  | no       | silence: this request and all later ones on the connection vanish           |
 * | `hold-request`  | late     | nothing until `release()`; executed then, also if the client is gone        |
 * | `cut-reply`     | yes      | the connection ends instead of the reply                                    |
 * | `reset-reply`   | yes      | the connection is reset instead of the reply                                |
 * | `lose-reply`    | yes      | silence: the reply and all later ones on the connection vanish              |
 * | `hold-reply`    | yes      | nothing until `release()`                                                   |
 *
 * Earlier requests on the same connection are answered as usual. Later ones are not executed when the fault ends the
 * connection.
 */
export type FaultKind = `${'cut' | 'reset' | 'lose' | 'hold'}-${'request' | 'reply'}`

export type RequestMatch = (request: RespRequest) => boolean

/** Requests of a command, in any case; with `text`, only those with an argument that contains it. */
export function matchCommand(name: string, text?: string): RequestMatch {
  const wanted = name.toLowerCase()
  return (request) =>
    request.name === wanted && (text === undefined || request.args.some((arg) => arg.includes(text)))
}

/** A fault that waits for its request. Made by `proxy.once()` and `proxy.every()`. */
export class ArmedFault {
  readonly kind: FaultKind
  /** Settles with the request when the fault took place for the first time (a reply fault: after the execution). */
  readonly hit: Promise<RespRequest>
  /** How often it took place. */
  hits = 0
  readonly #match: RequestMatch
  readonly #resolveHit: (request: RespRequest) => void
  readonly #released: Promise<void>
  readonly #release: () => void
  readonly #onlyOnce: boolean
  #active = true

  constructor(match: RequestMatch, kind: FaultKind, onlyOnce: boolean) {
    this.kind = kind
    this.#match = match
    this.#onlyOnce = onlyOnce
    const hit = Promise.withResolvers<RespRequest>()
    const released = Promise.withResolvers<void>()
    this.hit = hit.promise
    this.#resolveHit = hit.resolve
    this.#released = released.promise
    this.#release = released.resolve
  }

  /** Releases the requests or replies that a `hold-…` holds, now and in future. */
  release(): void {
    this.remove()
    this.#release()
  }

  /** From now on no request meets this fault. Held requests and replies stay held. */
  remove(): void {
    this.#active = false
  }

  /** @internal Whether this request matches; if so, the fault is assigned to it. */
  takes(request: RespRequest): boolean {
    if (!this.#active || !this.#match(request)) return false
    if (this.#onlyOnce) this.#active = false
    return true
  }

  /** @internal */
  happened(request: RespRequest): void {
    this.hits++
    this.#resolveHit(request)
  }

  /** @internal */
  async untilReleased(): Promise<void> {
    await this.#released
  }
}
