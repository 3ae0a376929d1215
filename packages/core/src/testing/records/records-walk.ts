import assert from 'node:assert/strict'
import { type Command, decide } from '../../idempotency/decide.ts'
import { type Current, currentOf } from '../../idempotency/record.ts'
import type { RecordEntry, RecordWrite } from '../../storage/records.ts'
import { type StorageUnderTest, type TestRunner, freshName, seededInts, useStorage } from '../runner.ts'

const KEYS = 3
const OWNERS = 3

/** What the storage should hold, kept beside it. */
interface Model {
  readonly current: Current
  readonly entry: RecordEntry
}

/**
 * A seeded walk of starts, owners' writes, cancellations, stale revisions, repeated commands, deletions and passing
 * time. Beside the storage runs a model that is nothing but `decide()`: after every step both must agree on what is
 * stored, and the storage must have said so. A failure names the seed.
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
        let written = 0
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
        const adopt = (id: string, write: RecordWrite, entry: RecordEntry | null, now: number): void => {
          assert.ok(entry, 'a successful write answers with its entry')
          const before = models.get(id)
          assert.deepEqual([entry.value, entry.writeId], [write.value, write.writeId])
          assert.ok(entry.rev > (before?.entry.rev ?? 0), 'the revision grows')
          assert.equal(entry.expiresAt, entry.writtenAt + write.ttlMs)
          assert.ok(entry.writtenAt <= now)
          models.set(id, { entry, current: currentOf(entry) })
        }
        const command = (): Command => {
          const executionId = `owner-${int(OWNERS)}`
          const ttlMs = [40, 5_000, 60_000][int(3)] ?? 60_000
          switch (int(6)) {
            case 0:
              return {
                type: 'update',
                executionId,
                ttlMs,
                change: { progress: { percentage: int(101) }, leaseMs: 30 },
              }
            case 1:
              return { type: 'complete', executionId, ttlMs, result: { kind: 'value', data: `${int(9)}` } }
            case 2:
              return {
                type: 'fail',
                executionId,
                ttlMs,
                error: { name: 'E', message: 'm' },
                final: int(4) === 0,
              }
            case 3:
              return int(2) === 0
                ? { type: 'release', executionId, ttlMs }
                : { type: 'requestCancel', reason: 'r', ttlMs }
            default:
              return {
                type: 'begin',
                executionId,
                policy: {
                  onCompleted: int(4) === 0 ? 'rerun' : 'replay',
                  completedWindowMs: int(2) * 20,
                  onFailed: int(3) === 0 ? 'replay' : 'rerun',
                  onStalled: (['takeOver', 'fail', 'reject'] as const)[int(3)] ?? 'takeOver',
                  maxAttempts: 3,
                },
                leaseMs: 20,
                timeoutMs: 1_000,
                ttlMs,
                failedTtlMs: ttlMs,
                fingerprint: int(8) === 0 ? 'other' : 'same',
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
            assert.equal(
              reply.ok,
              there === undefined || there.entry.rev === rev,
              `seed ${seed}, step ${step}`,
            )
            if (reply.ok && there !== undefined) models.set(id, gone(there))
            continue
          }
          const decision = decide(model?.current ?? null, now, command())
          if (decision.type !== 'write') continue
          const stale = int(10) === 0
          const write: RecordWrite = {
            writeId: `${seed}-${(written += 1)}`,
            value: JSON.stringify(decision.record),
            ttlMs: decision.ttlMs,
            notify: int(2) === 0,
          }
          const send = async (): Promise<{ ok: boolean; entry: RecordEntry | null; now: number }> => {
            if (model === undefined) {
              const reply = await records.createOrRead(key, write)
              return { ok: reply.created, entry: reply.entry, now: reply.now }
            }
            return records.compareAndSet(key, stale ? model.entry.rev - 1 : model.entry.rev, write)
          }
          const reply = await send()
          const there = modelAt(id, reply.now)
          if (!isInDoubt(id, reply.now)) {
            const expected = model === undefined || !stale
            assert.equal(reply.ok, expected, `seed ${seed}, step ${step}: ${JSON.stringify(write)}`)
            if (!reply.ok) assert.deepEqual(reply.entry, there?.entry ?? null)
          }
          if (reply.ok) adopt(id, write, reply.entry, reply.now)
          if (reply.ok && int(4) === 0 && write.ttlMs > 10_000) {
            const again = await send()
            assert.ok(again.ok, `seed ${seed}, step ${step}: a repeated write answers like the first`)
            assert.deepEqual(again.entry, reply.entry)
          }
        }
        assert.ok(written > 0, 'the walk wrote something')
      })
    }
  })
}

/** A deleted record: its revision is remembered, because the next one must be greater. */
function gone(model: Model): Model {
  return { ...model, entry: { ...model.entry, expiresAt: -Infinity } }
}
