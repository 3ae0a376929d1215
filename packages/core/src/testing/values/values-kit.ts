import type { ValueStorage } from '../../storage/values.ts'
import { type KitOptions, type StorageUnderTest, type TestRunner, useStorage } from '../runner.ts'
import { endsOfLife } from './ends-of-life.ts'
import { guardedWrites } from './guarded-writes.ts'
import { manyKeys } from './many-keys.ts'
import type { OpenValues } from './open-values.ts'
import { placeholders } from './placeholders.ts'
import { readsAndWrites } from './reads-and-writes.ts'
import { waits } from './waits.ts'
import { withoutMemory } from './without-memory.ts'

/** The guarantees V1 to V7, V9 and V10 of `storage/values.ts`. */
export function valuesKit(
  runner: TestRunner,
  open: () => Promise<StorageUnderTest>,
  { outOfMemory = false }: KitOptions = {},
): void {
  runner.describe('values', () => {
    const under = useStorage(runner, open)
    const values = (): ValueStorage => under.storage.values
    const opened: OpenValues = {
      under,
      values,
      set: (key, value, ttlMs = 60_000) => values().set(key, value, ttlMs, Number.MAX_SAFE_INTEGER),
      read: async (key) => (await values().getMany([key]))[0] ?? null,
      bytes: async (key) => (await values().getManyBytes([key]))[0] ?? null,
    }
    for (const group of [readsAndWrites, placeholders, guardedWrites, endsOfLife, waits, manyKeys]) {
      group(runner.it, opened)
    }
    if (outOfMemory) withoutMemory(runner.it, opened)
  })
}
