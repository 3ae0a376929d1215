import { type Socket, connect, createServer } from 'node:net'
import { Transform } from 'node:stream'

export interface OlderRedis extends AsyncDisposable {
  readonly url: string
}

/** The Redis at this port, which says of itself that it is version 6.0. No older one can be had for the tests. */
export async function olderRedis(port: number): Promise<OlderRedis> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const redis = connect(port, '127.0.0.1')
    // As many characters as before, for the protocol says how many there are.
    const older = new Transform({
      transform(chunk: Buffer, _, done) {
        const text = chunk.toString('latin1')
        done(null, Buffer.from(text.replace(/(redis_version:)\d\.\d(?=[.\d])/, '$16.0'), 'latin1'))
      },
    })
    for (const socket of [client, redis]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
    }
    client.pipe(redis).pipe(older).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: own } = server.address() as { port: number }
  return {
    url: `redis://127.0.0.1:${own}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
