import { FaultProxy } from '@holdfast/test-support/proxy'

/** The way from one instance to Redis. */
export interface Network {
  /** Where the instance finds Redis. */
  readonly url: string
  readonly isCut: boolean
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
  return { url, isCut: false, cut: cannot, restore: cannot, close: async () => undefined }
}
