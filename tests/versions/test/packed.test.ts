import { startRedis } from '@holdfast/test-support/redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeVersions } from '../src/nodes.ts'
import { packedCells } from '../src/packed.ts'
import { openStage, type Stage } from '../src/stage.ts'
import { compilers, typeCells } from '../src/types.ts'

// The fixed budget of the test suite; `npm run compat` is the whole matrix.
describe('the packages as published', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage()
  })
  afterAll(async () => await stage.remove())

  it('work on the oldest Node, imported and required', async () => {
    await using redis = await startRedis()
    const cells = await packedCells(stage, redis.port, nodeVersions.slice(0, 1))
    for (const { outcome, detail } of cells) if (outcome === 'not run') console.warn(detail)
    expect(cells).toHaveLength(2)
    expect(cells.filter(({ outcome }) => outcome === 'failed')).toEqual([])
  })

  it('have types for the oldest TypeScript', async () => {
    const cells = await typeCells(stage, compilers.slice(0, 1))
    expect(cells.filter(({ outcome }) => outcome !== 'passed')).toEqual([])
    expect(cells).toHaveLength(1)
  })
})
