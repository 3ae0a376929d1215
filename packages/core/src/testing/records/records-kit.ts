import { type KitOptions, type StorageUnderTest, type TestRunner, useStorage } from '../runner.ts'
import { readsKit } from './reads-kit.ts'
import { recordsUnderTest } from './records-under-test.ts'
import { writesKit } from './writes-kit.ts'

/** The guarantees G1 to G13 of `storage/records.ts`, a test or more each. */
export function recordsKit(
  runner: TestRunner,
  open: () => Promise<StorageUnderTest>,
  options: KitOptions = {},
): void {
  runner.describe('records', () => {
    const under = recordsUnderTest(useStorage(runner, open))
    writesKit(runner, under, options)
    readsKit(runner, under)
  })
}
