import {
  type LeaseCommand,
  type LeaseReplies,
  type LeaseState,
  decideLease,
  noLease,
} from '../locks/decide-lease.ts'
import { type LeasePush, type LeaseStorage, RETENTION_MS } from '../storage/leases.ts'

/** A {@link LeaseStorage} that can lose what it has, to see what becomes of those who rely on it. */
export interface MemoryLeases extends LeaseStorage {
  /** The queue of the key is empty from now on, as if it had been deleted. */
  loseQueue(key: string): void
}

/** Hears what is pushed, and to whom. */
export type OnPush = (process: string, push: LeasePush) => void

/**
 * The leases facet in this process's memory, straight from {@link decideLease}. `now` is the storage's clock in
 * milliseconds, fractions of which count; `decide` is another decision where one is to be tried out. `onPush` hears every
 * push, also those to processes without a listener.
 */
export function memoryLeases(
  now: () => number,
  decide: typeof decideLease = decideLease,
  onPush: OnPush = () => undefined,
): MemoryLeases {
  const states = new Map<string, LeaseState>()
  const listeners = new Map<string, Set<(push: LeasePush) => void>>()
  let sweepAt = 0

  const run = async <C extends LeaseCommand>(key: string, command: C): Promise<LeaseReplies[C['op']]> => {
    const nowUs = Math.floor(now() * 1000)
    sweep(nowUs / 1000)
    const state = states.get(key) ?? noLease
    const decision = decide(key, state, command, { nowUs, listens: (process) => listeners.has(process) })
    if (command.op !== 'inspect') states.set(key, decision.state)
    for (const { process, push } of decision.pushes) {
      deliver(process, push)
      onPush(process, push)
    }
    return decision.reply
  }

  // A push travels: it arrives in a later turn, as it would from a server.
  const deliver = (process: string, push: LeasePush): void => {
    for (const listener of listeners.get(process) ?? []) {
      queueMicrotask(() => {
        if (listeners.get(process)?.has(listener)) listener(push)
      })
    }
  }

  const sweep = (nowMs: number): void => {
    if (nowMs < sweepAt) return
    sweepAt = nowMs + RETENTION_MS / 4
    for (const [key, state] of states) {
      const lastMs = Math.max(state.fence / 1000, ...state.holders.map(({ expiresAt }) => expiresAt))
      if (lastMs + RETENTION_MS <= nowMs && state.ended.every(({ until }) => until + 1 <= nowMs))
        states.delete(key)
    }
  }

  return {
    acquire: (key, request) => run(key, { op: 'acquire', ...request }),
    release: (key, request) => run(key, { op: 'release', ...request }),
    extend: (key, request) => run(key, { op: 'extend', ...request }),
    revoke: (key, request) => run(key, { op: 'revoke', ...request }),
    reapExpired: (key, claimMs) => run(key, { op: 'reapExpired', claimMs }),
    inspect: (key) => run(key, { op: 'inspect' }),
    loseQueue(key) {
      const state = states.get(key)
      if (state !== undefined) states.set(key, { ...state, queue: [] })
    },
    async listen(process, onPush) {
      const ofProcess = listeners.get(process) ?? new Set()
      listeners.set(process, ofProcess.add(onPush))
      return async () => {
        ofProcess.delete(onPush)
        if (ofProcess.size === 0 && listeners.get(process) === ofProcess) listeners.delete(process)
      }
    },
  }
}
