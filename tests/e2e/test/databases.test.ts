import { randomUUID } from 'node:crypto'
import { type ExecutionContext, type Holdfast, createHoldfast } from '@holdfast/core'
import { type HttpDecision, createHttpIdempotency } from '@holdfast/http'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { type ClientName, clients, connect } from '../src/connect.ts'
import { until } from '../src/poll.ts'

const opened: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

/** An instance of an app that has default names, in one of the databases of the server. */
async function appIn(database: number, client: ClientName): Promise<Holdfast> {
  const connected = await connect(client, new URL(`/${database}`, process.env['REDIS_URL']).href)
  const holdfast = createHoldfast({ storage: connected.storage, callTimeoutMs: 60_000 })
  opened.push(connected, holdfast)
  return holdfast
}

async function started(app: Holdfast, key: string): Promise<ExecutionContext> {
  const execution = await app.idempotency.tryStartExecution('job', key, { leaseMs: 60_000 })
  if (execution === null) throw new Error('it runs elsewhere')
  return execution
}

describe.each(clients)('two apps with one prefix in databases 0 and 1 of a server, on %s', (client) => {
  it('never have the result of the other, however they wait for it', async () => {
    const [here, there] = [await appIn(1, client), await appIn(0, client)]
    const waiting = await appIn(1, client)
    const key = randomUUID()
    const ours = await started(here, key)
    const theirs = await started(there, key)
    const seen: unknown[] = []
    const follow = async (): Promise<void> => {
      for await (const { executionId, progressPercentage } of waiting.idempotency.watch('job', key))
        seen.push([executionId, progressPercentage])
    }
    const over = follow()
    const options = { onInProgress: 'wait', waitMs: 60_000 } as const
    const results = [
      waiting.idempotency.run('job', key, options, () => 'a second run'),
      waiting.idempotency.waitForCompletion('job', key, { waitMs: 60_000 }),
    ]
    // Its hints arrive: it is subscribed to the channel, which the other database shares.
    await until(() => (seen.length > 0 ? true : undefined))
    await ours.updateProgress(10)
    await until(() => (seen.length > 1 ? true : undefined))
    await theirs.updateProgress(50)
    await theirs.markSuccess('theirs')
    await ours.markSuccess('ours')
    expect(await Promise.all(results)).toMatchObject([{ result: 'ours' }, { result: 'ours' }])
    await over
    expect(seen).toEqual([
      [ours.executionId, 0],
      [ours.executionId, 10],
      [ours.executionId, 100],
    ])
  })

  it('never send the answer of the other to a request that waits', async () => {
    const route = `/${randomUUID()}`
    const facts = {
      method: 'POST',
      route,
      url: route,
      headers: { 'idempotency-key': 'k' },
      body: { a: 1 },
      hasBody: true,
    }
    const httpOf = (app: Holdfast): (() => Promise<HttpDecision>) => {
      const http = createHttpIdempotency(app.idempotency, { scope: 'global', wait: { maxMs: 60_000 } })
      return () => http.begin(undefined, facts)
    }
    const [here, there, waiting] = [
      httpOf(await appIn(1, client)),
      httpOf(await appIn(0, client)),
      httpOf(await appIn(1, client)),
    ]
    const [ours, theirs] = [await here(), await there()]
    if (ours.action !== 'proceed' || theirs.action !== 'proceed') throw new Error('answered')
    const answer = waiting()
    // What arrives on its channel arrives for both.
    const redis = new Redis(process.env['REDIS_URL'] ?? '')
    await until(async () => ((await redis.pubsub('CHANNELS', `*${route}*`)) as string[])[0])
    redis.disconnect()
    await theirs.exchange.complete({ status: 200, headers: {}, body: 'theirs' })
    await ours.exchange.complete({ status: 201, headers: {}, body: 'ours' })
    const decided = await answer
    if (decided.action !== 'answer') throw new Error(decided.action)
    expect([decided.response.status, String(decided.response.body)]).toEqual([201, 'ours'])
  })
})
