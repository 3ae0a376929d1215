import type { HttpCase } from './case.ts'
import { httpCases } from './cases/index.ts'
import { type RunnableTarget, runCase } from './run.ts'
import { type Witness, startWitness } from './witness.ts'

/** The part of a test runner that the suite uses; vitest's and Jest's fit. */
export interface Runner {
  describe(name: string, body: () => void): void
  test(
    name: string,
    body: (context: { skip(reason: string): void }) => Promise<void>,
    timeoutMs: number,
  ): void
  /**
   * Several tests at a time, after `beforeAll`: vitest's `test.concurrent`, but not Jest's, which begins before. For the
   * cases that wait. Default: `test`, so one after the other.
   */
  concurrently?(
    name: string,
    body: (context: { skip(reason: string): void }) => Promise<void>,
    timeoutMs: number,
  ): void
  beforeAll(body: () => Promise<void>, timeoutMs: number): void
  afterAll(body: () => Promise<void>, timeoutMs: number): void
}

/** For cases that hang. Only on a very busy machine does a case take a minute. */
const LIMIT_MS = 540_000
const TIMEOUT_MS = 600_000

/** Makes a test of each case; those that wait come last. A case that is not applicable is skipped with its reason. */
export function httpSuite(
  runner: Runner,
  name: string,
  start: () => Promise<RunnableTarget>,
  only: (one: HttpCase) => boolean = () => true,
): void {
  runner.describe(name, () => {
    let target: RunnableTarget
    let witness: Witness
    runner.beforeAll(async () => {
      witness = await startWitness()
      target = await start()
    }, TIMEOUT_MS)
    runner.afterAll(async () => {
      await target.close()
      await witness.close()
    }, TIMEOUT_MS)
    const cases = httpCases.filter(only)
    const concurrently = runner.concurrently ?? runner.test
    for (const one of [...cases.filter(({ waits }) => !waits), ...cases.filter(({ waits }) => waits)]) {
      const test = one.waits ? concurrently : runner.test
      test(
        `${one.id} ${one.title}`,
        async (context) => {
          const outcome = await runCase(target, one, witness, LIMIT_MS)
          if (outcome.status === 'failed') throw outcome.error
          if (outcome.status === 'notApplicable') context.skip(outcome.reason)
        },
        TIMEOUT_MS,
      )
    }
  })
}
