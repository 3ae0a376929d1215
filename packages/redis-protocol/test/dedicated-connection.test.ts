import { expect, it, vi } from 'vitest'
import { openDedicated } from '../src/index.ts'

const send = async (): Promise<string> => 'OK'

function connection(connected: Promise<unknown>) {
  return {
    connect: () => connected,
    subscribe: vi.fn(async () => {}),
    unsubscribe: vi.fn(async () => {}),
    disconnect: vi.fn(),
  }
}

it('is closed, and its opening fails, when it was lost before it is open', async () => {
  for (const losesAt of ['before connect()', 'while it connects']) {
    let connect = (): void => {}
    const own = connection(new Promise<void>((resolve) => (connect = resolve)))
    const lost = vi.fn()
    let lose = (): void => {}
    const onLost = (losing: () => void): void => {
      lose = losing
      if (losesAt === 'before connect()') lose()
    }
    const opening = openDedicated(own, { lost }, { onLost, send })
    if (losesAt === 'while it connects') lose()
    // Closing it now would replace the reason why it broke, and a library may connect all the same.
    expect(own.disconnect, losesAt).not.toHaveBeenCalled()
    connect()
    await expect(opening, losesAt).rejects.toThrow('The client is offline')
    expect([own.disconnect.mock.calls.length, lost.mock.calls.length], losesAt).toEqual([1, 0])
  }
})

it('reports its loss once, and takes no more channels', async () => {
  const own = connection(Promise.resolve())
  const lost = vi.fn()
  let lose = (): void => {}
  const opened = await openDedicated(own, { lost }, { onLost: (losing) => (lose = losing), send })
  await opened.subscribe('channel')
  lose()
  lose()
  opened.close()
  await expect(opened.subscribe('other')).rejects.toThrow('The client is closed')
  expect([own.subscribe.mock.calls, own.disconnect.mock.calls.length, lost.mock.calls.length]).toEqual([
    [['channel']],
    1,
    1,
  ])
})

it('does not report that it was closed', async () => {
  const own = connection(Promise.resolve())
  const lost = vi.fn()
  let lose = (): void => {}
  const opened = await openDedicated(own, { lost }, { onLost: (losing) => (lose = losing), send })
  opened.close()
  lose()
  expect([own.disconnect.mock.calls.length, lost.mock.calls.length]).toEqual([1, 0])
})

it('ends the attempt of a connection that is not ready in time', async () => {
  const own = connection(new Promise(() => {}))
  const opening = openDedicated(own, { lost() {} }, { onLost() {}, send }, 20)
  await expect(opening).rejects.toThrow('The connection was not ready within 20 ms')
  expect(own.disconnect).toHaveBeenCalledOnce()
})
