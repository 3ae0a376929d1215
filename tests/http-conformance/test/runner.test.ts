import { join } from 'node:path'
import { type CaseOutcome, commandTarget, httpCases, runHttpCases } from '@holdfast/test-http-conformance'
import { expect, test } from 'vitest'
import { tinyApp } from './tiny-app.ts'

const casesOf = (...ids: string[]) => httpCases.filter(({ id }) => ids.includes(id))

const PASSED = { status: 'passed' }
const failed = (message: RegExp): object => ({
  status: 'failed',
  error: expect.objectContaining({ message: expect.stringMatching(message) as string }) as object,
})

test('a server that hangs fails the case within its limit, and the next case runs', async () => {
  const app = await tinyApp()
  const outcomes: CaseOutcome[] = []
  const report = (_: unknown, outcome: CaseOutcome): number => outcomes.push(outcome)
  // H38 calls /wait, H17 and H44a do not.
  await runHttpCases(app, report, { cases: casesOf('H17', 'H38', 'H44a'), limitMs: 3_000 })
  expect(outcomes).toEqual([PASSED, failed(/had not ended after 3000 ms/), PASSED])
  // The kit has disconnected the requests of the case.
  await expect.poll(() => app.open).toBe(0)
  await app.close()
})

test('a server that runs each duplicate fails, and the kit releases the handlers that the case held', async () => {
  const app = await tinyApp()
  const outcomes: CaseOutcome[] = []
  const report = (_: unknown, outcome: CaseOutcome): number => outcomes.push(outcome)
  const cases = [
    ...casesOf('H37').map((one) => ({
      ...one,
      async run(kit: Parameters<typeof one.run>[0]) {
        const post = kit.post.bind(kit)
        kit.post = (_route, options) => post('one', options)
        await one.run(kit)
      },
    })),
    ...casesOf('H10', 'H17'),
  ]
  await runHttpCases(app, report, { cases, limitMs: 3_000 })
  expect(outcomes).toEqual([failed(/had not ended/), failed(/the handler ran 18 times/), PASSED])
  await expect.poll(() => app.open).toBe(0)
  await app.close()
})

test('the runner restarts a server that ended for the next case', async () => {
  const program = join(import.meta.dirname, 'tiny-app.ts')
  const start = `exec ${process.execPath} --conditions=@holdfast/source ${program}`
  const target = await commandTarget({ commands: { start } })
  const outcomes: CaseOutcome[] = []
  const report = (_: unknown, outcome: CaseOutcome): number => outcomes.push(outcome)
  // H20 calls /other.
  await runHttpCases(target, report, { cases: casesOf('H20', 'H17', 'H22', 'H44a') })
  await target.close()
  expect(outcomes).toEqual([
    PASSED,
    failed(/socket hang up|ECONNRESET/),
    { status: 'notApplicable', reason: 'the target has no second' },
    PASSED,
  ])
})
