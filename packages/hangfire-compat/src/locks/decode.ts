import type { AcquireReply, ExtendReply, LeaseHolder, ReleaseReply } from '@holdfast/core/storage'
import { unexpectedReply } from '@holdfast/redis-protocol'

/** How long a lock of .NET lasts without renewal. */
const DOTNET_MS = 30_000

/** A reply: its letter, the server's clock in ms, and what follows. */
interface Reply {
  readonly letter: string
  readonly now: number
  readonly rest: string
}

export function decodeAcquire(reply: unknown, waits: boolean): AcquireReply {
  const { letter, now, rest } = envelope('acquire', reply, 'GHLE')
  switch (letter) {
    case 'G':
      return { outcome: 'granted', fence: fenceOf('acquire', rest), acknowledged: 0, now }
    case 'H': {
      const holders = [decodeHolder('acquire', rest, now)]
      // Redis keeps no queue: all who wait are equal.
      return { outcome: waits ? 'queued' : 'busy', kept: true, ahead: 0, holders, now }
    }
    default:
      return { outcome: letter === 'L' ? 'late' : 'ended', now }
  }
}

export function decodeExtend(reply: unknown): ExtendReply {
  const { letter, now, rest } = envelope('extend', reply, 'HA')
  const held = letter === 'H'
  return { held, remainingMs: held ? Number(rest) : 0, acknowledged: 0, now }
}

const ENDINGS = { r: 'released', x: 'expired', l: 'lost', a: 'absent' } as const

export function decodeRelease(reply: unknown): ReleaseReply {
  const { letter, now, rest } = envelope('release', reply, 'rxla')
  const outcome = ENDINGS[letter as keyof typeof ENDINGS]
  return { outcome, fence: fenceOf('release', rest), pendingHandOffMs: 0, now }
}

export interface View {
  readonly holders: readonly LeaseHolder[]
  readonly fence: number
  readonly now: number
}

export function decodeInspect(reply: unknown): View {
  const { letter, now, rest } = envelope('inspect', reply, 'FH')
  const holders = letter === 'H' ? [decodeHolder('inspect', rest.slice(16), now)] : []
  return { holders, fence: fenceOf('inspect', rest.slice(0, 16)), now }
}

export function decodeRevoke(reply: unknown): { readonly revoked: readonly string[]; readonly now: number } {
  const { now, rest } = envelope('revoke', reply, 'V')
  return { revoked: rest === '' ? [] : [rest], now }
}

/**
 * A key without an end counts as one that is renewed all the time. Of a holder that is no Node process, the age is what can
 * be known of it: the time since it was renewed last, if it is .NET.
 */
function decodeHolder(doing: string, text: string, now: number): LeaseHolder {
  const [, digits = '', ttl = '', kind = '', value = ''] = /^(\d{16}) (-?\d+) (\w+) (.*)$/s.exec(text) ?? []
  if (kind === '') throw unexpectedReply(nameOf(doing), text)
  const remainingMs = Number(ttl) < 0 ? DOTNET_MS : Number(ttl)
  const sinceRenewalMs = Math.max(0, DOTNET_MS - remainingMs)
  return {
    token: kind === 'string' ? value : `(a ${kind} under its key)`,
    fence: Number(digits) || (now - sinceRenewalMs) * 1_000,
    remainingMs,
    claimed: true,
  }
}

function fenceOf(doing: string, digits: string): number {
  const fence = /^\d{16}$/.test(digits) ? Number(digits) : NaN
  if (Number.isNaN(fence)) throw unexpectedReply(nameOf(doing), digits)
  return fence
}

/** Every reply begins with a letter and the clock in microseconds, 16 digits. */
function envelope(doing: string, reply: unknown, letters: string): Reply {
  const text = typeof reply === 'string' ? reply : ''
  if (!/^\w\d{16}/.test(text) || !letters.includes(text.charAt(0)))
    throw unexpectedReply(nameOf(doing), reply)
  return { letter: text.charAt(0), now: Number(text.slice(1, 14)), rest: text.slice(17) }
}

function nameOf(doing: string): string {
  return `hangfire.locks.${doing}`
}
