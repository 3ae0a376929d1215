import { type FakeTime, fakeTime } from '../src/testing/fake-time.ts'

export { settle } from '../src/testing/fake-time.ts'
export type ManualRuntime = FakeTime

/** Time that stands still until a test moves it, with ids that a test can foresee. */
export function manualRuntime(): ManualRuntime {
  let ids = 0
  // Unique from the front, and not only in full: `id1_000…`, `id10_00…`.
  return Object.assign(fakeTime(), { randomId: () => `id${(ids += 1)}_`.padEnd(22, '0') })
}
