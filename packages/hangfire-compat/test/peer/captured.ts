import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { type MonitoredCommand, parseLine } from '../transcripts.ts'

/** What a server was sent while the body ran, as MONITOR wrote it. */
export async function captured(url: string, body: () => Promise<void>): Promise<readonly MonitoredCommand[]> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  const admin = new Redis(url)
  try {
    socket.write('MONITOR\r\n')
    const lines = createInterface(socket)[Symbol.asyncIterator]()
    await lines.next()
    await body()
    const end = randomUUID()
    await admin.echo(end)
    const commands: MonitoredCommand[] = []
    for (;;) {
      const { value, done } = await lines.next()
      // A line is an inline reply: `+`, and what it says.
      const command = parseLine(String(value).slice(1))
      if (done === true || command?.args[0] === end) return commands
      if (command !== undefined) commands.push(command)
    }
  } finally {
    socket.destroy()
    admin.disconnect()
  }
}
