import {
  type AcquireReply,
  type Durability,
  type ExtendReply,
  type LeaseHolder,
  type LeasePush,
  type LeaseStorage,
  type ReleaseReply,
  type RevokeReply,
} from '@holdfast/core'
import type { RedisClient } from '../client.ts'
import { unexpectedReply } from '../errors.ts'
import type { Keys } from '../keys.ts'
import type { PubSub } from '../pub-sub.ts'
import { numberAt } from '../records/entry.ts'
import type { RunScript } from '../script.ts'
import { acquireLease } from './acquire.ts'
import { extendLease } from './extend.ts'
import { inspectLease } from './inspect.ts'
import { releaseLease } from './release.ts'
import { createReplication } from './replication.ts'
import { revokeLease } from './revoke.ts'
import { tendLease } from './tend.ts'

export interface RedisLeases extends LeaseStorage {
  /** Ends the connections that were opened to wait for replicas. */
  close(): void
}

/**
 * The leases facet on Redis: a string and a sorted set a key, one script a step. A process is told by classic pub/sub
 * on a channel of its own.
 *
 * What its guarantees rest on beyond the port's: a fence grows over the loss of the key (60 seconds after its last
 * lease, eviction, a failover that lost writes) as long as the clock of the server that grants next is not behind the
 * moment of the last grant. In a cluster PUBLISH does not count receivers on other nodes: a waiter that is not
 * connected is not passed over but stops the queue for one claim time, after which its process has left the queue.
 */
export function redisLeases(client: RedisClient, run: RunScript, keys: Keys, pubSub: PubSub): RedisLeases {
  const counted = pubSub.receiverCount === 'exact' ? '1' : '0'
  const replication = createReplication(client)
  const stateOf = (key: string): string => `${keys.leaseTag(key)}:s`
  const queueOf = (key: string): string => `${keys.leaseTag(key)}:q`
  const keyOf = (state: string): string => keys.leaseName(state.slice(0, -2))
  const { leaseChannel: channel } = keys

  const through = <R extends object>(
    key: string,
    durability: Durability | undefined,
    send: (run: RunScript) => Promise<R>,
  ): Promise<R> =>
    durability === undefined ? send(run) : replication.confirmed(stateOf(key), durability, send)

  return {
    acquire: (key, { token, leaseMs, permits, wait, claimMs, notAfter, durability }) =>
      through(key, durability, (on) =>
        on(
          acquireLease,
          [stateOf(key), queueOf(key)],
          [
            token,
            String(leaseMs),
            String(permits),
            wait ? '1' : '0',
            String(claimMs),
            String(notAfter),
            channel,
            counted,
          ],
          decodeAcquire,
        ),
      ),

    release: (key, { token, claimMs, notAfter }) =>
      run(
        releaseLease,
        [stateOf(key), queueOf(key)],
        [token, String(claimMs), String(notAfter), channel, counted],
        decodeRelease,
      ),

    extend: (key, { token, leaseMs, durability }) =>
      through(key, durability, (on) =>
        on(extendLease, [stateOf(key)], [token, String(leaseMs)], decodeExtend),
      ),

    tend: (key, claimMs) =>
      run(tendLease, [stateOf(key), queueOf(key)], [String(claimMs), channel, counted], (reply) => {
        const { now, rest } = envelope(tendLease.name, reply, 'T')
        return { unclaimedMs: whole(tendLease.name, rest), now }
      }),

    revoke: (key, { token = '', claimMs }) =>
      run(
        revokeLease,
        [stateOf(key), queueOf(key)],
        [token, String(claimMs), channel, counted],
        decodeRevoke,
      ),

    inspect: (key) =>
      run(inspectLease, [stateOf(key), queueOf(key)], [], (reply) => {
        const { now, rest } = envelope(inspectLease.name, reply, 'I')
        const [counts, lists] = split(rest, ' ')
        const [holders, queue] = split(lists, '#')
        return {
          fence: numberAt(counts, 0, 16),
          waiting: whole(inspectLease.name, counts.slice(16)),
          holders: decodeHolders(inspectLease.name, holders, now),
          queue: tokens(queue),
          now,
        }
      }),

    listen: (process, onPush) =>
      pubSub.subscribe(`${channel}${process}}`, {
        message(payload) {
          const push = decodePush(payload, keyOf)
          if (push !== undefined) onPush(push)
        },
        restored: () => onPush({ kind: 'gap' }),
      }),

    close: () => replication.close(),
  }
}

function decodeAcquire(reply: unknown): AcquireReply {
  const { letter, now, rest } = envelope(acquireLease.name, reply, 'GQBLE')
  switch (letter) {
    case 'G':
      return { outcome: 'granted', fence: fence(acquireLease.name, rest), acknowledged: 0, now }
    case 'L':
      return { outcome: 'late', now }
    case 'E':
      return { outcome: 'ended', now }
    default: {
      const [place, holders] = split(rest, ' ')
      return {
        outcome: letter === 'Q' ? 'queued' : 'busy',
        kept: place.startsWith('1'),
        ahead: whole(acquireLease.name, place.slice(1)),
        holders: decodeHolders(acquireLease.name, holders, now),
        now,
      }
    }
  }
}

function decodeRelease(reply: unknown): ReleaseReply {
  const { letter, now, rest } = envelope(releaseLease.name, reply, 'rxla')
  const outcome = ({ r: 'released', x: 'expired', l: 'lost', a: 'absent' } as const)[
    letter as 'r' | 'x' | 'l' | 'a'
  ]
  const unclaimedMs = whole(releaseLease.name, rest.slice(16))
  return { outcome, fence: fence(releaseLease.name, rest.slice(0, 16)), unclaimedMs, now }
}

function decodeExtend(reply: unknown): ExtendReply {
  const { letter, now, rest } = envelope(extendLease.name, reply, 'HA')
  return letter === 'H'
    ? { held: true, remainingMs: whole(extendLease.name, rest), acknowledged: 0, now }
    : { held: false, remainingMs: 0, acknowledged: 0, now }
}

function decodeRevoke(reply: unknown): RevokeReply {
  const { now, rest } = envelope(revokeLease.name, reply, 'V')
  const [unclaimedMs, revoked] = split(rest, ' ')
  return { revoked: tokens(revoked), unclaimedMs: whole(revokeLease.name, unclaimedMs), now }
}

/** `g` granted, `v` revoked, each with the token; `d` dropped; then a space and the key of the state. */
function decodePush(payload: string, keyOf: (state: string) => string): LeasePush | undefined {
  const [what, state] = split(payload, ' ')
  const key = keyOf(state)
  switch (what.charAt(0)) {
    case 'g':
      return { kind: 'granted', key, token: what.slice(1) }
    case 'v':
      return { kind: 'revoked', key, token: what.slice(1) }
    case 'd':
      return { kind: 'dropped', key }
    default:
      return undefined
  }
}

/** Every reply begins with a letter and the instant in microseconds, 16 digits. */
function envelope(
  doing: string,
  reply: unknown,
  letters: string,
): { letter: string; now: number; rest: string } {
  if (typeof reply === 'string' && reply !== '' && letters.includes(reply.charAt(0))) {
    const micros = numberAt(reply, 1, 16)
    if (!Number.isNaN(micros)) {
      return { letter: reply.charAt(0), now: Math.floor(micros / 1_000), rest: reply.slice(17) }
    }
  }
  throw unexpectedReply(doing, reply)
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
