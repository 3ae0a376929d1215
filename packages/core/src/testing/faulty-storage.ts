import { StorageUnavailableError } from '../errors.ts'
import { faultyInvalidations } from './faulty-invalidations.ts'
import type { Connection, ConnectionState, Storage } from '../storage/storage.ts'

/** One process's link to a storage, which a test breaks. Other links to the same storage are not affected. */
export interface FaultyStorage extends Storage {
  /** From now on there is no connection: nothing is sent, and no push comes. */
  disconnect(): void
  /** There is a connection again. Calls that still wait for one are sent, and subscribers look at what they missed. */
  reconnect(): void
  /**
   * The next command takes effect in the storage, and its answer never comes, because the connection breaks: from then on
   * it is as after {@link disconnect}.
   */
  loseNextReply(): void
}

/**
 * Puts a link before a storage that a test can break: `faultyStorage(memoryStorage())`. Each process of a test has its own
 * link to the one storage.
 */
export function faultyStorage(storage: Storage): FaultyStorage {
  const link = new Link()
  const { records, leases, values } = storage
  return {
    records: link.through(records, {
      subscribe: link.subscribing(
        (key, onHint) => records.subscribe(key, onHint),
        (onHint) => onHint(),
      ),
    }),
    leases: link.through(leases, {
      listen: link.subscribing(
        (process, onPush) => leases.listen(process, onPush),
        (onPush) => onPush({ kind: 'gap' }),
      ),
    }),
    values: link.through(values, {
      hashes: link.through(values.hashes),
      counters: link.through(values.counters),
      subscribe: link.subscribing(
        (key, onEnd) => values.subscribe(key, onEnd),
        (onEnd) => onEnd(),
      ),
      invalidations: faultyInvalidations(link, values.invalidations),
    }),
    connection: link,
    time: () => link.send(() => storage.time()),
    verify: (options) => link.send(() => storage.verify(options)),
    retain: () => storage.retain(),
    close: () => storage.close(),
    disconnect: () => link.become('down'),
    reconnect: () => link.become('ready'),
    loseNextReply: () => link.loseNextReply(),
  }
}

type Stop = () => unknown

class Link implements Connection {
  state: ConnectionState = 'ready'
  readonly #listeners = new Set<(state: ConnectionState) => void>()
  readonly #looks = new Set<() => void>()
  #losesReply = false

  onChange(listener: (state: ConnectionState) => void): () => void {
    // The same function may listen twice.
    const heard = (state: ConnectionState): void => listener(state)
    this.#listeners.add(heard)
    return () => this.#listeners.delete(heard)
  }

  become(state: ConnectionState): void {
    if (state === this.state) return
    this.state = state
    for (const listener of this.#listeners) listener(state)
    if (state === 'ready') for (const look of this.#looks) look()
  }

  loseNextReply(): void {
    this.#losesReply = true
  }

  async send<T>(command: () => Promise<T>): Promise<T> {
    if (this.state === 'down') throw unavailable(false)
    const losesReply = this.#losesReply
    this.#losesReply = false
    const reply = await command()
    if (!losesReply) return reply
    this.become('down')
    throw unavailable(true)
  }

  /** The facet, whose commands go over this link; but for the members that are given. */
  through<T extends object>(facet: T, own: Partial<T> = {}): T {
    return new Proxy(facet, {
      get: (target, name) => {
        if (name in own) return own[name as keyof T]
        const member: unknown = Reflect.get(target, name)
        // It asks nothing: it listens in this process.
        if (typeof member !== 'function' || name === 'onReconnected') return member
        return (...args: unknown[]) => this.send(() => member.apply(target, args) as Promise<unknown>)
      },
    })
  }

  /** A subscription, whose listener hears nothing without a connection, and looks when there is one again. */
  subscribing<Name, Listener extends (...args: never[]) => void, S extends Stop>(
    subscribe: (name: Name, listener: Listener) => Promise<S>,
    look: (listener: Listener) => void,
  ): (name: Name, listener: Listener) => Promise<S> {
    return async (name, listener) => {
      if (this.state === 'down') throw unavailable(false)
      const heard = ((...args) => {
        if (this.state === 'ready') listener(...args)
      }) as Listener
      const stop = await subscribe(name, heard)
      const lookAnew = (): void => look(listener)
      this.#looks.add(lookAnew)
      return (() => {
        this.#looks.delete(lookAnew)
        return stop()
      }) as S
    }
  }
}

function unavailable(maybeApplied: boolean): StorageUnavailableError {
  return new StorageUnavailableError('The test has broken the connection to the storage.', { maybeApplied })
}
