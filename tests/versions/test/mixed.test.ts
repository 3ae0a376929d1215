import { type RunningRedis, startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mixedCases } from '../src/mixed/cases/index.ts'
import { type OpenDeploy, TRIES_OF_CACHE, openDeploy } from '../src/mixed/deploy.ts'
import { readKeptData, restoreData } from '../src/mixed/data.ts'
import { type Installed, installKept, keptVersions, present } from '../src/mixed/kept.ts'
import { Peer } from '../src/mixed/peer-process.ts'
import { MET_AFTER_MS, meetRemains } from '../src/mixed/remains.ts'

// The version before this one; `npm run compat -- --only mixed` has the others, on every client and on a cluster.
const PATIENT = { retry: { count: TRIES_OF_CACHE - 1, delay: 1_000 } }
const before = keptVersions().at(-1) ?? ''

let redis: RunningRedis
let old: Installed
beforeAll(async () => {
  ;[redis, old] = await Promise.all([startRedis(), installKept(before)])
})
afterAll(async () => {
  await Promise.all([redis.stop(), old.remove()])
})

const rolls = {
  [`a rolling deploy: ${before}, then this version`]: () => [old, present] as const,
  [`a roll-back: this version, then ${before}`]: () => [present, old] as const,
}

for (const [title, versions] of Object.entries(rolls)) {
  describe.concurrent(title, () => {
    let deploy: OpenDeploy
    beforeAll(async () => {
      const [first, second] = versions()
      const endpoint = { topology: 'single', nodes: [{ host: '127.0.0.1', port: redis.port }] } as const
      deploy = await openDeploy({ first, second, endpoint, libraries: ['ioredis', 'redis'] })
    })
    afterAll(async () => await deploy.close())

    it('has jobs with a member in their records that not every version knows', async () => {
      const peer = [deploy.first, deploy.second].find(({ version }) => version === present.version)
      expect(await peer?.call('traces')).toBe(true)
    })

    for (const [feature, cases] of Object.entries(mixedCases)) {
      describe(feature, () => {
        const options = feature === 'cache' ? PATIENT : {}
        for (const { name, run } of cases) it(name, options, async () => await run(deploy))
      })
    }
  })
}

// Each begins with an empty server: the names in kept data are the same for every version.
for (const version of keptVersions()) {
  it(`this version reads what ${version} had stored, and goes on from it`, PATIENT, async () => {
    await using server = await startRedis()
    const client = new Redis(server.port, '127.0.0.1')
    const nodes = [{ host: '127.0.0.1', port: server.port }]
    let peer: Peer | undefined
    try {
      await restoreData(client, readKeptData(version), MET_AFTER_MS)
      peer = await Peer.start(present, { library: 'redis', endpoint: { topology: 'single', nodes } })
      await meetRemains(peer)
    } finally {
      await peer?.kill()
      client.disconnect()
    }
  })
}
