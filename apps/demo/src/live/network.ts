import { FaultProxy } from '@holdfast/test-support/proxy'

/** The way from one instance to Redis. */
export interface Network {
  /** Where the instance finds Redis. */
  readonly url: string
  readonly isCut: boolean
  /** There is a proxy that can refuse. */
  readonly canBeCut: boolean
  cut(): Promise<void>
  restore(): Promise<void>
  close(): Promise<void>
}

/** A proxy before the Redis of this port, which can be cut. */
export async function openNetwork(url: string, port: number): Promise<Network> {
  return networkThrough(await FaultProxy.start({ target: { port } }), url)
}

/** @param url of the Redis behind the proxy */
export function networkThrough(proxy: FaultProxy, url: string): Network {
  let isCut = false
  const through = new URL(url)
  through.host = `127.0.0.1:${proxy.port}`
  return {
    url: through.href,
    canBeCut: true,
    get isCut() {
      return isCut
    },
    async cut() {
      isCut = true
      await proxy.refuse()
      proxy.reset()
    },
    async restore() {
      await proxy.accept()
      isCut = false
    },
    close: () => proxy.stop(),
  }
}

/** Straight to Redis: nothing stands between, so nothing can be cut. */
export function openRoad(url: string): Network {
  const cannot = (): never => {
    throw new Error('There is no proxy before this Redis.')
  }
  return { url, isCut: false, canBeCut: false, cut: cannot, restore: cannot, close: async () => undefined }
}

/** The first, and with it the second as far as that can be cut. */
export function together(first: Network, second: Network): Network {
  const also = async (act: Promise<void>, other: () => Promise<void>): Promise<void> => {
    await act
    if (second.canBeCut) await other()
  }
  return {
    url: first.url,
    canBeCut: first.canBeCut,
    get isCut() {
      return first.isCut
    },
    cut: () => also(first.cut(), second.cut),
    restore: () => also(first.restore(), second.restore),
    async close() {
      await Promise.all([first.close(), second.close()])
    },
  }
}
