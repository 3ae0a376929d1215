/** What the pages say of a Redis that is away. */
import { createHmac } from 'node:crypto'
import { RedisNode } from '@holdfast/test-support/servers'
import { describe, expect, it } from 'vitest'
import { Programs } from './program.ts'

describe.concurrent('without Redis', () => {
  it('a slot stays open, and its work is done when Redis is back', async () => {
    await using redis = await RedisNode.start()
    const settings = { CRON: '0 0 * * *', WORK_MS: '1', RETRY_MS: '50', CALL_TIMEOUT_MS: '500' }
    await using programs = new Programs('outage', { ...settings, REDIS_URL: redis.url })
    await redis.kill()
    const program = programs.start('cron/croner.ts')
    await program.until(/^There was no connection to the storage/)
    await redis.restart()
    await program.until(/executed$/)
    expect(program.matches(/^report/)).toHaveLength(1)
  })

  it('a webhook is answered with 503, and nothing is done', async () => {
    const settings = {
      PORT: '0',
      GITHUB_WEBHOOK_SECRET: 'secret',
      REDIS_URL: 'redis://127.0.0.1:1',
      CALL_TIMEOUT_MS: '200',
    }
    await using programs = new Programs('outage', settings)
    const program = programs.start('webhooks/github.ts')
    const [match] = await program.until(/^listening on (\S+)$/)
    const body = '{"after":"1"}'
    const signature = 'sha256=' + createHmac('sha256', 'secret').update(body).digest('hex')
    const response = await fetch(`${match?.[1]}/webhooks/github`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-github-delivery': 'd1',
        'x-hub-signature-256': signature,
        connection: 'close',
      },
    })
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await response.json()).toMatchObject({ code: 'IDEMPOTENCY_STORAGE_UNAVAILABLE' })
    expect(program.matches(/^handled/)).toEqual([])
  })

  it('no payment is begun', async () => {
    const settings = { REDIS_URL: 'redis://127.0.0.1:1', CALL_TIMEOUT_MS: '200' }
    await using programs = new Programs('outage', settings)
    const program = programs.start('payments/at-a-provider.ts order-1 990', {
      STRIPE_API: 'http://127.0.0.1:2',
    })
    expect(await program.ended).toBe(1)
    expect(program.matches(/^failed: There was no connection to the storage/)).toHaveLength(1)
  })
})
