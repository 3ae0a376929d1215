/** A URL that does not fit to what answers there: the message says what to mend. */
import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { startRedis } from '@holdfast/test-support/redis'
import { expect, it, onTestFinished } from 'vitest'
import { runCli } from './run-cli.ts'

/** What is said after the URL, by each client. */
async function reasonsAt(url: string): Promise<readonly string[]> {
  const runs = await Promise.all(
    ['ioredis', 'redis'].map((client) =>
      runCli(['locks', 'list', '--client', client, '--timeout-ms', '2000'], { HOLDFAST_REDIS_URL: url }),
    ),
  )
  expect(runs.map(({ code }) => code)).toEqual([3, 3])
  return runs.map(({ err }) => err.replace(/^holdfast: \S+ cannot be reached: (.*)\n$/, '$1'))
}

/** The URL of a server that does this with each connection. */
async function listening(serve: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.once('data', () => serve(socket))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  await once(server, 'listening')
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`
}

it('a server that asks for a password', async () => {
  const server = await startRedis({ args: ['--requirepass', 'secret'] })
  onTestFinished(() => server.stop())
  const reason = 'it asks for a password, and the URL has none (NOAUTH)'
  expect(await reasonsAt(`redis://127.0.0.1:${server.port}`)).toEqual([reason, reason])
})

it('TLS with a server that has none', async () => {
  const server = await startRedis()
  onTestFinished(() => server.stop())
  const reason = expect.stringMatching(
    /\. Does this port speak TLS\? Without it, write redis:\/\/ for rediss:\/\/\.$/,
  )
  expect(await reasonsAt(`rediss://127.0.0.1:${server.port}`)).toEqual([reason, reason])
})

it('a server that is no Redis, and one that hangs up', async () => {
  const http = await listening((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const noRedis = expect.stringMatching(/^what answers there is no Redis$|\. Is that a Redis, /)
  expect(await reasonsAt(http)).toEqual([noRedis, noRedis])
  const closing = expect.stringMatching(/\. Is that a Redis, and does this port want TLS \(rediss:\/\/\)\?$/)
  expect(await reasonsAt(await listening((socket) => socket.destroy()))).toEqual([closing, closing])
})
