/**
 * Turbo starts the tests of workspaces in the order of their dependencies, which puts the longest last. So `npm test` lets
 * it start all of them, and each waits here for its turn: a few at a time, in the order that is given.
 */
import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'

/** As `concurrency` in turbo.json says. */
export const WORKSPACES_AT_A_TIME = 3

/** The port of {@link openTurns}, for the processes that wait for a turn. */
const TURNS = 'HOLDFAST_TEST_TURNS'

export interface Turns {
  /** For the processes that ask for a turn. */
  readonly env: Readonly<Record<string, string>>
  /** Who waits for a turn. */
  readonly waiting: readonly string[]
  close(): void
}

/** Gives turns to those that ask for one; of those that wait, to the first by `order`. */
export async function openTurns(
  atATime: number,
  order: (one: string, other: string) => number,
): Promise<Turns> {
  const waiting = new Map<Socket, string>()
  const working = new Set<Socket>()
  const next = (): void => {
    for (const [socket] of [...waiting].toSorted(([, one], [, other]) => order(one, other))) {
      if (working.size >= atATime) return
      waiting.delete(socket)
      working.add(socket)
      socket.write('go')
    }
  }
  const server = createServer((socket) => {
    socket.setEncoding('utf8').once('data', (name: string) => {
      waiting.set(socket, name)
      next()
    })
    // It ends with its process, in whatever way that ends.
    socket.on('error', () => undefined)
    socket.once('close', () => {
      waiting.delete(socket)
      working.delete(socket)
      next()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    env: { [TURNS]: String((server.address() as AddressInfo).port) },
    get waiting() {
      return [...waiting.values()]
    },
    close: () => server.close(),
  }
}

/** Waits until it is the turn of this process, which it keeps until it ends. At once where no process gives turns. */
export async function turn(name: string): Promise<void> {
  const port = process.env[TURNS]
  if (port === undefined) return
  // A test that runs tests does not wait for those that wait for it.
  delete process.env[TURNS]
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(name)
  await once(socket, 'data')
  socket.unref()
}
