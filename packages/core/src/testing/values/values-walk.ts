import assert from 'node:assert/strict'
import { manyByOne } from '../../memory/many-by-one.ts'
import { memoryValues } from '../../memory/memory-values.ts'
import type { StoredValue, ValueStorage } from '../../storage/values.ts'
import { type StorageUnderTest, type TestRunner, freshName, seededInts, useStorage } from '../runner.ts'

const STEPS = 100
const TTL_MS = 600_000

/** The same thing as the storage under test knows it, and as the model does: their clocks differ, and so do placeholders. */
interface Pair<T> {
  readonly real: T
  readonly model: T
}

/** Walks a storage along seeded random paths beside the memory storage: V1 to V7 and V10, but for time. */
export function valuesWalk(
  runner: TestRunner,
  open: () => Promise<StorageUnderTest>,
  { seeds = 10 }: { readonly seeds?: number } = {},
): void {
  runner.describe('values, held against those in memory', () => {
    const under = useStorage(runner, open)
    for (let seed = 1; seed <= seeds; seed += 1) {
      runner.it(`agree along the walk of seed ${seed}`, () => walk(under.storage.values, seed))
    }
  })
}

async function walk(storage: ValueStorage, seed: number): Promise<void> {
  const draw = seededInts(seed)
  const one = <T>(all: readonly T[]): T => all[draw(all.length)] as T
  let now = 1_700_000_000_000
  const memory = memoryValues(() => (now += 1))
  const keys = [freshName('walk'), freshName('walk')]
  /** What the last replies showed: what a caller may expect, or put another value in the place of. */
  const heads: Pair<string>[] = [{ real: 'Lnever', model: 'Lnever' }]
  const raw: Pair<Uint8Array>[] = []
  const trail: string[] = []
  let made = 0

  const both = async <T>(
    what: string,
    act: (values: ValueStorage, side: keyof Pair<T>) => Promise<T>,
  ): Promise<Pair<T>> => {
    trail.push(what)
    const [real, model] = [await act(storage, 'real'), await act(memory, 'model')]
    assert.deepEqual(plain(real), plain(model), `seed ${seed}: ${trail.slice(-12).join(', ')}`)
    return { real, model }
  }
  /** Whole, or far enough to be no other's beginning, whatever the clocks show. */
  const remember = ({ real, model }: Pair<string | null>): void => {
    if (real === null || model === null) return
    const most = one([48, 60])
    const headOf = (text: string): string => text.replace(/;\+$/, ';').slice(0, most)
    heads.unshift({ real: headOf(real), model: headOf(model) })
    heads.length = Math.min(heads.length, 4)
  }
  /** Distinguished by its first 32 characters, as a value must be. */
  const value = (): StoredValue => {
    const name = String((made += 1)).replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)))
    const head = name.padEnd(32, '.')
    return one<StoredValue>([
      head,
      `${head} ünï 🦊`,
      Buffer.from([...Buffer.from(head), 0xff, 0x00, 0xc3, 0x2b]),
      `${head}+`,
    ])
  }

  const steps: ((key: string) => Promise<unknown>)[] = [
    (key) => {
      const given = value()
      return both('set', (values) => values.set(key, given, TTL_MS, Infinity).then(({ outcome }) => outcome))
    },
    (key) => both('late set', (values) => values.set(key, 'late', TTL_MS, 1).then(({ outcome }) => outcome)),
    (key) => both('remove one', (values) => values.remove([key])),
    () => both('remove all', (values) => values.remove(keys)),
    async (key) => remember((await reserve(key)) as Pair<string>),
    async (key) => remember((await reserve(key)) as Pair<string>),
    async (key) => {
      const instead = raw[0] ?? { real: Buffer.from('x'), model: Buffer.from('x') }
      const mark = one(['Lone.', 'Ltwo.'])
      remember(
        await both(`reserve ${mark} instead`, (values, side) =>
          values.reserve(key, mark, TTL_MS, instead[side]),
        ),
      )
    },
    (key) => {
      const [expected, given] = [one(heads), value()]
      return both('replace', async (values, side) => {
        const done = await values.replace(key, expected[side], given, TTL_MS)
        return [done, await values.replace(key, expected[side], given, TTL_MS)]
      })
    },
    (key) => {
      const expected = heads[0] ?? one(heads)
      const given = value()
      return both('replace the last', (values, side) => values.replace(key, expected[side], given, TTL_MS))
    },
    async () => {
      const mark = one(['Lone.', 'Ltwo.', 'Lthree.'])
      const shown = await both(`reserveMany ${mark}`, (values) =>
        many(values).reserveMany(keys, mark, TTL_MS),
      )
      const at = draw(2)
      remember({ real: String(shown.real[at]), model: String(shown.model[at]) })
    },
    () => {
      const expected = one(heads)
      const all = keys.map((key) => ({ key, value: value(), ttlMs: TTL_MS }))
      return both('replaceMany', (values, side) => many(values).replaceMany(expected[side], all))
    },
    (key) => {
      const expected = one(heads)
      return both('extend', (values, side) => values.extend(key, expected[side], TTL_MS))
    },
    (key) => {
      const expected = one(heads)
      const beginning = 'P'.repeat(one([1, 5, expected.real.length]))
      return both('patch', (values, side) => values.patch(key, expected[side], beginning, TTL_MS))
    },
    (key) => {
      const expected = one(heads)
      return both('removeIf', (values, side) => values.removeIf(key, expected[side]))
    },
    async (key) => remember(await both('ensure', (values) => values.ensure(key, 'G', TTL_MS))),
    async (key) => remember(await both('renew', (values) => values.renew(key, 'G', TTL_MS))),
    async (key) => remember(await both('getHead', (values) => values.getHead(key, 60))),
    async () => {
      const read = await both('getManyBytes', (values) => values.getManyBytes(keys))
      const at = draw(2)
      const [real, model] = [read.real[at], read.model[at]]
      if (real && model) raw.unshift({ real, model })
    },
  ]
  const reserve = (key: string): Promise<Pair<string>> => {
    const mark = one(['Lone.', 'Ltwo.', 'Lthree.'])
    return both(`reserve ${mark}`, (values) => values.reserve(key, mark, TTL_MS))
  }

  for (let step = 0; step < STEPS; step += 1) {
    await one(steps)(one(keys))
    await both('getMany', (values) => values.getMany(keys))
  }
}

/** A storage that cannot do many keys in one command is asked for each. */
function many(values: ValueStorage): ReturnType<typeof manyByOne> {
  const isOffered = values.reserveMany !== undefined && values.replaceMany !== undefined
  return isOffered ? (values as ReturnType<typeof manyByOne>) : manyByOne(values)
}

/**
 * Without digits, which only clocks make here, and without the word that a process waits, which a storage may leave
 * elsewhere.
 */
function plain(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(plain)
  if (reply instanceof Uint8Array) return plain(Buffer.from(reply).toString('latin1'))
  return typeof reply === 'string' ? reply.replace(/\d/g, '#').replace(/;\+$/, ';') : reply
}
