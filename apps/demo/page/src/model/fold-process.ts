import type { ProcessNews, RedisNews, Stamp } from '../../../src/events/page-event.ts'
import type { Draft } from './draft.ts'
import type { Instance, Spell } from './model.ts'

export function foldRedis(draft: Draft, event: Stamp & RedisNews): void {
  const { redis } = draft
  switch (event.type) {
    case 'redis.answered':
      draft.redis = { ...redis, roundTripMs: event.roundTripMs }
      return
    case 'redis.stopped':
      draft.redis = { ...redis, state: 'stopped', roundTripMs: null, stopped: begun(redis.stopped, event.at) }
      return
    case 'redis.started':
      draft.redis = { ...redis, state: 'up', stopped: over(redis.stopped, event.at) }
  }
}

export function foldProcess(draft: Draft, event: Stamp & ProcessNews): void {
  if (event.type === 'instance.killed' || event.type === 'instance.exited') {
    endWorkOf(draft, event.instance, event.at)
  }
  const instance = draft.instances.get(event.instance)
  if (instance === undefined && event.type !== 'instance.started') return
  draft.map('instances').set(event.instance, after(instance ?? unknown(event.instance), event))
}

/** When that instance was gone after this moment, if it was: what it told late may be of something that its end cut short. */
export function goneAfter(draft: Draft, instance: string, at: number): number | undefined {
  return draft.instances.get(instance)?.gone.find(({ from }) => from >= at)?.from
}

function after(instance: Instance, event: Stamp & ProcessNews): Instance {
  const { at } = event
  switch (event.type) {
    case 'instance.started':
      return {
        ...instance,
        state: 'up',
        isCut: false,
        pid: event.pid,
        gone: over(instance.gone, at),
        frozen: over(instance.frozen, at),
        cut: over(instance.cut, at),
        disconnected: over(instance.disconnected, at),
        breakerOpen: over(instance.breakerOpen, at),
      }
    case 'instance.killed':
    case 'instance.exited': {
      const last = instance.gone.at(-1)
      const reason = event.type === 'instance.exited' ? event.reason : null
      return {
        ...instance,
        state: 'gone',
        pid: null,
        frozen: over(instance.frozen, at),
        // A process that was killed also exits: that is one end.
        gone:
          last !== undefined && last.to === null
            ? instance.gone
            : [...instance.gone, { from: at, to: null, reason }],
      }
    }
    case 'instance.frozen':
      return { ...instance, state: 'frozen', frozen: begun(instance.frozen, at) }
    case 'instance.thawed':
      return { ...instance, state: 'up', frozen: over(instance.frozen, at) }
    case 'instance.cut':
      return { ...instance, isCut: true, cut: begun(instance.cut, at) }
    case 'instance.restored':
      return { ...instance, isCut: false, cut: over(instance.cut, at) }
    case 'connection':
      return {
        ...instance,
        disconnected: (event.state === 'lost' ? begun : over)(instance.disconnected, at),
      }
    case 'breaker':
      return { ...instance, breakerOpen: (event.state === 'open' ? begun : over)(instance.breakerOpen, at) }
  }
}

/** What ran or waited in a process ends with it, and no event says so. */
function endWorkOf(draft: Draft, instance: string, at: number): void {
  for (const attempt of draft.attempts.values()) {
    if (attempt.instance !== instance || attempt.endedAt !== null || attempt.startedAt > at) continue
    draft.map('attempts').set(attempt.executionId, { ...attempt, outcome: 'cutShort', endedAt: at })
  }
  for (const call of draft.calls.values()) {
    if (call.instance !== instance || call.answeredAt !== null || call.askedAt > at) continue
    draft
      .map('calls')
      .set(call.id, { ...call, outcome: 'cutShort', answeredAt: at, tookMs: at - call.askedAt })
  }
}

function begun<S extends Spell>(spells: readonly S[], at: number): readonly (S | Spell)[] {
  return spells.at(-1)?.to === null ? spells : [...spells, { from: at, to: null }]
}

function over<S extends Spell>(spells: readonly S[], at: number): readonly S[] {
  const last = spells.at(-1)
  return last?.to === null ? [...spells.slice(0, -1), { ...last, to: Math.max(at, last.from) }] : spells
}

function unknown(name: string): Instance {
  return {
    name,
    client: 'ioredis',
    framework: 'fastify',
    state: 'starting',
    isCut: false,
    pid: null,
    frozen: [],
    cut: [],
    gone: [],
    disconnected: [],
    breakerOpen: [],
  }
}
