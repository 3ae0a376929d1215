import { AsyncLocalStorage } from 'node:async_hooks'
import { type TracingChannelSubscribers, channel, tracingChannel } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import { type Trace, tracedOperation } from '../src/events.ts'

interface Context {
  readonly name: string
}

const told: [event: string, trace: Trace<Context>][] = []
const listener = (event: string) => (trace: Trace<Context>) => void told.push([event, { ...trace }])
const all = {
  start: listener('start'),
  end: listener('end'),
  asyncStart: listener('asyncStart'),
  asyncEnd: listener('asyncEnd'),
  error: listener('error'),
} satisfies TracingChannelSubscribers<Context>
const channels = tracingChannel<unknown, Context>('holdfast:test.run')

describe('the tracing channels of an operation', () => {
  const operation = tracedOperation<Context>('test.run')
  afterEach(() => {
    channels.unsubscribe(all)
    told.length = 0
  })

  it('report whether any of the five channels has a subscriber', () => {
    expect(operation.traced).toBe(false)
    for (const event of ['start', 'end', 'asyncStart', 'asyncEnd', 'error']) {
      const one = channel(`tracing:holdfast:test.run:${event}`)
      const listen = (): void => {}
      one.subscribe(listen)
      expect(operation.traced, event).toBe(true)
      one.unsubscribe(listen)
    }
    expect(operation.traced).toBe(false)
  })

  it('publish the start, and the end with its result', async () => {
    channels.subscribe(all)
    await expect(operation.trace({ name: 'a' }, async () => await Promise.resolve(1))).resolves.toBe(1)
    expect(told).toEqual([
      ['start', { name: 'a' }],
      ['end', { name: 'a' }],
      ['asyncStart', { name: 'a', result: 1 }],
      ['asyncEnd', { name: 'a', result: 1 }],
    ])
  })

  it('publish a failure', async () => {
    channels.subscribe(all)
    const error = new Error('as intended')
    await expect(operation.trace({ name: 'a' }, () => Promise.reject(error))).rejects.toBe(error)
    expect(told.map(([event]) => event)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
    expect(told.at(-1)?.[1]).toEqual({ name: 'a', error })
  })

  it("carry the tracer's store from the start through the whole operation", async () => {
    const spans = new AsyncLocalStorage<string>()
    channels.start.bindStore(spans, ({ name }) => `span of ${name}`)
    try {
      expect(operation.traced).toBe(true)
      const seen = await operation.trace({ name: 'a' }, async () => {
        await Promise.resolve()
        return spans.getStore()
      })
      expect(seen).toBe('span of a')
      expect(spans.getStore()).toBeUndefined()
    } finally {
      channels.start.unbindStore(spans)
    }
  })
})
