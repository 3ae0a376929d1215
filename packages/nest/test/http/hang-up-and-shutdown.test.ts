import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type ServerResponse, request as httpRequest } from 'node:http'
import { Controller, Post } from '@nestjs/common'
import { memoryStorage } from '@holdfast/core'
import { send } from '@holdfast/test-http-conformance'
import { Idempotent, currentRequestExecution } from '@holdfast/nest'
import { Observable } from 'rxjs'
import { expect, it } from 'vitest'
import { deferred } from '../deferred.ts'
import { executionsOf, onEachPlatform, post } from './each-platform.ts'

onEachPlatform('@Idempotent, when clients hang up and apps shut down', (start) => {
  it('finishes for a client that hung up, and has the answer for its next try', async () => {
    const begun = deferred()
    const gate = deferred()
    let runs = 0

    @Controller()
    class Slow {
      @Post('promise')
      @Idempotent()
      async promise() {
        runs += 1
        begun.resolve()
        await gate.promise
        return { runs }
      }

      @Post('observable')
      @Idempotent()
      observable() {
        return new Observable<object>((subscriber) => {
          runs += 1
          begun.resolve()
          void gate.promise.then(() => {
            subscriber.next({ runs })
            subscriber.complete()
          })
          return () => undefined
        })
      }
    }

    const { url, holdfast } = await start([Slow])
    for (const path of ['promise', 'observable']) {
      const sent = httpRequest(`${url}/${path}`, {
        method: 'POST',
        headers: { 'idempotency-key': path, 'content-type': 'application/json', 'content-length': 2 },
      })
      sent.on('error', () => undefined)
      sent.end('{}')
      await begun.promise
      await expect.poll(() => runs).toBe(path === 'promise' ? 1 : 2)
      sent.destroy()
      expect(await post(`${url}/${path}`, path)).toMatchObject({ status: 409 })
      if (path === 'observable') gate.resolve()
    }
    await expect
      .poll(async () => [
        ...(await executionsOf(holdfast, '/promise')),
        ...(await executionsOf(holdfast, '/observable')),
      ])
      .toEqual(['completed', 'completed'])
    expect(await post(`${url}/promise`, 'promise')).toMatchObject({ status: 201, replayed: true })
    expect(await post(`${url}/observable`, 'observable')).toMatchObject({
      text: '{"runs":2}',
      replayed: true,
    })
    expect(runs).toBe(2)
  })

  it('ends the wait of a client that hung up', async () => {
    const begun = deferred()
    const gate = deferred()
    let arrived = 0

    @Controller()
    class Waited {
      @Post()
      @Idempotent({ wait: { maxMs: 60_000 } })
      async handle() {
        begun.resolve()
        await gate.promise
        return {}
      }
    }

    const { url } = await start([Waited], {
      prepare: (app) =>
        app.use((_request: unknown, _response: unknown, next: () => void) => {
          arrived += 1
          next()
        }),
    })
    const refused: unknown[] = []
    const listener = (event: unknown): void => void refused.push((event as { code?: string }).code)
    subscribe('holdfast:http', listener)
    const first = post(url)
    await begun.promise
    const headers = { 'idempotency-key': 'k', 'content-type': 'application/json', 'content-length': 2 }
    const { hangUp } = send(new URL(url), { method: 'POST', headers, body: Buffer.from('{}') })
    await expect.poll(() => arrived).toBe(2)
    hangUp()
    await expect.poll(() => refused).toEqual(['IDEMPOTENCY_IN_PROGRESS'])
    unsubscribe('holdfast:http', listener)
    gate.resolve()
    expect(await first).toMatchObject({ status: 201 })
  })

  it('records what a client that hung up will ask for again, before the app ends', async () => {
    const begun = deferred()
    const gate = deferred()
    const gone = deferred()

    @Controller()
    class Slow {
      @Post()
      @Idempotent()
      async slow() {
        begun.resolve()
        await gate.promise
        // A request is let finish; only jobs have their signals aborted.
        return { aborted: currentRequestExecution()?.signal.aborted }
      }

      onApplicationShutdown() {
        setTimeout(() => gate.resolve(), 20)
      }
    }

    const storage = memoryStorage()
    const { url, app } = await start([Slow], {
      storage,
      prepare: (made) =>
        made.use((_request: unknown, response: ServerResponse, next: () => void) => {
          response.once('close', () => gone.resolve())
          next()
        }),
    })
    const headers = { 'idempotency-key': 'k', 'content-type': 'application/json', 'content-length': 2 }
    const { hangUp } = send(new URL(url), { method: 'POST', headers, body: Buffer.from('{}') })
    await begun.promise
    hangUp()
    await gone.promise
    await app.close()
    const next = await start([Slow], { storage })
    expect(await post(next.url)).toMatchObject({ status: 201, text: '{"aborted":false}', replayed: true })
  })

  it('ends waits when the app shuts down, and gives the running request its end', async () => {
    const begun = deferred()
    const gate = deferred()

    @Controller()
    class Slow {
      @Post()
      @Idempotent({ wait: { maxMs: 60_000 } })
      async slow() {
        begun.resolve()
        await gate.promise
        return { done: true }
      }
    }

    const storage = memoryStorage()
    let arrived = 0
    const { url, app } = await start([Slow], {
      storage,
      prepare: (made) =>
        made.use((_request: unknown, _response: unknown, next: () => void) => {
          arrived += 1
          next()
        }),
    })
    const first = post(url)
    await begun.promise
    const waiting = post(url)
    await expect.poll(() => arrived).toBe(2)
    const closed = app.close()
    expect(await waiting).toMatchObject({ status: 409 })
    gate.resolve()
    expect(await first).toMatchObject({ status: 201, text: '{"done":true}' })
    await closed
    const next = await start([Slow], { storage })
    expect(await post(next.url)).toMatchObject({ status: 201, text: '{"done":true}', replayed: true })
  })
})
