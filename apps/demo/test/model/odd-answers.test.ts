/** An API that does not speak as it should: what is paid is still true, and what the analysers found stands. */
import { describe, it } from 'vitest'
import type { StubBehaviour } from '../../src/model-stub/model-stub.ts'
import { asking, found } from './asking.ts'

const TEXT = found(['a.txt', 3])

type Chunk = Readonly<Record<string, unknown>>

const raw = (type: string, body: string): { readonly behave: () => StubBehaviour } => ({
  behave: () => ({ kind: 'raw', headers: { 'content-type': type }, body }),
})

/** Streams these parts, and says that it is at its end. */
const streamed = (...chunks: readonly Chunk[]) =>
  raw(
    'text/event-stream',
    [...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]'].map((data) => `data: ${data}\n\n`).join(''),
  )

const choice = (rest: Chunk): Chunk => ({ choices: [{ index: 0, ...rest }] })
const WHOLE = choice({ delta: { content: TEXT }, finish_reason: 'stop' })

describe.concurrent('an API', () => {
  it.for([
    { prompt_tokens: -5_000_000, completion_tokens: 20 },
    { prompt_tokens: 20, completion_tokens: 1.5 },
    { prompt_tokens: 1e12, completion_tokens: 20 },
    { prompt_tokens: {}, completion_tokens: 'x' },
    {},
  ])('whose usage %j cannot be true is paid by an estimate', async (usage, { expect, onTestFinished }) => {
    const { review, store } = await asking({ onTestFinished }, streamed(WHOLE, { choices: [], usage }))
    expect((await review('r1')).findings).toHaveLength(2)
    expect(store.modelCalls.calls('r1')).toMatchObject([
      { state: 'answered', isEstimate: true, outputTokens: Math.ceil(TEXT.length / 4) },
    ])
  })
})
