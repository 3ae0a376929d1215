import type { BreakerEvent, ConnectionEvent, StorageEvent } from '@holdfast/core'
import type { Fold, FoldContext, Measure } from './fold.ts'

/** Breakers that are open: each cache has one. Those of one process may have one prefix and one instance: they are counted. */
export class BreakerFold implements Fold<BreakerEvent> {
  readonly channel = 'holdfast:breaker'
  readonly #context: FoldContext
  readonly #open = new Map<string, number>()

  constructor(context: FoldContext) {
    this.#context = context
  }

  fold(event: BreakerEvent): void {
    const { measure, bounded } = this.#context
    const prefix = bounded('prefix', event.prefix)
    this.#open.set(prefix, openAfter(event.type, this.#open.get(prefix) ?? 0))
    if (event.type === 'opened') measure('breakerOpened', 1, { prefix })
  }

  read(_now: number, show: Measure): void {
    for (const [prefix, open] of this.#open) show('breakerOpen', open, { prefix })
  }
}

function openAfter(type: BreakerEvent['type'], before: number): number {
  switch (type) {
    case 'opened':
      return before + 1
    case 'stillOpen':
      // It may have opened before the bridge was started.
      return Math.max(1, before)
    case 'closed':
    case 'ended':
      return Math.max(0, before - 1)
  }
}

/** The connections of one prefix to one storage, of which a process may have several. */
interface Connections {
  readonly prefix: string
  readonly storage: string
  away: number
}

/** Whether each storage is connected. */
export class ConnectionFold implements Fold<ConnectionEvent> {
  readonly channel = 'holdfast:connection'
  readonly #context: FoldContext
  readonly #known = new Map<string, Connections>()

  constructor(context: FoldContext) {
    this.#context = context
  }

  fold(event: ConnectionEvent): void {
    const { measure, bounded } = this.#context
    const { storage } = event
    const prefix = bounded('prefix', event.prefix)
    const key = `${storage} ${prefix}`
    let known = this.#known.get(key)
    if (known === undefined) {
      this.#known.set(key, (known = { prefix, storage, away: 0 }))
      for (const code of ['STORAGE_UNAVAILABLE', 'STORAGE_REFUSED'])
        measure('storageFailures', 0, { prefix, storage, code })
    }
    if (event.type === 'lost') known.away += 1
    else if (event.lostAt !== null) known.away = Math.max(0, known.away - 1)
    // Nothing is known any more: those that are left, if any, say when they are connected.
    if (event.type === 'ended' && known.away === 0) this.#known.delete(key)
  }

  read(_now: number, show: Measure): void {
    for (const { prefix, storage, away } of this.#known.values())
      show('storageConnected', away === 0 ? 1 : 0, { prefix, storage })
  }
}

/** Calls to a storage that failed. */
export class StorageFold implements Fold<StorageEvent> {
  readonly channel = 'holdfast:storage'
  readonly #context: FoldContext

  constructor(context: FoldContext) {
    this.#context = context
  }

  fold({ prefix, storage, code }: StorageEvent): void {
    const { measure, bounded } = this.#context
    measure('storageFailures', 1, {
      prefix: bounded('prefix', prefix),
      storage,
      code: bounded('code', code ?? 'none'),
    })
  }

  read(): void {}
}
