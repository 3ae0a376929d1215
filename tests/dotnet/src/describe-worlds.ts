import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest'
import { expectEveryPageAnswers200, expectMonitorEqualsDotnet } from './healthy.ts'
import { missing } from './programs.ts'
import { type WorldKind, nameOf } from './world-kinds.ts'
import { type World, openWorld } from './world.ts'

/**
 * Cases in each of these worlds, one after the other, each on an empty Redis. After each of them every page of the live
 * dashboard has to answer 200, and our monitor has to show what .NET's IMonitoringApi says.
 */
export function describeWorlds(kinds: readonly WorldKind[], cases: (world: () => World) => void): void {
  for (const kind of kinds) describe(nameOf(kind), () => inWorld(kind, cases))
}

/** The same for what takes long, and mostly waits: all worlds at once. */
export function describeWorldsAtOnce(kinds: readonly WorldKind[], cases: (world: () => World) => void): void {
  for (const kind of kinds)
    describe.concurrent(nameOf(kind), () => {
      describe('one after the other', { concurrent: false }, () => inWorld(kind, cases))
    })
}

function inWorld(kind: WorldKind, cases: (world: () => World) => void): void {
  let world: World | undefined
  beforeAll(async () => {
    if (missing === undefined) world = await openWorld(kind)
  })
  afterAll(async () => await world?.[Symbol.asyncDispose]())
  beforeEach(async (context) => {
    if (missing !== undefined) context.skip(missing)
    await world?.admin.flushall()
  })
  afterEach(async () => {
    if (world === undefined) return
    try {
      await expectEveryPageAnswers200(world)
      await expectMonitorEqualsDotnet(world)
    } finally {
      await world.stopServers()
    }
  })
  cases(() => world ?? expect.unreachable('the world is not open'))
}
