import { once } from 'node:events'
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { basename, join, resolve } from 'node:path'
import { aclRules } from '@holdfast/redis-protocol'
import { RedisCluster, RedisNode } from '@holdfast/test-support/servers'
import { expect, it, onTestFinished } from 'vitest'
import {
  RUNS,
  type Run,
  startDemo as start,
  openResult,
  readLogs,
  reviewable,
  widestLine,
} from './demo-run.ts'
import { temporaryFolder } from './repository.ts'
import { onlyInWholeDemo } from './whole-demo.ts'

const startDemo = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Run =>
  start(args, onTestFinished, { env })

it('runs each job once on three processes over Redis, by the testimony of the bodies', async () => {
  const out = temporaryFolder()
  const demo = startDemo(['--once', '--pace', '20', '--repo', reviewable(), '--out', out])
  expect(await demo.exited, demo.output()).toBe(0)
  expect(demo.words()).toContain('✔ Every instance started every job twice; each job ran once')
  expect(demo.output()).toMatch(/^ai-review +6 +1 +2 +3 +instance-\d$/m)
  expect(demo.output()).toMatch(/^comprehensive-analysis +6 +1 +2 +3 +instance-\d$/m)
  expect(widestLine(demo.output()).length, widestLine(demo.output())).toBeLessThanOrEqual(80)

  const { store, reviewId } = openResult(out, onTestFinished)
  expect(store.effects.charges(reviewId)).toHaveLength(1)
  const runs = store.witness.all()
  expect(runs.filter(({ event }) => event === 'begin')).toHaveLength(5)
  expect(runs.filter(({ event }) => event === 'end')).toHaveLength(5)

  const logs = readLogs(out)
  expect(new Set(logs.map(({ executionId }) => executionId))).toEqual(
    new Set(runs.map(({ executionId }) => executionId)),
  )
  expect(new Set(logs.map(({ pid }) => pid))).not.toContain(demo.child.pid)
})

const single = async () => {
  const node = await RedisNode.start()
  return { nodes: [node], [Symbol.asyncDispose]: () => node.stop() }
}
it.for([
  ['a single server', single],
  ['a cluster', () => RedisCluster.start()],
] as const)('needs no more rights than those of its user, on %s', async ([where, start], { skip }) => {
  if (where === 'a cluster') onlyInWholeDemo({ skip })
  await using servers = await start()
  const rules = aclRules({ prefix: 'AIReview' })
  for (const node of servers.nodes) await node.ask('ACL', 'SETUSER', 'demo', 'on', '>secret', ...rules)
  const urls = servers.nodes.map(({ url }) => url.replace('//', '//demo:secret@'))
  const demo = startDemo(['--once', '--pace', '20', '--repo', reviewable(), '--out', temporaryFolder()], {
    REDIS_URL: urls.join(','),
  })
  expect(await demo.exited, demo.output()).toBe(0)
  expect(demo.words()).toContain('each job ran once')
  expect(demo.output()).not.toContain('secret')
  // Also nothing of what a script may fail to do in silence, such as a PUBLISH.
  for (const node of servers.nodes) expect(await node.ask('ACL', 'LOG')).toEqual([])
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
  expect(demo.output()).toContain('the memory of this process, without Redis')
  expect(new Set(readLogs(out).map(({ pid }) => pid))).toEqual(new Set([demo.child.pid]))
})

it.each(['redis', 'memory'])('leaves nothing running after Ctrl-C on %s', async (storage) => {
  const temporary = temporaryFolder()
  const demo = startDemo(['--terminal', '--storage', storage, '--pace', '30000', '--repo', reviewable()], {
    TMPDIR: temporary,
  })
  await demo.until(/ai-review .* 10 %/)
  const folders = () => readdirSync(RUNS).filter((name) => name.endsWith(`-${demo.child.pid}`))
  const pids = new Set(readLogs(join(RUNS, ...folders())).map(({ pid }) => Number(pid)))
  expect(pids.size).toBeGreaterThan(0)
  demo.child.kill('SIGINT')
  expect(await demo.exited, demo.output()).toBe(130)
  expect(demo.output()).toContain('Stopped by SIGINT')
  expect(folders()).toEqual([])
  expect(readdirSync(temporary)).toEqual([])
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

it('reports an instance that dies by itself', async () => {
  const out = temporaryFolder()
  const demo = startDemo(['--terminal', '--pace', '30000', '--repo', reviewable(), '--out', out])
  await demo.until(/ai-review .* 10 %/)
  const [{ pid = 0, instance = '' } = {}] = readLogs(out).filter(({ jobType }) => jobType === 'ai-review')
  process.kill(Number(pid), 'SIGKILL')
  await demo.until(new RegExp(`${String(instance)} ended by itself \\(SIGKILL\\)`))
  demo.child.kill('SIGINT')
  expect(await demo.exited, demo.output()).toBe(130)
})

it.each([
  [['--terminal', '--repo', '/nowhere/at/all'], 'There is no folder /nowhere/at/all.'],
  [['--terminal', '--base', 'no-such-ref'], 'has no commit called "no-such-ref"'],
  [['--terminal', '--base', 'HEAD'], 'Nothing changes in HEAD..'],
  [['--storage', 'floppy'], 'Allowed choices are auto, redis, memory'],
  [['--crash', '--storage', 'memory'], '--crash needs Redis'],
  [['--freeze', '--storage', 'memory'], '--freeze needs Redis'],
  [['--outage', '--storage', 'memory'], '--outage needs Redis'],
  [['--without', '--storage', 'redis'], '--without uses no storage'],
  [['--once', '--hangfire', 'redis://x'], '--hangfire is for the page, and --once shows none'],
  [['--once', '--port', '1'], '--port is for the page, and --once shows none'],
  [['--terminal', '--no-open'], '--no-open is for the page, and --terminal shows none'],
  [['--without', '--freeze'], "option '--freeze' cannot be used with option '--without'"],
  [['--fast', '--pace', '1'], "option '--fast' cannot be used with option '--pace <ms>'"],
  [
    ['--crahs'],
    "unknown option '--crahs' (Did you mean --crash?) Forms: --crash, --freeze, --outage, --without",
  ],
  [['--repo'], "option '--repo <path>' argument missing Forms: --crash"],
])('refuses %j with a clear message', async (args, message) => {
  const demo = startDemo(args)
  expect(await demo.exited).toBe(1)
  expect(demo.words()).toContain(message)
  expect(demo.output()).not.toContain('    at ')
})

it('says that git is missing', async () => {
  const demo = startDemo(['--terminal', '--repo', reviewable()], { PATH: '/nowhere' })
  expect(await demo.exited).toBe(1)
  expect(demo.words()).toContain('git is not installed, or not on PATH')
  expect(demo.output()).not.toContain('    at ')
})

it('gives up a Redis that accepts connections and says nothing', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  onTestFinished(() => void silent.close())
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const demo = startDemo(['--terminal', '--repo', reviewable()], { REDIS_URL: `redis://127.0.0.1:${port}` })
  expect(await demo.exited).toBe(1)
  expect(demo.words()).toContain('cannot be used: no answer within 5 s')
})

it('ends with everything that it started when the reader of its output has gone', async () => {
  const out = temporaryFolder()
  const demo = startDemo(['--terminal', '--pace', '2000', '--repo', reviewable(), '--out', out])
  await demo.until(/ai-review .* 10 %/)
  const pids = new Set(readLogs(out).map(({ pid }) => Number(pid)))
  demo.child.stdout?.destroy()
  expect(await demo.exited, demo.output()).toBe(141)
  expect(demo.output()).not.toContain('    at ')
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

it('says that Redis went away and is back, and each job has run once', async ({ skip }) => {
  onlyInWholeDemo({ skip })
  await using node = await RedisNode.start({ durable: true })
  const demo = startDemo(['--terminal', '--pace', '200', '--repo', reviewable()], { REDIS_URL: node.url })
  await demo.until(/ai-review .* 10 %/)
  await node.kill()
  await demo.until(/Redis went away\. The jobs wait for it, up to 60 s\./)
  await node.restart()
  await demo.until(/Redis is back/)
  expect(await demo.exited, demo.output()).toBe(0)
  expect(demo.words()).toContain('each job ran once')
})

it('says so when the Redis of REDIS_URL does not answer, without its password', async () => {
  const demo = startDemo(['--terminal', '--repo', reviewable()], { REDIS_URL: 'redis://:hush@127.0.0.1:1' })
  expect(await demo.exited).toBe(1)
  expect(demo.words()).toMatch(
    /The Redis of REDIS_URL, redis:\/\/…@127\.0\.0\.1:1, cannot be used: .*ECONNREFUSED.* Unset REDIS_URL/,
  )
  expect(demo.output()).not.toContain('hush')
})

it('does not stop a Redis that another program started', async () => {
  const demo = startDemo(['--outage', '--repo', reviewable()], { REDIS_URL: 'redis://127.0.0.1:1' })
  expect(await demo.exited).toBe(1)
  expect(demo.words()).toContain('stops only a Redis that it has started, not that of REDIS_URL. Unset')
})

it('says in 80 columns what there is', async () => {
  const demo = startDemo(['--help'])
  expect(await demo.exited).toBe(0)
  for (const form of [
    '--port',
    '--no-open',
    '--terminal',
    '--crash',
    '--freeze',
    '--outage',
    '--without',
    '--once',
    '--fast',
  ]) {
    expect(demo.output()).toMatch(new RegExp(`^  ${form} `, 'm'))
  }
  expect(widestLine(demo.output()).length, widestLine(demo.output())).toBeLessThanOrEqual(80)
})

/** What is unpacked from a ZIP: no .git. The packages are installed there as here. */
function unpacked(): string {
  const root = resolve(import.meta.dirname, '../../..')
  const target = temporaryFolder()
  const inZip = ['README.md', 'docs', 'examples', 'apps/swap', 'apps/demo']
  const packages = ['packages/fastify', 'packages/redis-ioredis', 'packages/redis-node']
  for (const path of [...inZip, ...packages]) {
    cpSync(join(root, path), join(target, path), {
      recursive: true,
      filter: (each) => !['node_modules', '.cache', '.turbo', 'dist'].includes(basename(each)),
    })
  }
  mkdirSync(join(target, 'apps/demo'), { recursive: true })
  symlinkSync(join(root, 'apps/demo/node_modules'), join(target, 'apps/demo/node_modules'))
  return target
}

it('works from a ZIP, which has no history', async ({ skip }) => {
  onlyInWholeDemo({ skip })
  const temporary = temporaryFolder()
  const out = temporaryFolder()
  const demo = start(['--terminal', '--fast', '--storage', 'memory', '--out', out], onTestFinished, {
    main: join(unpacked(), 'apps/demo/src/main.ts'),
    env: { TMPDIR: temporary },
  })
  expect(await demo.exited, demo.output()).toBe(0)
  expect(demo.words()).toContain('5 commits, made from the files here, which have no git history')
  expect(demo.words()).toContain('each job ran once')
  expect(readdirSync(temporary)).toEqual([])
})
