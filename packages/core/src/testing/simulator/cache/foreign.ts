import { Scope } from '../../../cache/keys.ts'
import type { World } from '../workload.ts'
import type { Judge, Made } from './judge.ts'
import type { Operation, Space } from './plan.ts'

const root = Scope.root('sim')
const n = root.namespace('n')
const scopes: Readonly<Record<Space, Scope>> = { '': root, n, 'n/m': n.namespace('m') }

/** What another tool does to the keys of the cache, which knows nothing of it: it is done at once. */
export function foreign(world: World, judge: Judge, { id, kind, space, key, tag }: Operation): string {
  const { server, scheduler } = world
  if (server.down) return 'the storage is out'
  const scope = scopes[space]
  const entryKey = scope.entryKey(key)
  const execute = (op: string, ...args: readonly unknown[]): void => {
    const facet = 'values'
    void server.execute({
      facet,
      op,
      args,
      from: 'foreign',
      database: 0,
      operation: id,
      sentAt: scheduler.now,
    })
  }
  const ends = (what: string, which: (made: Made) => boolean): string => {
    const invalidation = judge.invalidate(`${what} #${id}`, which)
    invalidation.acknowledged = scheduler.now
    invalidation.over = scheduler.now
    return what
  }
  const isOfKey = (made: Made): boolean => made.space === space && made.key === key
  const dice = world.random(6, id)
  if (kind === 'foreignDelete') {
    execute('remove', [entryKey])
    return ends('DEL', isOfKey)
  }
  if (kind === 'foreignFlush') {
    execute('removeMatching', { prefix: '', glob: '*' })
    return ends('FLUSHDB', () => true)
  }
  if (kind === 'foreignGarbage') {
    // Of another tool, cut off, or like a placeholder.
    const garbage = dice.pick(['hello', 'Lnobody', 'L', '1', '{"v":1}'])
    execute('remove', [entryKey])
    if (dice.chance(0.5)) execute('set', entryKey, garbage, 600_000, Infinity)
    else execute('ensure', entryKey, garbage, 600_000)
    return ends('SET', isOfKey)
  }
  const ofTag = dice.chance(0.4)
  execute('remove', [ofTag ? scope.tagKey(tag) : scope.clearKey])
  if (dice.chance(0.3)) execute('remove', [scope.tagChangesKey])
  // That has invalidated nothing; but what was invalidated before must not come back.
  if (ofTag) return ends(`DEL of the generation of ${tag}`, () => false)
  return ends('DEL of a generation', (made) => !made.key.startsWith('hash-') && isBelow(space, made.space))
}

function isBelow(ancestor: Space, space: Space): boolean {
  return ancestor === '' || space === ancestor || space.startsWith(`${ancestor}/`)
}
