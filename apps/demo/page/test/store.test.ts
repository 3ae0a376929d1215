import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hostNow, takeSnapshot } from '../src/model/store.ts'
import { connection } from '../src/view.ts'
import { snapshotOf } from './event-maker.ts'

const SERVER = 2_000_000
const BROWSER = 1_000_000

describe('now', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: BROWSER })
    takeSnapshot(snapshotOf([], SERVER))
  })
  afterEach(() => {
    vi.useRealTimers()
    connection.value = { state: 'connecting' }
  })

  it('goes on by the clock of the host while the server is heard', () => {
    connection.value = { state: 'live' }
    vi.setSystemTime(BROWSER + 700)
    expect(hostNow()).toBe(SERVER + 700)
  })

  it('stands at the last word of a server that is lost, and goes on when it is back', () => {
    vi.setSystemTime(BROWSER + 9_000)
    connection.value = { state: 'lost', since: BROWSER + 500, retryAt: BROWSER + 10_000 }
    expect(hostNow()).toBe(SERVER + 500)
    connection.value = { state: 'live' }
    expect(hostNow()).toBe(SERVER + 9_000)
  })
})
