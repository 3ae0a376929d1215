import type { ValueStorage } from '../storage/values.ts'

/** Does for many keys what a storage does for one. */
export function manyByOne(
  one: Pick<ValueStorage, 'reserve' | 'replace'>,
): Required<Pick<ValueStorage, 'reserveMany' | 'replaceMany'>> {
  return {
    reserveMany: (keys, mark, ttlMs) => outcomes(keys.map((key) => one.reserve(key, mark, ttlMs))),
    replaceMany: (expected, all) =>
      outcomes(all.map(({ key, value, ttlMs }) => one.replace(key, expected, value, ttlMs))),
  }
}

async function outcomes<T>(calls: readonly Promise<T>[]): Promise<(T | Error)[]> {
  return await Promise.all(calls.map((call) => call.catch((error: unknown) => error as Error)))
}
