export { type FakeTime, fakeTime } from './fake-time.ts'
export { type FaultyStorage, faultyStorage } from './faulty-storage.ts'
export { LONG_TEXT, freshName, type KitOptions, type StorageUnderTest, type TestRunner } from './runner.ts'
export { Heard, until } from './patience.ts'
export { leasesWalk } from './leases/leases-walk.ts'
export { storageKit } from './storage-kit.ts'
export { Followed, type Report, invalidationsKit } from './values/invalidations-kit.ts'
export {
  type ClockModel,
  type FaultRates,
  type Feature,
  type SearchOptions,
  type SearchResult,
  type SimulationOptions,
  type SimulationResult,
  type Violation,
  cacheFeature,
  drawTimeLine,
  idempotencyFeature,
  locksFeature,
  nearFeature,
  search,
  shrink,
  simulate,
} from './simulator/index.ts'
