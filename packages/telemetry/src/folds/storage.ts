import type { BreakerEvent, ConnectionEvent, StorageEvent } from '@holdfast/core'
import type { Fold, FoldContext, Measure } from './fold.ts'

/** Breakers that are open: each cache has one. */
export class BreakerFold implements Fold<BreakerEvent> {
  readonly channel = 'holdfast:breaker'
  readonly #context: FoldContext
  /** By prefix, the instances whose breaker is open. */
  readonly #open = new Map<string, Set<string>>()

  constructor(context: FoldContext) {
    this.#context = context
  }

  fold(event: BreakerEvent): void {
    const { measure, bounded } = this.#context
    const prefix = bounded('prefix', event.prefix)
    let open = this.#open.get(prefix)
    if (open === undefined) this.#open.set(prefix, (open = new Set()))
    if (event.type === 'closed') open.delete(event.instance)
    else open.add(event.instance)
    if (event.type === 'opened') measure('breakerOpened', 1, { prefix })
  }

  read(_now: number, show: Measure): void {
    for (const [prefix, open] of this.#open) show('breakerOpen', open.size, { prefix })
  }
}

/** Whether each storage is connected. */
export class ConnectionFold implements Fold<ConnectionEvent> {
  readonly channel = 'holdfast:connection'
  readonly #context: FoldContext
  readonly #connected = new Map<string, { readonly prefix: string; readonly storage: string; up: boolean }>()

  constructor(context: FoldContext) {
    this.#context = context
  }

  fold({ prefix: of, storage, type }: ConnectionEvent): void {
    const { measure, bounded } = this.#context
    const prefix = bounded('prefix', of)
    const key = `${storage} ${prefix}`
    const known = this.#connected.get(key)
    if (known === undefined) {
      for (const code of ['STORAGE_UNAVAILABLE', 'STORAGE_REFUSED'])
        measure('storageFailures', 0, { prefix, storage, code })
    }
    this.#connected.set(key, { prefix, storage, up: type === 'ready' })
  }

  read(_now: number, show: Measure): void {
    for (const { prefix, storage, up } of this.#connected.values())
      show('storageConnected', up ? 1 : 0, { prefix, storage })
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
