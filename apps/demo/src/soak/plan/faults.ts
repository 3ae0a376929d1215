import { setTimeout as delay } from 'node:timers/promises'
import type { Replicated } from '@holdfast/test-support/servers'
import { until } from '@holdfast/test-support/servers'
import { hostNow } from '../../clock.ts'
import type { Place } from '../fleet.ts'
import { CRASH_AFTER_CHARGE } from '../instance/settings.ts'
import type { SoakRows } from '../tables/soak-rows.ts'
import type { Disturbance, Kind, OfInstance } from './plan.ts'
import { inWords } from './words.ts'

/** What can be disturbed. */
export interface Arena {
  readonly redis: Replicated
  readonly places: readonly Place[]
  readonly rows: SoakRows
  /** Says what happens. */
  readonly say: (text: string) => void
  /** No process is in the middle of a write to the database. */
  readonly isAtRest: () => boolean
  /** Replaces the instances one after the other, while other things go on. */
  readonly deploy: () => void
}

/** Makes it happen, and settles when it is over. */
export async function disturb(arena: Arena, disturbance: Disturbance): Promise<void> {
  const { kind, lastsMs } = disturbance
  switch (kind) {
    case 'kill':
    case 'crash':
    case 'freeze':
    case 'cut':
    case 'silence':
      return await disturbInstance(arena, kind, disturbance)
    case 'restart':
      return await ofRedis(arena, kind, async () => {
        await arena.redis.primary.kill()
        await delay(lastsMs)
        await arena.redis.primary.restart()
      })
    case 'failover':
      return await ofRedis(arena, kind, () => arena.redis.promote(replicaOf(arena)))
    case 'demotion':
      return await ofRedis(arena, kind, () => demote(arena, lastsMs))
    case 'lossy-failover':
      return await ofRedis(arena, kind, async () => {
        await arena.redis.detach(replicaOf(arena))
        await delay(lastsMs)
        await arena.redis.promote(replicaOf(arena), { losingWrites: true })
      })
    case 'deploy':
      return arena.deploy()
  }
}

async function disturbInstance(
  arena: Arena,
  kind: OfInstance,
  { instance, lastsMs }: Disturbance,
): Promise<void> {
  const place = arena.places[instance]
  if (place === undefined) throw new Error(`There is no instance ${instance}.`)
  // It is being replaced, or is not up yet after what happened before.
  if (place.isBusy || place.member.state().state !== 'up') return
  await place.alone(async () => {
    const { member, proxy } = place
    arena.say(inWords(kind, member.name))
    const note = (work: () => Promise<void>): Promise<void> => noted(arena, kind, member.name, work)
    switch (kind) {
      case 'kill':
        return await note(() => member.kill())
      case 'crash': {
        place.mayCrash = true
        const victim = member.running()
        if (victim?.pid == null) return
        process.kill(victim.pid, CRASH_AFTER_CHARGE)
        // The rows of its charge and of its end say when. Where it has nothing to charge it stays armed.
        await Promise.race([victim.gone, delay(lastsMs)])
        return
      }
      case 'freeze':
        return await note(async () => {
          await member.freeze(arena.isAtRest)
          await delay(lastsMs)
          member.thaw()
        })
      case 'cut':
        return await note(async () => {
          await member.cut()
          await delay(lastsMs)
          await member.restore()
        })
      case 'silence':
        return await note(async () => {
          proxy.blackHole()
          await delay(lastsMs)
          // What was sent meanwhile arrives late in half of the cases, and is lost in the others.
          if (lastsMs % 2 === 0) proxy.reset()
          await proxy.heal()
        })
    }
  })
}

/** Subscribers stay with the server that is now a replica, until it ends their connections. */
async function demote({ redis }: Arena, lastsMs: number): Promise<void> {
  const old = redis.primary
  await redis.demote(replicaOf({ redis }))
  await delay(lastsMs)
  await old.ask('CLIENT', 'KILL', 'TYPE', 'normal')
}

function replicaOf({ redis }: Pick<Arena, 'redis'>): Replicated['primary'] {
  const [replica] = redis.replicas
  if (replica === undefined) throw new Error('There is no replica.')
  return replica
}

async function ofRedis(arena: Arena, kind: Kind, work: () => Promise<void>): Promise<void> {
  arena.say(inWords(kind))
  await noted(arena, kind, '', work)
}

async function noted(
  { rows }: Arena,
  kind: Kind,
  instance: string,
  work: () => Promise<void>,
): Promise<void> {
  const beganAt = hostNow()
  await work()
  rows.fault(kind, instance, beganAt)
}

/** Waits for the instance that is there or coming, and puts one of the other version in its place. */
export async function replace(place: Place, version: Place['version']): Promise<void> {
  const { member } = place
  const isUp = async (): Promise<boolean> => member.state().state === 'up'
  await place.alone(async () => {
    await until(`${member.name} is up`, isUp)
    place.version = version
    await member.running()?.close()
    await until(`${member.name} is up on ${version.name}`, isUp)
  })
}
