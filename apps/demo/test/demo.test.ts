import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { type Store, openStore } from '../src/store/store.ts'
import { createRepository, temporaryFolder } from './repository.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

interface Run {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  /** Both standard streams so far. */
  output(): string
  /** Resolves when the output has a match; rejects when the demo ends without one. */
  until(pattern: RegExp): Promise<void>
}

function startDemo(args: readonly string[], env: NodeJS.ProcessEnv = {}): Run {
  const child = spawn(process.execPath, ['--conditions=@holdfast/source', MAIN, ...args], {
    // As npm runs scripts.
    env: { ...process.env, EDITOR: 'vi', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return {
    child,
    exited,
    output: () => output,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(output)) resolve()
        }
        child.stdout.on('data', look)
        void exited.then(() => reject(new Error(`The demo ended without ${String(pattern)}:\n${output}`)))
        look()
      }),
  }
}

/** Two commits with something to find. */
function reviewable(): string {
  const repository = createRepository()
  repository.commit({ 'package.json': '{"type":"module"}\n', 'src/a.js': 'export const a = 1\n' })
  repository.commit({ 'src/a.js': 'export const a = 1\ndebugger\n', 'src/b.py': 'print(1)\n' }, 'Add b')
  return repository.path
}

function openResult(folder: string): Store {
  const [database = ''] = readdirSync(folder).filter((name) => name.endsWith('.sqlite'))
  const store = openStore(join(folder, database))
  onTestFinished(() => store.close())
  return store
}

function readLogs(folder: string): readonly Record<string, unknown>[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

it('runs each job once on three processes over Redis, by the testimony of the bodies', async () => {
  const out = temporaryFolder()
  const demo = startDemo(['--once', '--pace', '20', '--repo', reviewable(), '--out', out])
  expect(await demo.exited, demo.output()).toBe(0)
  expect(demo.output()).toContain('✔ Exactly once: 5 bodies began and ended')
  expect(demo.output()).toMatch(/33 starts \(3 of them nested\) were answered: 5 executed, .* 0 failed/)

  const runs = openResult(out).witness.all()
  expect(runs.filter(({ event }) => event === 'begin')).toHaveLength(5)
  expect(runs.filter(({ event }) => event === 'end')).toHaveLength(5)

  const logs = readLogs(out)
  expect(new Set(logs.map(({ executionId }) => executionId))).toEqual(
    new Set(runs.map(({ executionId }) => executionId)),
  )
  expect(new Set(logs.map(({ pid }) => pid))).not.toContain(demo.child.pid)
})

it('shows another instance take over when the executing one is killed', async () => {
  const out = temporaryFolder()
  const demo = startDemo(['--crash', '--repo', reviewable(), '--out', out])
  expect(await demo.exited, demo.output()).toBe(0)
  expect(demo.output()).toMatch(/instance-\d was killed \(SIGKILL\) at [5-9]\d %/)
  expect(demo.output()).toContain('went on from the checkpoint')

  const runs = openResult(out)
    .witness.all()
    .filter(({ jobType }) => jobType === 'ai-review')
  const begins = runs.filter(({ event }) => event === 'begin')
  expect(begins.map(({ attempt }) => attempt)).toEqual([1, 2])
  expect(begins[0]?.instance).not.toBe(begins[1]?.instance)
  expect(runs.filter(({ event }) => event === 'end')).toMatchObject([
    { attempt: 2, instance: begins[1]?.instance },
  ])
})

it('runs in one process on memory storage, and says so', async () => {
  const out = temporaryFolder()
  const demo = startDemo([
    '--once',
    '--storage',
    'memory',
    '--pace',
    '0',
    '--repo',
    reviewable(),
    '--out',
    out,
  ])
  expect(await demo.exited, demo.output()).toBe(0)
  expect(demo.output()).toContain('memory storage, without Redis: three instances in this one process')
  expect(new Set(readLogs(out).map(({ pid }) => pid))).toEqual(new Set([demo.child.pid]))
})

it.each(['redis', 'memory'])('leaves nothing running after Ctrl-C on %s', async (storage) => {
  const out = temporaryFolder()
  const demo = startDemo(['--storage', storage, '--pace', '30000', '--repo', reviewable(), '--out', out])
  await demo.until(/ai-review .* 10 %/)
  demo.child.kill('SIGINT')
  expect(await demo.exited, demo.output()).toBe(130)
  expect(demo.output()).toContain('Stopped by SIGINT')
  const pids = new Set(readLogs(out).map(({ pid }) => Number(pid)))
  expect(pids.size).toBeGreaterThan(0)
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

it('reports an instance that dies by itself', async () => {
  const out = temporaryFolder()
  const demo = startDemo(['--pace', '30000', '--repo', reviewable(), '--out', out])
  await demo.until(/ai-review .* 10 %/)
  const [{ pid = 0, instance = '' } = {}] = readLogs(out).filter(({ jobType }) => jobType === 'ai-review')
  process.kill(Number(pid), 'SIGKILL')
  await demo.until(new RegExp(`${String(instance)} ended by itself \\(SIGKILL\\)`))
  demo.child.kill('SIGINT')
  expect(await demo.exited, demo.output()).toBe(130)
})

it.each([
  [['--repo', '/nowhere/at/all'], 'There is no folder /nowhere/at/all.'],
  [['--base', 'no-such-ref'], 'has no commit called "no-such-ref"'],
  [['--base', 'HEAD'], 'Nothing changes in HEAD..'],
  [['--storage', 'floppy'], 'Allowed choices are auto, redis, memory'],
  [['--crash', '--storage', 'memory'], '--crash needs Redis'],
])('refuses %j with a clear message', async (args, message) => {
  const demo = startDemo(args)
  expect(await demo.exited).toBe(1)
  expect(demo.output()).toContain(message)
  expect(demo.output()).not.toContain('    at ')
})

it('says that git is missing', async () => {
  const demo = startDemo(['--repo', reviewable()], { PATH: '/nowhere' })
  expect(await demo.exited).toBe(1)
  expect(demo.output()).toContain('git is not installed, or not on PATH')
  expect(demo.output()).not.toContain('    at ')
})

it('gives up a Redis that accepts connections and says nothing', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  onTestFinished(() => void silent.close())
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const demo = startDemo(['--repo', reviewable()], { REDIS_URL: `redis://127.0.0.1:${port}` })
  expect(await demo.exited).toBe(1)
  expect(demo.output()).toContain('cannot be used: no answer within 5 s')
})

it('ends with everything that it started when nobody reads its output any more', async () => {
  const out = temporaryFolder()
  const demo = startDemo(['--pace', '2000', '--repo', reviewable(), '--out', out])
  await demo.until(/ai-review .* 10 %/)
  const pids = new Set(readLogs(out).map(({ pid }) => Number(pid)))
  demo.child.stdout?.destroy()
  expect(await demo.exited, demo.output()).toBe(141)
  expect(demo.output()).not.toContain('    at ')
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

it('says so when the Redis of REDIS_URL does not answer, without its password', async () => {
  const demo = startDemo(['--repo', reviewable()], { REDIS_URL: 'redis://:hush@127.0.0.1:1' })
  expect(await demo.exited).toBe(1)
  expect(demo.output()).toMatch(/redis:\/\/…@127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/)
  expect(demo.output()).not.toContain('hush')
})
