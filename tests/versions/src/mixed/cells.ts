import { findRedisServer } from '@holdfast/test-support/redis'
import type { Cell } from '../cell.ts'
import { type RunningTopology, startTopology } from '../topologies.ts'
import { mixedCases } from './cases/index.ts'
import { type Deploy, type MixedCase, TRIES_OF_CACHE, openDeploy } from './deploy.ts'
import { type Installed, installKept, keptVersions, present } from './kept.ts'
import type { Library } from './peer/connect.ts'

const CLIENTS: readonly (readonly [Library, Library])[] = [
  ['ioredis', 'ioredis'],
  ['redis', 'redis'],
  ['ioredis', 'redis'],
  ['redis', 'ioredis'],
]

/** Each kept version and this one, either first, over every pair of clients, on one server and on a cluster. */
export async function mixedCells(onCell: (cell: Cell) => void): Promise<Cell[]> {
  const cells: Cell[] = []
  const binary = await findRedisServer()
  for (const topology of ['single', 'cluster'] as const) {
    await using running = await startTopology(topology, binary)
    for (const version of keptVersions()) {
      const kept = await installKept(version)
      try {
        for (const libraries of CLIENTS) {
          for (const pair of [
            [kept, present],
            [present, kept],
          ] as const) {
            const cell = await mixedCell(running, pair, libraries)
            onCell(cell)
            cells.push(cell)
          }
        }
      } finally {
        await kept.remove()
      }
    }
  }
  return cells
}

async function mixedCell(
  { endpoint }: RunningTopology,
  [first, second]: readonly [Installed, Installed],
  libraries: readonly [Library, Library],
): Promise<Cell> {
  const name = [`${first.version}, then ${second.version}`, endpoint.topology, libraries.join(' and ')]
  const startedAt = performance.now()
  const deploy = await openDeploy({ first, second, endpoint, libraries })
  try {
    const features = Object.entries(mixedCases).map(async ([feature, cases]) => {
      const failed: string[] = []
      for (const each of cases) {
        const error = await failureOf(each, deploy, feature === 'cache' ? TRIES_OF_CACHE : 1)
        if (error !== undefined) failed.push(`${each.name}: ${error.message}`)
      }
      return failed
    })
    const failures = (await Promise.all(features)).flat()
    const ms = performance.now() - startedAt
    return failures.length === 0
      ? { name, outcome: 'passed', detail: `${Object.values(mixedCases).flat().length} cases`, ms }
      : { name, outcome: 'failed', detail: failures.join('\n'), ms }
  } finally {
    await deploy.close()
  }
}

/** Undefined: it holds. */
async function failureOf({ run }: MixedCase, deploy: Deploy, tries: number): Promise<Error | undefined> {
  try {
    await run(deploy)
    return undefined
  } catch (error) {
    return tries > 1 ? await failureOf({ name: '', run }, deploy, tries - 1) : (error as Error)
  }
}
