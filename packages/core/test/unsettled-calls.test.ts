import { describe, expect, it } from 'vitest'
import {
  HoldfastError,
  StorageUnavailableError,
  createIdempotency,
  createLocks,
  memoryStorage,
} from '@holdfast/core'
import { StorageClient } from '../src/support/storage-client.ts'
import type { Connection, ConnectionState, Storage } from '../src/storage/storage.ts'
import { manualRuntime, settle } from './manual-runtime.ts'

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

/** A storage that the test answers for, and whose connection it breaks and mends. */
function clientInHand() {
  const memory = memoryStorage()
  const listeners = new Set<(state: ConnectionState) => void>()
  const connection: Mutable<Connection> = {
    state: 'ready',
    problem: undefined,
    onChange(listener: (state: ConnectionState) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  const change = (state: ConnectionState): void => {
    connection.state = state
    for (const listener of listeners) listener(state)
  }
  const storage: Storage = { ...memory, connection }
  const runtime = manualRuntime()
  const calls = new StorageClient(storage, runtime, { callTimeoutMs: 2_000, maxPendingCalls: 10_000 })
  /** The client was ended: it will not connect again. */
  const end = (problem: HoldfastError): void => {
    change('down')
    connection.problem = problem
    change('down')
  }
  return { memory, storage, runtime, calls, change, end, listeners }
}

function sendings<T>() {
  const sent: { resolve(value: T): void; reject(error: Error): void }[] = []
  const command = async (): Promise<T> =>
    new Promise<T>((resolve, reject) => void sent.push({ resolve, reject }))
  return { sent, command }
}

const broken = new StorageUnavailableError('The connection broke.', { maybeApplied: true })

describe('a call whose client never settles it', () => {
  it('is sent again when the connection is back, and counts from its first sending', async () => {
    const { runtime, calls, change } = clientInHand()
    const { sent, command } = sendings<string>()
    const startedAt = runtime.monotonicNow()
    const answered = calls.call(command)
    change('down')
    await runtime.advance(500)
    change('ready')
    await runtime.advance(50)
    expect(sent).toHaveLength(2)
    sent[1]?.resolve('second')
    expect(await answered).toMatchObject({ reply: 'second', sentAt: { monotonic: startedAt } })
  })

  it('is sent on every new connection, and stops listening to connections afterwards', async () => {
    const { runtime, calls, change, listeners } = clientInHand()
    const { sent, command } = sendings<string>()
    const answered = calls.call(command)
    for (let breaks = 0; breaks < 3; breaks += 1) {
      change('down')
      change('ready')
      await runtime.advance(50)
    }
    expect(sent).toHaveLength(4)
    sent[3]?.resolve('last')
    expect((await answered).reply).toBe('last')
    change('down')
    change('ready')
    await runtime.advance(5_000)
    expect(sent).toHaveLength(4)
    calls.close()
    expect(listeners.size).toBe(0)
  })

  it('is sent again while its caller waits, where the client reports no new connection', async () => {
    const { runtime, calls } = clientInHand()
    const { sent, command } = sendings<string>()
    const answered = calls.call(command, 30_000)
    await runtime.advance(2_000)
    expect(sent).toHaveLength(2)
    await runtime.advance(20_000)
    // After 2, 6 and 14 seconds.
    expect(sent).toHaveLength(4)
    sent[3]?.resolve('last')
    expect((await answered).reply).toBe('last')
  })

  it('ends at its deadline, executed perhaps, and is sent no more', async () => {
    const { runtime, calls, change } = clientInHand()
    const { sent, command } = sendings<string>()
    const failed = expect(calls.call(command)).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      maybeApplied: true,
    })
    await runtime.advance(2_000)
    await failed
    change('down')
    change('ready')
    await runtime.advance(5_000)
    expect(sent).toHaveLength(1)
  })

  it('on a connection that breaks again before it was sent again waits for the next', async () => {
    const { runtime, calls, change } = clientInHand()
    const { sent, command } = sendings<string>()
    const answered = calls.call(command)
    change('down')
    change('ready')
    change('down')
    await runtime.advance(1_000)
    expect(sent).toHaveLength(1)
    change('ready')
    await runtime.advance(50)
    sent[1]?.resolve('second')
    expect((await answered).reply).toBe('second')
  })
})

describe('closing', () => {
  it('lets calls in flight end, on the next connection too, and then releases the storage', async () => {
    const { runtime, calls, change, listeners } = clientInHand()
    const { sent, command } = sendings<string>()
    const answered = calls.call(command)
    calls.close()
    await expect(calls.call(command)).rejects.toMatchObject({ code: 'CLOSED' })
    change('down')
    change('ready')
    await runtime.advance(50)
    sent[1]?.resolve('second')
    expect((await answered).reply).toBe('second')
    expect(listeners.size).toBe(0)
  })
})

describe('a client that settles in its own way', () => {
  it('does not get a call again that it resends itself', async () => {
    const { runtime, calls, change } = clientInHand()
    const { sent, command } = sendings<string>()
    const answered = calls.call(command)
    change('down')
    change('ready')
    // A round trip later.
    await runtime.advance(5)
    sent[0]?.resolve('first')
    expect((await answered).reply).toBe('first')
    await runtime.advance(5_000)
    expect(sent).toHaveLength(1)
  })

  it('may answer the first sending late: the first answer counts, whichever it answers', async () => {
    const { runtime, calls, change } = clientInHand()
    const { sent, command } = sendings<string>()
    const answered = calls.call(command)
    change('down')
    change('ready')
    await runtime.advance(50)
    sent[0]?.resolve('first')
    sent[1]?.resolve('second')
    expect((await answered).reply).toBe('first')
  })

  it('may reject the first sending late: the second goes on', async () => {
    const { runtime, calls, change } = clientInHand()
    const { sent, command } = sendings<string>()
    const answered = calls.call(command)
    change('down')
    change('ready')
    await runtime.advance(50)
    sent[0]?.reject(broken)
    await runtime.advance(200)
    expect(sent).toHaveLength(2)
    sent[1]?.resolve('second')
    expect((await answered).reply).toBe('second')
  })

  it('may call back twice: once counts', async () => {
    const { runtime, calls } = clientInHand()
    let sent = 0
    const failsTwice = {
      // oxlint-disable-next-line unicorn/no-thenable -- what a client may return
      then(_: unknown, reject: (error: Error) => void) {
        sent += 1
        reject(broken)
        reject(broken)
      },
    }
    const failed = expect(calls.call(() => failsTwice as Promise<never>, 100)).rejects.toMatchObject({
      cause: broken,
    })
    await runtime.advance(35)
    expect(sent).toBe(2)
    await runtime.advance(100)
    await failed
  })

  it('may throw, on the first and on a later call', async () => {
    const { runtime, calls, change } = clientInHand()
    let sent = 0
    const failed = expect(
      calls.call(async () => {
        if ((sent += 1) === 1) return await new Promise<never>(() => undefined)
        throw new TypeError('cannot be sent')
      }),
    ).rejects.toThrow('cannot be sent')
    change('down')
    change('ready')
    await runtime.advance(50)
    await failed
    const thrown = expect(
      calls.call(() => {
        throw new TypeError('cannot be sent')
      }),
    ).rejects.toThrow('cannot be sent')
    await thrown
  })

  it('may report that it is ready and fail: the call is retried after a moment', async () => {
    const { runtime, calls } = clientInHand()
    const { sent, command } = sendings<string>()
    const answered = calls.call(command)
    sent[0]?.reject(broken)
    await runtime.advance(50)
    sent[1]?.resolve('second')
    expect((await answered).reply).toBe('second')
  })
})

describe("the connection breaks while an owner's last write is in flight, and the client forgets it", () => {
  it('the end of a job is recorded as soon as the connection is back', async () => {
    const { memory, storage, runtime, change } = clientInHand()
    let forgets = false
    const idempotency = createIdempotency(
      {
        ...storage,
        records: {
          ...memory.records,
          async put(...args) {
            const reply = memory.records.put(...args)
            return forgets ? await new Promise<never>(() => undefined) : await reply
          },
        },
      },
      { runtime },
    )
    const ended = idempotency.run('job', 'a', () => {
      forgets = true
      return 1
    })
    await settle()
    change('down')
    await runtime.advance(10)
    forgets = false
    change('ready')
    await runtime.advance(50)
    expect(await ended).toMatchObject({ status: 'executed', result: 1 })
    await idempotency.close()
  })

  it('a lock is released', async () => {
    const { memory, storage, runtime, change } = clientInHand()
    let forgets = true
    const locks = createLocks(
      {
        ...storage,
        leases: {
          ...memory.leases,
          release: async (...args) =>
            forgets ? await new Promise<never>(() => undefined) : await memory.leases.release(...args),
        },
      },
      { runtime },
    )
    const lease = await locks.acquire('a')
    const released = lease.release()
    await settle()
    change('down')
    forgets = false
    change('ready')
    await runtime.advance(50)
    expect(await released).toBe('released')
    await locks.close()
  })
})

describe('a client that was ended', () => {
  const ended = new HoldfastError('CLIENT_CLOSED', 'The client has ended.')

  it('gives the reason to callers that wait for a connection, at once, and to callers whose calls it forgot, soon', async () => {
    const { runtime, calls, change, end } = clientInHand()
    const { sent, command } = sendings<string>()
    const forgotten = expect(calls.call(command, 60_000)).rejects.toBe(ended)
    const answered = calls.call(command, 60_000)
    change('down')
    const waiting = expect(calls.call(command, 60_000)).rejects.toBe(ended)
    end(ended)
    await waiting
    // Its last word counts.
    sent[1]?.resolve('after all')
    expect((await answered).reply).toBe('after all')
    await runtime.advance(50)
    await forgotten
    expect(sent).toHaveLength(2)
  })
})
