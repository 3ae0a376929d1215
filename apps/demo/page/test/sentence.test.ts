import { describe, expect, it } from 'vitest'
import { ladderOf, sentenceOf } from '../src/inspector/sentence.ts'
import type { Model } from '../src/model/model.ts'
import { storyModel } from './story-model.ts'

const model = storyModel()

function told(of: Model, key: string): string {
  const work = of.works.get(key)
  if (work === undefined) throw new Error(`The story has no ${key}.`)
  return sentenceOf(of, work)
    .map((piece) => (typeof piece === 'string' ? piece : piece.strong))
    .join('')
}

describe('the sentence of a piece of work', () => {
  it.each([
    ['ai-review:r142', 'Done by instance-3 on its 2nd attempt, after instance-1 was killed at 50 %.'],
    [
      'pull-request-summary:r142',
      'Done by instance-1 on its 2nd attempt, after instance-2 froze at 30 %. The database refused the late write of instance-2: fence 1 is older than 2.',
    ],
    ['risk-assessment:r141', 'Done by instance-2.'],
    ['ai-review:r144', 'instance-3 runs it, 40 % are done.'],
  ])('%s', (key, sentence) => {
    expect(told(model, key)).toBe(sentence)
  })

  it('says that nothing ran when Redis did not answer', () => {
    const key = 'improvement-suggestions:r142'
    const work = model.works.get(key)
    if (work === undefined) throw new Error('The story has no suggestions.')
    const without = { ...model, works: new Map([[key, { ...work, attempts: [] }]]) }
    expect(told(without, key)).toBe('Nothing ran: Redis did not answer.')
  })
})

describe('the ladder of attempts', () => {
  it('ranks them, and says how long no instance ran it', () => {
    const work = model.works.get('ai-review:r142')
    expect(work === undefined ? [] : ladderOf(model, work)).toMatchObject([
      {
        rank: 1,
        tone: 'stop',
        instance: 'instance-1',
        what: 'killed at 50 %',
        detail: '4.2 s · silent for 4.6 s, then its lease was over',
      },
      { rank: 2, tone: 'done', instance: 'instance-3', what: 'done', detail: '4.5 s · went on from 50 %' },
    ])
  })
})
