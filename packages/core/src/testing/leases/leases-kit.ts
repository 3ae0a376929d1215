import { type KitOptions, type StorageUnderTest, type TestRunner, useStorage } from '../runner.ts'
import { commandsKit } from './commands-kit.ts'
import { endingsKit } from './endings-kit.ts'
import { grantsKit } from './grants-kit.ts'
import { leasesUnderTest } from './leases-under-test.ts'
import { queueKit } from './queue-kit.ts'

/** The guarantees L1 to L17 of `storage/leases.ts`, a test or more each. */
export function leasesKit(
  runner: TestRunner,
  open: () => Promise<StorageUnderTest>,
  options: KitOptions = {},
): void {
  runner.describe('leases', () => {
    const under = leasesUnderTest(useStorage(runner, open))
    grantsKit(runner, under)
    queueKit(runner, under, options)
    commandsKit(runner, under, options)
    endingsKit(runner, under, options)
  })
}
