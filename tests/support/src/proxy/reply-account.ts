import type { RespReply } from '../resp/reply-parser.ts'
import type { RespRequest } from '../resp/request-parser.ts'
import type { ArmedFault } from './fault.ts'

export interface Outstanding {
  readonly request: RespRequest
  readonly fault: ArmedFault | undefined
}

const CONFIRMED = new Set(['', 'p', 's'].flatMap((kind) => [`${kind}subscribe`, `${kind}unsubscribe`]))
const MESSAGES = new Set(['message', 'pmessage', 'smessage'])

/**
 * Matches the replies of one connection with its requests.
 *
 * Redis answers in order, one reply a request. Only the subscribe family differs: each channel is confirmed by an
 * array (RESP2) or a push (RESP3), between which messages may arrive. (MONITOR and CLIENT REPLY are not supported.)
 */
export class ReplyAccount {
  readonly #outstanding: (Outstanding & { repliesLeft: number })[] = []
  #subscriber = false

  get settled(): boolean {
    return this.#outstanding.length === 0
  }

  sent(outstanding: Outstanding): void {
    const { name, args } = outstanding.request
    const confirmed = CONFIRMED.has(name)
    if (confirmed) this.#subscriber = true
    this.#outstanding.push({ ...outstanding, repliesLeft: confirmed ? Math.max(1, args.length) : 1 })
  }

  /** The request that this reply answers completely; undefined for a push and for a reply that is not the last. */
  received(reply: RespReply): Outstanding | undefined {
    const word = this.#wordOf(reply)
    const first = this.#outstanding[0]
    if (word !== undefined && first?.request.name !== word) return undefined
    if (first === undefined || --first.repliesLeft > 0) return undefined
    return this.#outstanding.shift()
  }

  /** What kind of push it is, or undefined for an ordinary reply. */
  #wordOf(reply: RespReply): string | undefined {
    const push = reply.type === '>'
    if (!push && !(this.#subscriber && reply.type === '*')) return undefined
    const word = Array.isArray(reply.value) ? String(reply.value[0]) : ''
    return push || CONFIRMED.has(word) || MESSAGES.has(word) ? word : undefined
  }
}
