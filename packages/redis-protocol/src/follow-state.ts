import { errorMonitor } from 'node:events'
import type { Connection, ConnectionState, HoldfastError } from '@holdfast/core'
import { type Attached, oncePerClient } from './once-per-client.ts'

/** The part of an event emitter that is needed to follow a client's state. */
export interface Emitter {
  on(event: string | symbol, listener: (...args: unknown[]) => void): unknown
  off(event: string | symbol, listener: (...args: unknown[]) => void): unknown
}

export interface ClientState {
  readonly state: () => ConnectionState
  /** Why waiting is no use, if it is none. Asked while the state is `down`. */
  readonly problem: () => HoldfastError | undefined
}

export interface FollowedState extends Attached {
  readonly connection: Connection
}

/**
 * A client's state as core wants it: asked of the client each time, told when one of its `events` fires. Every
 * coming back is told, also when the going was not, and so is that there will be none.
 */
export const followState: (client: Emitter, events: readonly string[], how: ClientState) => FollowedState =
  oncePerClient(attach)

function attach(client: Emitter, events: readonly string[], { state, problem }: ClientState): FollowedState {
  const listeners = new Set<(state: ConnectionState) => void>()
  const isHopeless = (): boolean => state() === 'down' && problem() !== undefined
  let told = state()
  let toldHopeless = isHopeless()
  let lastError: unknown
  const tell = (): void => {
    const now = state()
    if (now === 'ready') lastError = undefined
    const hopeless = isHopeless()
    if (now === told && now === 'down' && hopeless === toldHopeless) return
    told = now
    toldHopeless = hopeless
    const current = [...listeners] // what a listener adds hears of the next change
    for (const listener of current) listener(now)
  }
  const keep = (error: unknown): void => {
    lastError = error
    // The last that a client of node-redis says which has given up.
    if (isHopeless()) tell()
  }
  for (const event of events) client.on(event, tell)
  // Listens along only: with a listener for 'error' of ours, ioredis would not print what nobody else handles.
  client.on(errorMonitor, keep)
  return {
    connection: {
      get state() {
        return state()
      },
      get problem() {
        return state() === 'ready' ? undefined : problem()
      },
      get lastError() {
        return state() === 'ready' ? undefined : lastError
      },
      onChange(listener) {
        const own = (now: ConnectionState): void => listener(now)
        listeners.add(own)
        return () => listeners.delete(own)
      },
    },
    detach() {
      for (const event of events) client.off(event, tell)
      client.off(errorMonitor, keep)
    },
  }
}
