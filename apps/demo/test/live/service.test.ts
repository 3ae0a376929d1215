/** An instance as a service: on either framework the same requests get the same answers. */
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { describe, it } from 'vitest'
import { openService } from '../../src/instances/service/service.ts'

describe.each(['fastify', 'nest'] as const)('a service on %s', (framework) => {
  it('starts jobs, and says how that went', async ({ expect, onTestFinished }) => {
    const holdfast = createHoldfast({ storage: memoryStorage() })
    onTestFinished(() => holdfast.close())
    const started: unknown[] = []
    const service = await openService(framework, holdfast, async (...start) => {
      started.push(start)
      const [, id] = start
      if (id === 'busy')
        throw Object.assign(new Error('It runs elsewhere.'), { code: 'EXECUTION_IN_PROGRESS' })
      if (id === 'out') throw Object.assign(new Error('No Redis.'), { code: 'STORAGE_UNAVAILABLE' })
      if (id === 'bad') throw new Error('It cannot be done.')
      return { outcome: 'done', summary: 'all of it' }
    })
    onTestFinished(() => service.close())
    const ask = async (path: string, method = 'POST'): Promise<unknown> => {
      const response = await fetch(`http://127.0.0.1:${service.port}${path}`, { method })
      const text = await response.text()
      return [response.status, text.startsWith('{') ? JSON.parse(text) : text]
    }

    expect(await ask('/reviews/r1/jobs/ai-review?wait=1&call=c1')).toEqual([
      200,
      { outcome: 'done', summary: 'all of it' },
    ])
    expect(started).toEqual([['ai-review', 'r1', { onInProgress: 'wait' }, 'c1']])
    await ask('/reviews/r1/jobs/ai-review?wait=1&failed=replay')
    expect(started.at(-1)).toMatchObject([
      'ai-review',
      'r1',
      { onInProgress: 'wait', onFailed: 'replay' },
      undefined,
    ])
    expect(await ask('/reviews/busy/jobs/ai-review')).toEqual([
      409,
      { code: 'EXECUTION_IN_PROGRESS', message: 'It runs elsewhere.' },
    ])
    expect(started.at(-1)).toEqual(['ai-review', 'busy', { onInProgress: 'reject' }, undefined])
    expect(await ask('/reviews/out/jobs/ai-review')).toEqual([
      503,
      { code: 'STORAGE_UNAVAILABLE', message: 'No Redis.' },
    ])
    expect(await ask('/reviews/bad/jobs/ai-review')).toEqual([
      500,
      { code: null, message: 'It cannot be done.' },
    ])
    expect(await ask('/reviews/r1/jobs/make-tea')).toEqual([
      404,
      { code: null, message: 'There is no job make-tea.' },
    ])
    expect(started).toHaveLength(5)
    expect(await ask('/live', 'GET')).toEqual([200, 'alive'])
    expect(await ask('/health', 'GET')).toMatchObject([200, {}])
  })

  it('starts nothing for a caller without its key, as a page of another site or another user would be', async ({
    expect,
    onTestFinished,
  }) => {
    const holdfast = createHoldfast({ storage: memoryStorage() })
    onTestFinished(() => holdfast.close())
    const started: unknown[] = []
    const start = async (...asked: unknown[]) => {
      started.push(asked)
      return { outcome: 'done', summary: 'all of it' } as const
    }
    const service = await openService(framework, holdfast, start, 'the-key')
    onTestFinished(() => service.close())
    const ask = async (headers: Record<string, string>): Promise<number> => {
      const url = `http://127.0.0.1:${service.port}/reviews/r1/jobs/ai-review`
      return (await fetch(url, { method: 'POST', headers })).status
    }
    expect(await ask({})).toBe(401)
    expect(await ask({ authorization: 'Bearer another' })).toBe(401)
    expect(await ask({ origin: 'http://evil.example', 'content-type': 'text/plain' })).toBe(401)
    expect(started).toEqual([])
    expect(await ask({ authorization: 'Bearer the-key' })).toBe(200)
  })

  it('is not healthy while its storage does not answer', async ({ expect }) => {
    const storage = memoryStorage()
    const holdfast = createHoldfast({ storage })
    const service = await openService(framework, holdfast, () => Promise.reject(new Error('unused')))
    await holdfast.close()
    await storage.close()
    const { status } = await fetch(`http://127.0.0.1:${service.port}/health`)
    await service.close()
    expect(status).toBe(503)
  })
})
