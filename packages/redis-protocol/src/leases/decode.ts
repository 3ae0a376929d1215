import { StorageRefusedError } from '@holdfast/core'
import type {
  AcquireReply,
  ExtendReply,
  LeaseHolder,
  LeasePush,
  LeaseView,
  ReleaseReply,
  RevokeReply,
  ReapReply,
} from '@holdfast/core/storage'
import { numberAt } from '../digits.ts'
import { unexpectedReply } from '../errors.ts'

export function decodeAcquire(reply: unknown): AcquireReply {
  const { letter, now, rest } = envelope('leases.acquire', reply, 'GQBLE')
  switch (letter) {
    case 'G':
      return { outcome: 'granted', fence: fence('leases.acquire', rest), acknowledged: 0, now }
    case 'L':
      return { outcome: 'late', now }
    case 'E':
      return { outcome: 'ended', now }
    default: {
      const [place, holders] = split(rest, ' ')
      return {
        outcome: letter === 'Q' ? 'queued' : 'busy',
        kept: place.startsWith('1'),
        ahead: whole('leases.acquire', place.slice(1)),
        holders: decodeHolders('leases.acquire', holders, now),
        now,
      }
    }
  }
}

const ENDINGS = { r: 'released', x: 'expired', l: 'lost', a: 'absent' } as const

export function decodeRelease(reply: unknown): ReleaseReply {
  const { letter, now, rest } = envelope('leases.release', reply, 'rxla')
  const outcome = ENDINGS[letter as keyof typeof ENDINGS]
  const pendingHandOffMs = whole('leases.release', rest.slice(16))
  return { outcome, fence: fence('leases.release', rest.slice(0, 16)), pendingHandOffMs, now }
}

export function decodeExtend(reply: unknown): ExtendReply {
  const { letter, now, rest } = envelope('leases.extend', reply, 'HA')
  return letter === 'H'
    ? { held: true, remainingMs: whole('leases.extend', rest), acknowledged: 0, now }
    : { held: false, remainingMs: 0, acknowledged: 0, now }
}

export function decodeRevoke(reply: unknown): RevokeReply {
  const { now, rest } = envelope('leases.revoke', reply, 'V')
  const [pendingHandOffMs, revoked] = split(rest, ' ')
  return { revoked: tokens(revoked), pendingHandOffMs: whole('leases.revoke', pendingHandOffMs), now }
}

export function decodeReap(reply: unknown): ReapReply {
  const { now, rest } = envelope('leases.reapExpired', reply, 'T')
  return { pendingHandOffMs: whole('leases.reapExpired', rest), now }
}

export function decodeView(reply: unknown): LeaseView {
  const { now, rest } = envelope('leases.inspect', reply, 'I')
  const [counts, lists] = split(rest, ' ')
  const [holders, queue] = split(lists, '#')
  return {
    fence: fence('leases.inspect', counts.slice(0, 16)),
    waiting: whole('leases.inspect', counts.slice(16)),
    holders: decodeHolders('leases.inspect', holders, now),
    queue: tokens(queue).map((member) => member.replace(/^[*!]/, '')),
    now,
  }
}

/**
 * `g` granted, with fence (16 digits), claim time in ms (5) and token; `v` revoked, with the token; `d` dropped; `p`
 * passed over; then a space and the key of the state.
 */
export function decodePush(payload: string, keyOf: (state: string) => string): LeasePush | undefined {
  const [what, state] = split(payload, ' ')
  const key = keyOf(state)
  switch (what.charAt(0)) {
    case 'g': {
      const granted = numberAt(what, 1, 16)
      const claimMs = numberAt(what, 17, 5)
      if (Number.isNaN(granted + claimMs)) return undefined
      return { kind: 'granted', key, token: what.slice(22), fence: granted, claimMs }
    }
    case 'v':
      return { kind: 'revoked', key, token: what.slice(1) }
    case 'd':
      return { kind: 'dropped', key }
    case 'p':
      return { kind: 'passed', key }
    default:
      return undefined
  }
}

/** Undefined where the server could not count. */
export function decodeCount(reply: unknown): number | undefined {
  if (reply === '?') return undefined
  if (typeof reply !== 'string') throw unexpectedReply('leases.countListeners', reply)
  return whole('leases.countListeners', reply)
}

/** Every reply begins with a letter and the instant in microseconds, 16 digits; with `U`, the key of the state follows. */
function envelope(
  doing: string,
  reply: unknown,
  letters: string,
): { letter: string; now: number; rest: string } {
  if (typeof reply === 'string' && reply.startsWith('U')) throw unreadableState(doing, reply.slice(17))
  if (typeof reply === 'string' && reply !== '' && letters.includes(reply.charAt(0))) {
    const micros = numberAt(reply, 1, 16)
    if (!Number.isNaN(micros)) {
      return { letter: reply.charAt(0), now: Math.floor(micros / 1_000), rest: reply.slice(17) }
    }
  }
  throw unexpectedReply(doing, reply)
}

function unreadableState(doing: string, key: string): StorageRefusedError {
  return new StorageRefusedError(
    `Redis refused ${doing}: a newer version of Holdfast, or another program, has written ${key}, and it was left as it is. ` +
      'Deploy the newer version here too; if none is in use any more, delete the key.',
  )
}

function decodeHolders(doing: string, text: string, now: number): LeaseHolder[] {
  return tokens(text).map((holder) => {
    const expiresAt = numberAt(holder, 1, 13)
    const granted = numberAt(holder, 14, 16)
    if (Number.isNaN(expiresAt + granted)) throw unexpectedReply(doing, text)
    const claimed = holder.startsWith('1')
    return { token: holder.slice(30), fence: granted, claimed, remainingMs: expiresAt - now }
  })
}

function tokens(text: string): string[] {
  return text === '' ? [] : text.slice(0, -1).split('|')
}

function split(text: string, separator: string): [before: string, after: string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}

function fence(doing: string, text: string): number {
  const value = text.length === 16 ? numberAt(text, 0, 16) : Number.NaN
  if (Number.isNaN(value)) throw unexpectedReply(doing, text)
  return value
}

function whole(doing: string, text: string): number {
  if (!/^\d{1,16}$/.test(text)) throw unexpectedReply(doing, text)
  return Number(text)
}
