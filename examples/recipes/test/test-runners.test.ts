import { expect, it } from 'vitest'
import { Programs } from './program.ts'

/** The page's test, once by each other runner. That of vitest is in testing.test.ts. */
it.concurrent.each([
  ['node:test', '--test --test-reporter=tap testing/node.spec.ts', /^# pass 1$/],
  [
    'Jest',
    '--experimental-vm-modules node_modules/jest/bin/jest.js --config testing/jest.config.json',
    /^Tests: +1 passed, 1 total$/,
  ],
])('%s runs it', async (_name, command, passed) => {
  await using programs = new Programs('testing')
  const program = programs.start(command)
  await program.until(passed)
  expect(await program.ended).toBe(0)
})

it.concurrent('what the page has for production works', async () => {
  await using programs = new Programs('testing')
  // No job is stalled, which the second command says with its exit code.
  expect(await programs.commandsOf('testing')).toEqual([0, 1])
})
