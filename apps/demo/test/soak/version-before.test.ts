import { join } from 'node:path'
import { startRedis } from '@holdfast/test-support/redis'
import { expect, it, onTestFinished } from 'vitest'
import { startProcessInstance } from '../../src/instances/process-instance.ts'
import { makeWorkTree } from '../../src/review/work-tree.ts'
import { changeIn } from '../../src/live/source.ts'
import { openRepository } from '../../src/review/git-repository.ts'
import type { SoakInstanceSettings } from '../../src/soak/instance/settings.ts'
import { PRESENT, installVersionBefore } from '../../src/soak/kept-version.ts'
import { judge } from '../../src/soak/judge/judge.ts'
import { openSoakDatabase } from '../../src/soak/tables/open-soak-database.ts'
import { openStore } from '../../src/store/store.ts'
import { reviewable } from '../demo-run.ts'
import { temporaryFolder } from '../repository.ts'
import { onlyInWholeDemo } from '../whole-demo.ts'

it('runs the jobs of the demo on its packages, and this version knows what it did', async ({ skip }) => {
  onlyInWholeDemo({ skip })
  const stack = new AsyncDisposableStack()
  onTestFinished(() => stack.disposeAsync())
  const redis = await startRedis()
  stack.defer(() => redis.stop())
  const folder = temporaryFolder()
  const repository = reviewable()
  const workTree = join(folder, 'checkout')
  await makeWorkTree(repository, workTree)
  const databasePath = join(folder, 'soak.sqlite')
  const store = openStore(databasePath)
  stack.defer(() => store.close())
  store.reviews.addConfiguration({ name: 'local', provider: 'local', maxFiles: 200 })
  const change = await changeIn(await openRepository(repository))
  store.reviews.add({ ...change, id: 'r1', reviewer: 'local' })

  const before = await installVersionBefore(stack)
  const answers = []
  for (const { program } of [before, PRESENT]) {
    const settings: SoakInstanceSettings = {
      name: 'instance-1',
      client: 'ioredis',
      redisUrl: redis.url,
      databasePath,
      logPath: join(folder, 'instance-1.jsonl'),
      leaseMs: 10_000,
      paceMs: 0,
      withHoldfast: true,
      workTree,
      withKeys: true,
      ...(program === PRESENT.program ? { framework: 'fastify' as const } : {}),
    }
    const reports = { onOutcome: () => undefined, askBank: async () => undefined }
    const instance = await startProcessInstance(settings, reports, { ...program, closeMs: 60_000 })
    stack.defer(() => instance.close())
    const url = `http://127.0.0.1:${instance.port}/reviews/r1/jobs/ai-review?wait=1`
    answers.push(await (await fetch(url, { method: 'POST' })).json())
    await instance.close()
  }
  expect(answers[0]).toMatchObject({ outcome: 'done' })
  expect(answers[1]).toEqual(answers[0])
  const runs = store.witness.all().filter(({ event }) => event === 'begin')
  expect(runs).toHaveLength(1)
  expect(store.effects.charges('r1')).toHaveLength(1)
  const database = openSoakDatabase(databasePath)
  stack.defer(() => database.close())
  // It writes what is judged: the fences of the work tree's lock, and its reads of the price.
  const looked = judge(database).map(({ of }) => of)
  expect(looked.find((of) => of.includes('fences'))).toMatch(/^[1-9]/)
  expect(looked.find((of) => of.includes('reads'))).toMatch(/^[1-9]/)
})
