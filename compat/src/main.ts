/**
 * `npm run compat -- [--only packed,types,kit] [--servers redis-8,…] [--topologies single,…] [--clients ioredis,…]`
 *
 * Prints each cell as soon as it is known and a table at the end. A cell that cannot run says why. Exits with 1 when
 * one failed.
 */
import { parseArgs } from 'node:util'
import { startRedis } from '@holdfast/testbed/redis'
import { serverNames } from '@holdfast/testbed/servers'
import type { Cell } from './cell.ts'
import { clientVersions } from './clients.ts'
import { kitCells } from './kit.ts'
import { packedCells } from './packed.ts'
import { openStage } from './stage.ts'
import { printCell, printTable } from './table.ts'
import { topologies } from './topologies.ts'
import { typeCells } from './types.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'packed,types,kit' },
    servers: { type: 'string' },
    topologies: { type: 'string' },
    clients: { type: 'string' },
  },
})
const parts = values.only.split(',')
const cells: Cell[] = []
const onCell = (cell: Cell): void => {
  cells.push(cell)
  printCell(cell)
}

if (parts.includes('packed') || parts.includes('types')) {
  const stage = await openStage()
  try {
    await using redis = await startRedis()
    if (parts.includes('packed')) for (const cell of await packedCells(stage, redis.port)) onCell(cell)
    if (parts.includes('types')) for (const cell of await typeCells(stage)) onCell(cell)
  } finally {
    await stage.remove()
  }
}
if (parts.includes('kit')) {
  const matrix = {
    servers: chosen(serverNames, values.servers),
    topologies: chosen(topologies, values.topologies),
    clients: clientVersions.filter(({ name }) => matches(name, values.clients)),
  }
  await kitCells(matrix, onCell)
}

printTable(cells)
process.exitCode = cells.some(({ outcome }) => outcome === 'failed') ? 1 : 0

function chosen<T extends string>(all: readonly T[], wanted: string | undefined): T[] {
  return all.filter((each) => matches(each, wanted))
}

function matches(name: string, wanted: string | undefined): boolean {
  return wanted === undefined || wanted.split(',').some((word) => name.startsWith(word))
}
