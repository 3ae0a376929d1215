import assert from 'node:assert/strict'
import { decideCancel, type OwnerCommand, decideOwner } from '../../idempotency/decide.ts'
import { decideStart } from '../../idempotency/decide-start.ts'
import { fingerprintOf } from '../../idempotency/fingerprint.ts'
import { type ExecutionRecord, type VersionedRecord, currentOf } from '../../idempotency/record.ts'
import type { PutReply, RecordEntry, RecordWrite } from '../../storage/records.ts'
import { type StorageUnderTest, type TestRunner, freshName, seededInts, useStorage } from '../runner.ts'

const KEYS = 3
const OWNERS = 3

type OwnersPart = OwnerCommand extends infer C
  ? C extends OwnerCommand
    ? Omit<C, 'executionId'>
    : never
  : never

/** What the storage should hold, kept beside it. */
interface Model {
  readonly current: VersionedRecord
  readonly entry: RecordEntry
}

/**
 * A seeded walk of starts, owners' writes, cancellations, stale revisions, repeated commands, deletions and passing
 * time. Beside the storage runs a model that is nothing but the pure decisions of core: after every step both must agree
 * on what is stored, and the storage must have said so. A failure names the seed.
 */
export function recordsWalk(
  runner: TestRunner,
  open: () => Promise<StorageUnderTest>,
  {
    seeds = 20,
    steps = 120,
    firstSeed = 1,
  }: { readonly seeds?: number; readonly steps?: number; readonly firstSeed?: number } = {},
): void {
  runner.describe('records, held against decide()', () => {
    const under = useStorage(runner, open)

    for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
      runner.it(`agree along the walk of seed ${seed}`, async () => {
        const int = seededInts(seed)
        const { records } = under.storage
        const collection = freshName('walk')
        const models = new Map<string, Model>()
        let writes = 0
        let seenAt = 0
        /**
         * Whether it expired between the reply before and this one. A storage may look for it at the beginning of a step and
         * at its clock at the end, and on a busy machine much can lie between the two.
         */
        const isInDoubt = (id: string, now: number): boolean => {
          const expiresAt = models.get(id)?.entry.expiresAt ?? -Infinity
          const inDoubt = seenAt <= expiresAt && expiresAt <= now
          seenAt = now
          return inDoubt
        }

        const modelAt = (id: string, now: number): Model | undefined => {
          const model = models.get(id)
          return model !== undefined && model.entry.expiresAt > now ? model : undefined
        }
        /** Adopts the stamps, which only the storage can make, after checking that they keep the rules. */
        const adopt = (id: string, write: RecordWrite, entry: RecordEntry, now: number): void => {
          const before = models.get(id)
          assert.deepEqual([entry.value, entry.writeId], [write.value, write.writeId])
          assert.ok(entry.rev > (before?.entry.rev ?? 0), 'the revision grows')
          assert.equal(entry.expiresAt, entry.writtenAt + write.ttlMs)
          assert.ok(entry.writtenAt <= now)
          models.set(id, { entry, current: currentOf(entry) })
        }
        /** What a random command makes of the state; undefined when it would not write. */
        const written = (current: VersionedRecord | null, now: number): ExecutionRecord | undefined => {
          const executionId = `owner-${int(OWNERS)}`
          const policy = {
            onInProgress: 'reject',
            onCompleted: int(4) === 0 ? 'rerun' : 'replay',
            completedWindowMs: int(2) * 20,
            completedRetentionMs: 1,
            onFailed: int(3) === 0 ? 'replay' : 'rerun',
            failedRetentionMs: 1,
            onStalled: (['takeOver', 'fail', 'reject'] as const)[int(3)] ?? 'takeOver',
            maxAttempts: 3,
            leaseMs: 20,
            timeoutMs: 1_000,
          } as const
          const command = { executionId, policy, usedIds: [], hasWaited: false, isLate: false }
          const owners = (own: OwnersPart): ExecutionRecord | undefined => {
            const decision = decideOwner(current, { executionId, ...own }, policy)
            return decision.type === 'write' ? decision.record : undefined
          }
          switch (int(6)) {
            case 0:
              return owners({ type: 'update', progress: { percentage: int(101) } })
            case 1:
              return owners({ type: 'complete', result: { kind: 'value', data: `${int(9)}` } })
            case 2:
              return owners({ type: 'fail', error: { name: 'E', message: 'm' }, final: int(4) === 0 })
            case 3: {
              if (int(2) === 0) return owners({ type: 'release' })
              const decision = decideCancel(current, now, { reason: 'r', ttlMs: 1 })
              return decision.type === 'write' ? decision.record : undefined
            }
            default: {
              const fingerprint = fingerprintOf(int(8) === 0 ? 'other' : 'same')
              const decision = decideStart(current, now, { ...command, fingerprint })
              return decision.type === 'write' ? decision.record : undefined
            }
          }
        }

        for (let step = 0; step < steps; step += 1) {
          const id = `key-${int(KEYS)}`
          const key = { collection, id }
          const what = int(10)
          if (what === 0) {
            await under.elapse([5, 25, 45][int(3)] ?? 5)
            continue
          }
          seenAt = await under.storage.time()
          const { entry, now } = await records.read(key)
          if (isInDoubt(id, now)) continue
          const model = modelAt(id, now)
          assert.deepEqual(
            entry,
            model?.entry ?? null,
            `seed ${seed}, step ${step}: what is read is what was written`,
          )
          if (what === 1) {
            const rev = int(2) === 0 ? (model?.entry.rev ?? 1) : 1
            const reply = await records.compareAndDelete(key, { rev })
            const there = modelAt(id, reply.now)
            if (isInDoubt(id, reply.now)) continue
            const hit = there === undefined || there.entry.rev === rev
            assert.equal(reply.outcome, hit ? 'deleted' : 'conflict', `seed ${seed}, step ${step}`)
            if (hit && there !== undefined) models.set(id, gone(there))
            continue
          }
          const record = written(model?.current ?? null, now)
          if (record === undefined) continue
          const stale = int(10) === 0
          const write: RecordWrite = {
            writeId: `${seed}-${(writes += 1)}`,
            value: JSON.stringify(record),
            ttlMs: [40, 5_000, 60_000][int(3)] ?? 60_000,
            notify: int(2) === 0,
          }
          const rev = model === undefined ? null : model.entry.rev - (stale ? 1 : 0)
          const send = (): Promise<PutReply> => records.put(key, rev, write)
          const reply = await send()
          const there = modelAt(id, reply.now)
          if (!isInDoubt(id, reply.now)) {
            const expected = model === undefined || !stale ? 'written' : 'conflict'
            assert.equal(reply.outcome, expected, `seed ${seed}, step ${step}: ${JSON.stringify(write)}`)
            if (reply.outcome !== 'written') assert.deepEqual(reply.entry, there?.entry ?? null)
          }
          if (reply.outcome === 'written') adopt(id, write, reply.entry, reply.now)
          if (reply.outcome === 'written' && int(4) === 0 && write.ttlMs > 10_000) {
            const again = await send()
            assert.equal(
              again.outcome,
              'written',
              `seed ${seed}, step ${step}: a repeated write answers like the first`,
            )
            assert.deepEqual(again.entry, reply.entry)
          }
        }
        assert.ok(writes > 0, 'the walk wrote something')
      })
    }
  })
}

/** A deleted record: its revision is remembered, because the next one must be greater. */
function gone(model: Model): Model {
  return { ...model, entry: { ...model.entry, expiresAt: -Infinity } }
}
