import { join } from 'node:path'
import { findNamedServer, type ServerName, ServerUnavailableError } from '@holdfast/test-support/servers'
import type { Cell } from './cell.ts'
import type { ClientVersion } from './clients.ts'
import { FAILED, type KitTask } from './kit-task.ts'
import { run } from './run.ts'
import { startTopology, type Topology, unsupported } from './topologies.ts'

export interface KitMatrix {
  readonly servers: readonly ServerName[]
  readonly topologies: readonly Topology[]
  readonly clients: readonly ClientVersion[]
}

/**
 * The conformance kit over every combination, one process a cell, each on its own servers: the kit takes away memory
 * and ends connections. `onCell` hears of each as soon as it is known; the answer has the order of the matrix.
 */
export async function kitCells(
  { servers, topologies, clients }: KitMatrix,
  jobs: number,
  onCell: (cell: Cell) => void,
): Promise<Cell[]> {
  const combinations = servers.flatMap((server) =>
    topologies.flatMap((topology) => clients.map((client) => ({ server, topology, client }))),
  )
  const cells: Cell[] = []
  const left = combinations.entries()
  const work = async (): Promise<void> => {
    for (const [index, { server, topology, client }] of left) {
      const cell = await kitCell(server, topology, client)
      cells[index] = cell
      onCell(cell)
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  return cells
}

async function kitCell(server: ServerName, topology: Topology, client: ClientVersion): Promise<Cell> {
  const name = [server, topology, client.name]
  const reason = unsupported(client, topology)
  if (reason !== undefined) return { name, outcome: 'not run', detail: reason }
  try {
    await using running = await startTopology(topology, await findNamedServer(server))
    const { library, installed } = client
    return await heldAgainstKit(name, { library, installed, endpoint: running.endpoint })
  } catch (error) {
    if (!(error instanceof ServerUnavailableError)) throw error
    return { name, outcome: 'not run', detail: error.message }
  }
}

async function heldAgainstKit(name: readonly string[], task: KitTask): Promise<Cell> {
  const started = performance.now()
  const program = join(import.meta.dirname, 'kit-cell.ts')
  const { code, output } = await run(
    process.execPath,
    ['--conditions=@holdfast/source', '--test-reporter=tap', program, JSON.stringify(task)],
    { timeoutMs: 600_000 }, // for what hangs
  )
  const passed = Number(/^# pass (\d+)$/m.exec(output)?.[1] ?? 0)
  const ms = performance.now() - started
  if (code === 0 && passed > 0) return { name, outcome: 'passed', detail: `${passed} tests`, ms }
  return { name, outcome: 'failed', detail: failuresIn(output), ms }
}

/** The first few say what is wrong; when a connection cannot be had, all the others fail with them. */
function failuresIn(output: string): string {
  const failures = output.split('\n').flatMap((line) => line.split(FAILED).slice(1))
  if (failures.length === 0) return output.trim().slice(-1_000)
  const more = failures.length > 3 ? ` … and ${failures.length - 3} more` : ''
  return `${failures.slice(0, 3).join('; ')}${more}`
}
