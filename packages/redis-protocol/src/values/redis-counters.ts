import { StorageRefusedError } from '@holdfast/core'
import { type CounterStorage, REMEMBERED_MS } from '@holdfast/core/storage'
import { unexpectedReply } from '../errors.ts'
import type { Keys } from '../keys.ts'
import { instant } from '../records/format.ts'
import type { RunScript } from '../script.ts'
import { besideKey } from '../slot.ts'
import { addToCounter } from './add.ts'

/** The counters facet on Redis: one integer a counter, as `INCRBY` has it, and beside it the answers of late. */
export function redisCounters(run: RunScript, keys: Keys): CounterStorage {
  return {
    add(key, by, operation, { ttlMs, on }, notAfter) {
      const counter = keys.value(key)
      return run(
        addToCounter,
        [counter, operationKey(counter, operation)],
        [String(by), String(ttlMs), on === 'always' ? '1' : '0', instant(notAfter), String(REMEMBERED_MS)],
        (reply) => decodeAdd(reply, key),
      )
    },
  }
}

/** What only the keys of operations have: no key that core gives a storage holds a control character. */
const OPERATION = '\n'

/** The answer of an operation lies within the reach of the counter's app, and in the counter's slot. */
function operationKey(counter: string, operation: string): string {
  return besideKey(counter, OPERATION + operation.replace(/[%{}]/g, encodeURIComponent))
}

export function isOperationKey(key: string): boolean {
  return key.includes(OPERATION)
}

function decodeAdd(reply: unknown, key: string): Awaited<ReturnType<CounterStorage['add']>> {
  const [, clock, answer] = /^(\d+) (-?\d+|late|overflow|refused)$/.exec(String(reply)) ?? []
  const now = Number(clock)
  if (answer === undefined) throw unexpectedReply('an addition to a counter', reply)
  if (answer === 'late' || answer === 'overflow') return { outcome: answer, now }
  if (answer !== 'refused') return { outcome: 'added', sum: Number(answer), now }
  throw new StorageRefusedError(
    `The key ${JSON.stringify(key)} holds no whole number of up to 2^53 − 1, so nothing was added to it: ` +
      'use another key, or remove it first.',
  )
}
