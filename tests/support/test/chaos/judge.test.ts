import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { historyOf, judge, type WitnessEvent } from '@holdfast/test-support/chaos'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readWitness } from '../../src/chaos/history.ts'

/** Instants are given in milliseconds, as the workers' clock would have them. */
const ms = (instant: number): number => instant * 1_000

interface Told {
  readonly key?: string
  readonly asked?: number
  readonly fence?: number
  readonly attempt?: number
  readonly permits?: number
  readonly durable?: true
  readonly valid?: number
  /** Sent, answered, and how. */
  readonly end?: readonly ['success' | 'failure' | 'release', number, number?, (boolean | null)?]
  readonly saved?: readonly [number, boolean]
  readonly result?: string
}

/** One ownership, granted at an instant; the fence is that instant unless said otherwise. */
function owned(owner: string, at: number, told: Told = {}): WitnessEvent[] {
  const { key = 'k', asked = at - 1, fence = at, attempt, permits, durable, valid, end, saved, result } = told
  const events: WitnessEvent[] = [
    {
      type: 'granted',
      at: ms(at),
      askedAt: ms(asked),
      key,
      owner,
      fence,
      ...(attempt === undefined ? {} : { attempt }),
      ...(permits === undefined ? {} : { permits }),
      ...(durable === undefined ? {} : { durable }),
    },
  ]
  if (valid !== undefined) events.push({ type: 'valid', at: ms(at), owner, until: ms(valid) })
  if (saved)
    events.push({ type: 'saved', at: ms(saved[0] + 1), sentAt: ms(saved[0]), owner, accepted: saved[1] })
  if (end) {
    const [how, sent, answered, accepted = true] = end
    events.push({ type: 'ending', at: ms(sent), owner, how, ...(result === undefined ? {} : { result }) })
    if (answered !== undefined) events.push({ type: 'ended', at: ms(answered), owner, accepted })
  }
  return events
}

function wrote(owner: string, fence: number, base: number, current: number, accepted = true): WitnessEvent {
  return { type: 'wrote', at: ms(fence), key: 'k', owner, fence, base, current, accepted }
}

function lost(at: number, until: number): WitnessEvent & { type: 'fault' } {
  return { type: 'fault', at: ms(at), until: ms(until), kind: 'failover', losesWrites: true }
}

function replayed(owner: string, result: string, at: number): WitnessEvent {
  return { type: 'replayed', at: ms(at), key: 'k', owner, result }
}

function rulesBroken(...events: readonly (WitnessEvent | readonly WitnessEvent[])[]): string[] {
  const history = historyOf(events.flat())
  const expectations = { windowMsOf: () => 1_000, liveKeys: [], livenessMs: 0, calmAt: 0 }
  return judge(history, expectations).map(({ rule }) => rule)
}

describe('mutual exclusion', () => {
  const broken = ['mutual exclusion']

  it('holds for one ownership after the other, no matter how close', () => {
    expect(
      rulesBroken(
        owned('a', 10, { valid: 99, end: ['release', 20, 21] }),
        owned('b', 20, { valid: 50, asked: 5 }),
        owned('c', 50, { valid: 90 }),
      ),
    ).toEqual([])
  })

  it('is broken when a second one starts before the first has ended', () => {
    expect(rulesBroken(owned('a', 10, { valid: 30 }), owned('b', 29, { valid: 40 }))).toEqual(broken)
    expect(
      rulesBroken(owned('a', 10, { valid: 30, end: ['release', 20, 31] }), owned('b', 19, { valid: 40 })),
    ).toEqual([...broken, 'zombie writes'])
  })

  it('is broken by one that starts and ends within the other', () => {
    expect(
      rulesBroken(
        owned('a', 10, { valid: 90 }),
        owned('b', 20, { valid: 30 }),
        owned('c', 40, { valid: 50 }),
      ),
    ).toEqual([...broken, ...broken])
  })

  it('does not count an ownership whose body continued after it noticed the loss', () => {
    expect(
      rulesBroken(owned('a', 10, { valid: 20, saved: [60, false] }), owned('b', 30, { valid: 50 })),
    ).toEqual([])
  })

  it('does not count a grant that was over when it was seen', () => {
    expect(rulesBroken(owned('a', 10, { valid: 90 }), owned('b', 40))).toEqual([])
    expect(rulesBroken(owned('a', 10, { valid: 90 }), owned('b', 40, { valid: 30 }))).toEqual([])
  })

  it('allows as many owners as permits', () => {
    const three = [10, 11, 12].map((at) => owned(`o${at}`, at, { permits: 3, valid: 90 }))
    expect(rulesBroken(...three)).toEqual([])
    expect(rulesBroken(...three, owned('d', 13, { permits: 3, valid: 90 }))).toEqual(broken)
    expect(rulesBroken(...three, owned('d', 90, { permits: 3, valid: 95 }))).toEqual([])
  })

  it('is about one key', () => {
    expect(rulesBroken(owned('a', 10, { valid: 90 }), owned('b', 20, { key: 'other', valid: 90 }))).toEqual(
      [],
    )
  })

  it('excuses only ownerships that the nemesis made the storage forget', () => {
    const two = [owned('a', 10, { valid: 90 }), owned('b', 60, { valid: 80 })]
    expect(rulesBroken(...two, lost(40, 50))).toEqual([])
    expect(rulesBroken(...two, lost(100, 110))).toEqual(broken)
  })

  it('does not excuse a loss of data after both grants: it caused neither of them', () => {
    const two = [owned('a', 10, { valid: 50 }), owned('b', 45, { valid: 80 })]
    expect(rulesBroken(...two, lost(60, 70))).toEqual(broken)
  })

  it('excuses no lease that the replica had confirmed before it took over', () => {
    const next = owned('b', 60, { valid: 80 })
    const failover = { ...lost(40, 50), keepsReplicated: true } as const
    expect(rulesBroken(owned('a', 10, { valid: 90 }), next, failover)).toEqual([])
    expect(rulesBroken(owned('a', 10, { valid: 90, durable: true }), next, failover)).toEqual(broken)
    // No replica took over.
    expect(rulesBroken(owned('a', 10, { valid: 90, durable: true }), next, lost(40, 50))).toEqual([])
  })
})

describe('fence order', () => {
  const broken = ['fence order']

  it('is broken by a smaller fence later on', () => {
    expect(rulesBroken(owned('a', 10, { fence: 7 }), owned('b', 20, { fence: 6 }))).toEqual(broken)
    expect(rulesBroken(owned('a', 10, { fence: 7 }), owned('b', 20, { fence: 8 }))).toEqual([])
  })

  it('is broken by the same fence twice', () => {
    expect(rulesBroken(owned('a', 10, { fence: 7 }), owned('b', 10, { fence: 7 }))).toEqual(broken)
  })

  it('is broken over a pair that is far apart', () => {
    expect(
      rulesBroken(
        owned('a', 10, { fence: 50 }),
        owned('b', 20, { fence: 60 }),
        owned('c', 30, { fence: 55 }),
      ),
    ).toEqual(broken)
  })

  it('is broken in a queue, where all requests were sent before the first grant', () => {
    expect(
      rulesBroken(
        owned('a', 10, { asked: 1, fence: 7, valid: 15 }),
        owned('b', 20, { asked: 2, fence: 6, valid: 25 }),
      ),
    ).toEqual(broken)
  })

  it('allows either order for two concurrent requests that were never confirmed', () => {
    expect(
      rulesBroken(owned('a', 10, { asked: 1, fence: 7 }), owned('b', 20, { asked: 2, fence: 6 })),
    ).toEqual([])
  })

  it('allows either order for a grant that the storage forgot before its owner got it', () => {
    const two = [
      owned('b', 20, { asked: 19, fence: 9, valid: 25 }),
      owned('a', 30, { asked: 5, fence: 7, valid: 40 }),
    ]
    expect(rulesBroken(...two)).toEqual(broken)
    expect(rulesBroken(...two, lost(10, 12))).toEqual([])
    expect(rulesBroken(...two, lost(1, 4))).toEqual(broken)
  })

  it('must hold although the storage forgot', () => {
    expect(rulesBroken(owned('a', 10, { fence: 7 }), owned('b', 20, { fence: 6 }), lost(10, 20))).toEqual(
      broken,
    )
  })
})

describe('zombie writes', () => {
  const broken = ['zombie writes']

  it('are accepted writes of an owner with a successor', () => {
    expect(rulesBroken(owned('a', 10, { end: ['release', 31, 32] }), owned('b', 30))).toEqual(broken)
    expect(rulesBroken(owned('a', 10, { saved: [31, true] }), owned('b', 30))).toEqual(broken)
    expect(rulesBroken(owned('a', 10, { end: ['success', 31, 32] }), owned('b', 30))).toContain(
      'zombie writes',
    )
  })

  it('are found behind several successors', () => {
    expect(
      rulesBroken(
        owned('a', 10, { saved: [41, true] }),
        owned('b', 50, { asked: 5 }),
        owned('c', 40, { asked: 5, fence: 60 }),
      ),
    ).toEqual(broken)
  })

  it('are not refused writes, or writes sent before the successor was granted', () => {
    expect(
      rulesBroken(owned('a', 10, { end: ['release', 31, 32, false], saved: [31, false] }), owned('b', 30)),
    ).toEqual([])
    expect(rulesBroken(owned('a', 10, { end: ['release', 29, 32] }), owned('b', 30))).toEqual([])
    expect(rulesBroken(owned('a', 10, { end: ['release', 31] }), owned('b', 30))).toEqual([])
  })

  it('are excused when the storage forgot the successor', () => {
    expect(rulesBroken(owned('a', 10, { end: ['release', 35, 36] }), owned('b', 30), lost(25, 32))).toEqual(
      [],
    )
    // The successor was stored when it was seen, and gone when the write was answered.
    expect(rulesBroken(owned('a', 10, { saved: [35, true] }), owned('b', 30), lost(32, 34))).toEqual([])
    expect(rulesBroken(owned('a', 10, { saved: [35, true] }), owned('b', 30), lost(37, 40))).toEqual(broken)
  })

  it('are not excused when the storage forgot only the owner, except its release', () => {
    const successor = owned('b', 30)
    expect(rulesBroken(owned('a', 10, { saved: [35, true] }), successor, lost(5, 20))).toEqual(broken)
    expect(rulesBroken(owned('a', 10, { end: ['failure', 35, 36] }), successor, lost(5, 20))).toEqual(broken)
    expect(rulesBroken(owned('a', 10, { end: ['release', 35, 36] }), successor, lost(5, 20))).toEqual([])
    // Data lost before the owner was granted.
    expect(rulesBroken(owned('a', 10, { end: ['release', 35, 36] }), successor, lost(5, 8))).toEqual(broken)
  })
})

describe('once in the window', () => {
  const broken = ['once in the window']

  it('is broken by a start that follows a completion too soon', () => {
    expect(rulesBroken(owned('a', 10, { end: ['success', 20, 21] }), owned('b', 1_019))).toEqual(broken)
    expect(rulesBroken(owned('a', 10, { end: ['success', 20, 21] }), owned('b', 1_021))).toEqual([])
  })

  it('is broken also when the second request was sent before the first completed', () => {
    expect(rulesBroken(owned('a', 10, { end: ['success', 20, 40] }), owned('b', 30, { asked: 15 }))).toEqual(
      broken,
    )
  })

  it('counts only an accepted completion', () => {
    expect(rulesBroken(owned('a', 10, { end: ['success', 20, 21, false] }), owned('b', 30))).toEqual([])
    expect(rulesBroken(owned('a', 10, { end: ['success', 20, 21, null] }), owned('b', 30))).toEqual([])
    expect(rulesBroken(owned('a', 10, { end: ['failure', 20, 21] }), owned('b', 30))).toEqual([])
  })

  it('is excused when the storage forgot the completion', () => {
    const two = [owned('a', 10, { end: ['success', 20, 21] }), owned('b', 300)]
    expect(rulesBroken(...two, lost(15, 25))).toEqual([])
    expect(rulesBroken(...two, lost(400, 500))).toEqual(broken)
  })

  it('is excused when the storage forgot the start, and then accepted the end of the previous execution', () => {
    const before = owned('a', 10, { end: ['success', 20, 600] })
    expect(rulesBroken(before, owned('b', 300), lost(400, 500))).toEqual([])
    expect(rulesBroken(before, owned('b', 300), lost(700, 800))).toEqual(broken)
  })
})

describe('attempts', () => {
  const broken = ['attempts are counted']

  it('grow after a crash, a refused end and a failure', () => {
    for (const first of [
      {},
      { end: ['success', 20, 21, false] },
      { end: ['failure', 20, 21] },
    ] satisfies Told[]) {
      const before = owned('a', 10, { attempt: 1, ...first })
      expect(rulesBroken(before, owned('b', 30, { attempt: 2 }))).toEqual([])
      expect(rulesBroken(before, owned('b', 30, { attempt: 3 }))).toEqual([]) // no process survived to witness one attempt
      expect(rulesBroken(before, owned('b', 30, { attempt: 1 }))).toEqual(broken)
    }
  })

  it('restart after the window of a success that was refused: it may have been recorded at its first sending', () => {
    const refused = owned('a', 10, { attempt: 2, end: ['success', 20, 21, false] })
    expect(rulesBroken(refused, owned('b', 1_019, { attempt: 1 }))).toEqual(broken)
    expect(rulesBroken(refused, owned('b', 1_020, { attempt: 1 }))).toEqual([])
  })

  it('do not grow after a release that was refused: it may have been recorded at its first sending', () => {
    const refused = (how: 'release' | 'failure'): WitnessEvent[] =>
      owned('a', 10, { attempt: 1, end: [how, 20, 21, false] })
    expect(rulesBroken(refused('release'), owned('b', 30, { attempt: 1 }))).toEqual([])
    expect(rulesBroken(refused('release'), owned('b', 30, { attempt: 2 }))).toEqual([])
    expect(rulesBroken(refused('failure'), owned('b', 30, { attempt: 1 }))).toEqual(broken)
  })

  it('do not grow after a release by close, whose answer is not witnessed; they do after a crash', () => {
    const closed = owned('a', 10, { attempt: 1, end: ['release', 20] })
    expect(rulesBroken(closed, owned('b', 30, { attempt: 1 }))).toEqual([])
    expect(rulesBroken(closed, owned('b', 30, { attempt: 2 }))).toEqual([])
    expect(rulesBroken(owned('a', 10, { attempt: 1 }), owned('b', 30, { attempt: 1 }))).toEqual(broken)
  })

  it('restart when the storage forgot its data', () => {
    const two = [owned('a', 10, { attempt: 1 }), owned('b', 30, { attempt: 1 })]
    expect(rulesBroken(...two, lost(15, 20))).toEqual([])
    expect(rulesBroken(...two, lost(35, 40))).toEqual(broken)
  })

  it('do not grow after a release or a completion', () => {
    expect(
      rulesBroken(owned('a', 10, { attempt: 2, end: ['release', 20, 21] }), owned('b', 30, { attempt: 2 })),
    ).toEqual([])
    expect(
      rulesBroken(
        owned('a', 10, { attempt: 2, end: ['success', 20, 21] }),
        owned('b', 2_000, { attempt: 1 }),
      ),
    ).toEqual([])
  })
})

describe('replays', () => {
  const broken = ['faithful replays']
  const completed = owned('a', 10, { end: ['success', 20, 21], result: '42' })

  it('have the result of the execution', () => {
    expect(rulesBroken(completed, replayed('a', '42', 30))).toEqual([])
    expect(rulesBroken(completed, replayed('a', '43', 30))).toEqual(broken)
  })

  it('may come from a success whose answer never arrived, but not from a refused, failed or unknown one', () => {
    expect(
      rulesBroken(owned('a', 10, { end: ['success', 20], result: '42' }), replayed('a', '42', 30)),
    ).toEqual([])
    expect(
      rulesBroken(owned('a', 10, { end: ['success', 20, 21, false], result: '42' }), replayed('a', '42', 30)),
    ).toEqual(broken)
    expect(rulesBroken(owned('a', 10, { end: ['failure', 20, 21] }), replayed('a', '42', 30))).toEqual(broken)
    expect(rulesBroken(replayed('nobody', '42', 30))).toEqual(broken)
  })

  it('may come from a refused success that was recorded, and replaced after its window before it was sent again', () => {
    const refused = owned('a', 10, { end: ['success', 20, 1_100, false], result: '42' })
    expect(rulesBroken(refused, replayed('a', '42', 30), owned('b', 1_030))).toEqual([])
    expect(rulesBroken(refused, replayed('a', '42', 30), owned('b', 1_010))).toEqual(broken)
    expect(rulesBroken(refused, replayed('a', '42', 30), owned('b', 1_200))).toEqual(broken)
  })

  it('may come from a refused success only if the storage may have recorded it, and then forgot it', () => {
    const refused = owned('a', 10, { end: ['success', 20, 40, false], result: '42' })
    expect(rulesBroken(refused, replayed('a', '42', 30), lost(32, 35))).toEqual([])
    expect(rulesBroken(refused, replayed('a', '42', 30), lost(45, 50))).toEqual(broken)
    expect(rulesBroken(refused, replayed('a', '43', 30), lost(32, 35))).toEqual(broken)
  })
})

describe('updates', () => {
  it('are lost when a write was based on an older value', () => {
    expect(rulesBroken(wrote('a', 1, 0, 0), wrote('b', 2, 1, 1))).toEqual([])
    expect(rulesBroken(wrote('a', 1, 0, 0), wrote('b', 2, 0, 1))).toEqual(['no lost update'])
  })

  it('are not lost when the write was refused', () => {
    expect(rulesBroken(wrote('a', 2, 0, 0), wrote('b', 1, 0, 1, false))).toEqual([])
  })

  it('are judged by a resource that refuses older fences', () => {
    expect(rulesBroken(wrote('a', 2, 0, 0), wrote('b', 1, 1, 1))).toEqual(['fenced writes'])
  })
})

describe('liveness', () => {
  const judged = (events: WitnessEvent[]): string[] =>
    judge(historyOf(events), {
      windowMsOf: () => 0,
      liveKeys: ['k'],
      livenessMs: 100,
      calmAt: ms(1_000),
    }).map(({ what }) => what)

  it('requires each key to be acquired, or completed, soon after the faults', () => {
    expect(judged(owned('a', 1_050, { valid: 1_060 }))).toEqual([])
    expect(judged(owned('a', 900, { valid: 1_090 }))).toEqual([])
    expect(
      judged([...owned('a', 10, { end: ['success', 20, 21], result: 'r' }), replayed('a', 'r', 1_050)]),
    ).toEqual([])
  })

  it('is broken when no worker gets the key, or only late', () => {
    expect(judged(owned('a', 900, { valid: 990 }))).toEqual(['no worker got it after the faults had stopped'])
    expect(judged(owned('a', 1_200, { valid: 1_210 }))).toEqual([
      'no worker got it for 210.0 ms after the faults had stopped',
    ])
  })
})

it('reads the events so far, while a process is writing a line', () => {
  const directory = mkdtempSync(join(tmpdir(), 'witness-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'witness')
  const lines = owned('a', 10, { valid: 20 }).map((event) => `${JSON.stringify(event)}\n`)
  writeFileSync(path, lines.join(''))
  expect(readWitness(path)).toEqual(owned('a', 10, { valid: 20 }))
  writeFileSync(path, lines.join('').slice(0, -5))
  expect(readWitness(path)).toEqual(owned('a', 10))
})

it('reports surprises', () => {
  expect(rulesBroken({ type: 'surprise', at: 1, what: 'TypeError: x is not a function' })).toEqual([
    'no surprises',
  ])
})
