import { countersKit } from './values/counters-kit.ts'
import { hashesKit } from './values/hashes-kit.ts'
import { invalidationsKit } from './values/invalidations-kit.ts'
import { leasesKit } from './leases/leases-kit.ts'
import { leasesWalk } from './leases/leases-walk.ts'
import { patternsKit } from './values/patterns-kit.ts'
import { recordsKit } from './records/records-kit.ts'
import { recordsWalk } from './records/records-walk.ts'
import type { KitOptions, StorageUnderTest, TestRunner } from './runner.ts'
import { valuesKit } from './values/values-kit.ts'
import { valuesWalk } from './values/values-walk.ts'

/**
 * Holds a storage against everything that the port promises: each numbered guarantee of its facets, and seeded walks
 * beside the decisions of core. `open` is called once for each group of tests. Needs nothing but a test
 * runner with `describe`, `it`, `beforeAll` and `afterAll`.
 */
export function storageKit(
  runner: TestRunner,
  open: () => Promise<StorageUnderTest>,
  options: KitOptions = {},
): void {
  recordsKit(runner, open, options)
  recordsWalk(runner, open)
  leasesKit(runner, open, options)
  leasesWalk(runner, open, options)
  valuesKit(runner, open, options)
  valuesWalk(runner, open)
  hashesKit(runner, open)
  countersKit(runner, open, options)
  patternsKit(runner, open)
  if (options.invalidations ?? false) invalidationsKit(runner, open)
}
