import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connect, type Connection, type ConnectionState, type Source } from '../src/connection.ts'

interface Opened extends Source {
  readonly url: string
  readonly isClosed: () => boolean
  readonly say: (type: string, data?: unknown, id?: string) => void
}

function sourceOf(url: string): Opened {
  const listeners = new Map<string, (message: { data: string; lastEventId: string }) => void>()
  let closed = false
  return {
    url,
    isClosed: () => closed,
    addEventListener: (type, listener) => void listeners.set(type, listener),
    close: () => {
      closed = true
    },
    say: (type, data = null, id = '') =>
      listeners.get(type)?.({ data: JSON.stringify(data), lastEventId: id }),
  }
}

let opened: Opened[] = []
let states: ConnectionState[] = []
let heard: unknown[] = []
let stream: Connection

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  opened = []
  states = []
  heard = []
  stream = connect(
    {
      snapshot: (snapshot) => heard.push(snapshot),
      events: (events) => heard.push(...events),
      state: (state) => states.push(state),
    },
    (url) => {
      const source = sourceOf(url)
      opened.push(source)
      return source
    },
  )
})
afterEach(() => {
  stream.close()
  vi.useRealTimers()
})

const latest = (): Opened => {
  const source = opened.at(-1)
  if (source === undefined) throw new Error('No connection was opened.')
  return source
}

describe('the connection', () => {
  it('is live from the first word on, and hands over what comes', () => {
    expect(states).toEqual([{ state: 'connecting' }])
    latest().say('snapshot', { run: 'a' }, 'a.5')
    latest().say('message', [{ seq: 6 }, { seq: 7 }], 'a.7')
    expect(heard).toEqual([{ run: 'a' }, { seq: 6 }, { seq: 7 }])
    expect(states.at(-1)).toEqual({ state: 'live' })
  })

  it('asks, after a loss, for what follows the last event, and says when', () => {
    latest().say('message', [{ seq: 7 }], 'a.7')
    latest().say('error')
    expect(states.at(-1)).toEqual({ state: 'lost', since: 1_000_000, retryAt: 1_001_000 })
    expect(opened[0]?.isClosed()).toBe(true)
    vi.advanceTimersByTime(1_000)
    expect(latest().url).toBe('/api/events?after=a.7')
    latest().say('error')
    expect(states.at(-1)).toEqual({ state: 'lost', since: 1_000_000, retryAt: 1_003_000 })
  })

  it('takes 25 s of silence for a loss, and a sign of life for none', () => {
    latest().say('open')
    vi.advanceTimersByTime(24_000)
    latest().say('alive', {})
    vi.advanceTimersByTime(24_000)
    expect(states.at(-1)).toEqual({ state: 'live' })
    vi.advanceTimersByTime(1_000)
    expect(states.at(-1)).toMatchObject({ state: 'lost', since: 1_024_000 })
  })

  it('does not hear a connection that it has closed', () => {
    const first = latest()
    first.say('error')
    stream.retryNow()
    expect(opened).toHaveLength(2)
    first.say('message', [{ seq: 1 }], 'a.1')
    first.say('error')
    expect(heard).toEqual([])
    expect(latest().isClosed()).toBe(false)
  })

  it('rests while it is out of sight, and goes on where it stopped', () => {
    latest().say('message', [{ seq: 3 }], 'a.3')
    stream.pause()
    vi.advanceTimersByTime(100_000)
    expect(opened).toHaveLength(1)
    stream.resume()
    stream.resume()
    expect(opened.map(({ url }) => url)).toEqual(['/api/events', '/api/events?after=a.3'])
  })
})
