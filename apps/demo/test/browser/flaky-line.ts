import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import type { Finish } from '../repository.ts'

/** Stands between a browser and the server; both keep their sides of it. */
export interface FlakyLine {
  readonly origin: string
  /** Ends every connection, and takes no new one. */
  readonly cut: () => void
  readonly mend: () => void
}

export async function flakyLine(target: string, onTestFinished: Finish): Promise<FlakyLine> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let isCut = false
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // What is cut fails, on both sides.
    socket.on('error', () => undefined)
  }
  const server = createServer((browser) => {
    keep(browser)
    if (isCut) {
      browser.destroy()
      return
    }
    const behind = connect(Number(port), hostname)
    keep(behind)
    browser.pipe(behind).pipe(browser)
    browser.on('close', () => behind.destroy())
    behind.on('close', () => browser.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(() => {
    cut()
    server.close()
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    mend: () => {
      isCut = false
    },
  }
}
