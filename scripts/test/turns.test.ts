import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { type Turns, openTurns, turn } from '../turns.ts'

const PROGRAM = `
  const { turn } = await import(${JSON.stringify(join(import.meta.dirname, '../turns.ts'))})
  await turn(process.argv[1])
  if (process.env.HOLDFAST_TEST_TURNS === undefined) console.log('it is my turn')
  process.stdin.once('end', () => process.exit()).resume()
`

interface Asking {
  readonly child: ChildProcess
  readonly begun: Promise<unknown>
}

function ask(turns: Turns, name: string): Asking {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, name], {
    env: { ...process.env, ...turns.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill())
  return { child, begun: once(child.stdout, 'data') }
}

it('gives turns to so many at a time, the first by the order first, however the one before has ended', async () => {
  const turns = await openTurns(2, (one, other) => one.localeCompare(other))
  onTestFinished(() => turns.close())
  const [d, e] = [ask(turns, 'd'), ask(turns, 'e')]
  await Promise.all([d.begun, e.begun])
  const asked: Asking[] = []
  for (const name of ['c', 'a', 'b']) {
    asked.push(ask(turns, name))
    await expect.poll(() => turns.waiting).toContain(name)
  }
  const [c, a, b] = asked
  d.child.kill('SIGKILL')
  await a?.begun
  expect(turns.waiting).toEqual(['c', 'b'])
  e.child.stdin?.end()
  await b?.begun
  expect(turns.waiting).toEqual(['c'])
  a?.child.stdin?.end()
  await c?.begun
  expect(turns.waiting).toEqual([])
})

it('is at once where no process gives turns', async () => {
  await expect(turn('a')).resolves.toBeUndefined()
})
