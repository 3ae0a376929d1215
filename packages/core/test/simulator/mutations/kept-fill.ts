import { type Engine, Namespace } from '../../../src/cache/engine.ts'
import { readEntry } from '../../../src/cache/entry.ts'
import { Flight } from '../../../src/cache/flight.ts'
import type { Read } from '../../../src/cache/read.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import type { ValueStorage } from '../../../src/storage/values.ts'
import { replace } from './core.ts'

/** What one process has stored, until its load lands, and for which namespaces. */
class Fills {
  readonly spaces = new Set<Namespace>()
  /** With the stamp that the storage has put in front, or an earlier one: a copy ends with its entry. */
  readonly stored = new Map<string, string>()

  constructor({ storage, gate }: Engine) {
    const tapped = storage.values as { replace: ValueStorage['replace'] }
    const sound = tapped.replace
    tapped.replace = async (...args) => {
      const { clock } = gate.calls
      const stamp = clock.known ? String(clock.earliest()).padStart(13, '0') : undefined
      const isStored = await sound(...args)
      if (isStored && stamp !== undefined) this.stored.set(args[0], stamp + String(args[2]))
      return isStored
    }
  }
}

/** A process keeps what its own load has stored, as soon as the storage says so. */
export function keepFills(): () => void {
  const fillsOf = new WeakMap<Storage, Fills>()
  const forget = replace(
    Namespace.prototype,
    'count',
    (count) =>
      function (this: Namespace, ...args: readonly unknown[]) {
        const { storage } = this.engine
        const fills = fillsOf.get(storage) ?? new Fills(this.engine)
        fillsOf.set(storage, fills)
        fills.spaces.add(this)
        count.apply(this, [...args])
      },
  )
  const mend = replace(
    Flight.prototype,
    'land',
    (land) =>
      function (this: Flight, ...args: readonly unknown[]) {
        const { spaces, stored } = fillsOf.get(this.storage) ?? {}
        const text = stored?.get(this.entryKey)
        stored?.delete(this.entryKey)
        for (const space of spaces ?? [])
          if (text !== undefined && space.scope.entryKey(this.key) === this.entryKey)
            keep(space, this.key, text)
        land.apply(this, [...args])
      },
  )
  return () => {
    mend()
    forget()
  }
}

function keep({ near, scope, policy }: Namespace, key: string, stored: string): void {
  const entry = readEntry(stored, scope.generationKeys.length, policy.codec.name)
  if (entry === undefined || near === undefined) return
  const value = { value: policy.codec.decode(entry.payload as never) }
  const look = near.enter(key)
  look.found({ entry, value, state: 'fresh' } as unknown as Read)
  look.leave()
}
