import { once } from 'node:events'
import { connect } from 'node:net'

/** Sends one inline command over a raw socket and returns the first reply as text. */
export async function ask(address: { port: number } | { path: string }, command: string): Promise<string> {
  const socket = connect('path' in address ? address : { ...address, host: '127.0.0.1' })
  try {
    socket.write(`${command}\r\n`)
    const [reply] = (await once(socket, 'data')) as [Buffer]
    return reply.toString()
  } finally {
    socket.destroy()
  }
}
