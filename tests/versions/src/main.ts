import { availableParallelism } from 'node:os'
import { chosen, endOnSignals, numberFrom, readFlags } from '@holdfast/test-support/command'
import { startRedis } from '@holdfast/test-support/redis'
import { serverNames } from '@holdfast/test-support/servers'
import type { Cell } from './cell.ts'
import { clientVersions } from './clients.ts'
import { httpTable } from './http-cases.ts'
import { httpServers } from './http-servers.ts'
import { kitCells } from './kit.ts'
import { mixedCells } from './mixed/cells.ts'
import { packedCells } from './packed.ts'
import { quickStartCells, readmeCells } from './readme/cells.ts'
import { rehearseRelease } from './release/rehearse.ts'
import { buildPackages, openStage } from './stage.ts'
import { printCell, printTable } from './table.ts'
import { topologies } from './topologies.ts'
import { typeCells } from './types.ts'

const kinds = ['packed', 'readme', 'types', 'kit', 'mixed', 'http'] as const
const httpNames = httpServers.map(({ name }) => name)
const clientNames = clientVersions.map(({ name }) => name)
const usage = `
npm run compat -- [options]

The version matrix: the packages as a release publishes them on every Node, the example of each README in a project that
npm installed, their types for the oldest TypeScript, and the conformance kit over every client, server and topology; each kept version beside this one, both ways. Prints each cell as soon as it is known, and a table at the end. A cell that
cannot run says why. Then the cases of the Idempotency-Key header, on our own servers and on those of other libraries.
Exits with 1 when one of ours failed.

  --only WORDS        ${kinds.join(',')}
  --servers WORDS     ${serverNames.join(',')}
  --topologies WORDS  ${topologies.join(',')}
  --clients WORDS     ${clientNames.join(',')}
  --http WORDS        ${httpNames.join(',')}
  --jobs N            how many cells of the kit at a time (default: one for each processor)

WORDS are separated by commas, and may be beginnings: --clients redis. Default: all.
`
const flags = readFlags(usage, {
  only: 'string',
  servers: 'string',
  topologies: 'string',
  clients: 'string',
  http: 'string',
  jobs: 'string',
})
const wanted = chosen('only', flags.only, kinds)
const wantedClients = chosen('clients', flags.clients, clientNames)
const wantedHttp = chosen('http', flags.http, httpNames)
const matrix = {
  servers: chosen('servers', flags.servers, serverNames),
  topologies: chosen('topologies', flags.topologies, topologies),
  clients: clientVersions.filter(({ name }) => wantedClients.includes(name)),
}
const jobs = numberFrom('jobs', flags.jobs, { min: 1 }) ?? availableParallelism()
endOnSignals()

const cells: Cell[] = []
if (wanted.some((kind) => ['packed', 'readme', 'types'].includes(kind))) {
  await buildPackages()
  const release = await rehearseRelease(() => false)
  const stage = await openStage(release.tarballs)
  try {
    await using redis = await startRedis()
    if (wanted.includes('packed')) cells.push(...(await packedCells(stage, redis.port)))
    if (wanted.includes('readme'))
      cells.push(
        ...(await readmeCells(stage, { redisUrl: redis.url, tarballs: release.tarballs })),
        ...(await quickStartCells(stage, { redisUrl: redis.url })),
      )
    if (wanted.includes('types')) cells.push(...(await typeCells(stage)))
    for (const cell of cells) printCell(cell)
  } finally {
    await stage.remove()
    await release.remove()
  }
}
if (wanted.includes('kit')) cells.push(...(await kitCells(matrix, jobs, printCell)))
if (wanted.includes('mixed')) cells.push(...(await mixedCells(printCell)))

if (cells.length > 0) printTable(cells)
const oursPassed = !wanted.includes('http') || (await httpTable(wantedHttp))
process.exit(oursPassed && cells.every(({ outcome }) => outcome !== 'failed') ? 0 : 1)
