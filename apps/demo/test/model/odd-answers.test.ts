/** An API that does not speak as it should: what is paid is still true, and what the analysers found stands. */
import { describe, it, vi } from 'vitest'
import type { StubBehaviour } from '../../src/model-stub/model-stub.ts'
import { KEY, asking, found } from './asking.ts'

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

  it.for([
    ['without choices', [{}, WHOLE]],
    ['without a delta', [choice({ delta: { content: TEXT } }), choice({ finish_reason: 'stop' })]],
    ['without a last one', [choice({ delta: { content: TEXT }, finish_reason: null })]],
  ] as const)('whose stream has parts %s is understood', async ([, chunks], { expect, onTestFinished }) => {
    const { review, store } = await asking({ onTestFinished }, streamed(...chunks))
    expect((await review('r1')).findings).toHaveLength(2)
    expect(store.modelCalls.calls('r1')).toMatchObject([{ state: 'answered', note: '' }])
  })

  it.for([
    ['JSON and no stream', raw('application/json', '{"choices":[]}'), 'no answer (application/json)'],
    ['a page', raw('text/html', '<html>login</html>'), 'no answer (text/html)'],
    ['half an answer', streamed(choice({ delta: { content: '{"find' } })), 'has no end'],
    ['a part that is no JSON', raw('text/event-stream', 'data: {"choi\n\n'), 'cannot be read'],
    ['a part of another shape', streamed(choice({ delta: 'text' })), 'cannot be read'],
  ] as const)(
    'that answers with %s is asked once more; what the analysers found stands',
    async ([, behaviour, problem], { expect, onTestFinished }) => {
      const { review, store } = await asking({ onTestFinished }, behaviour)
      expect((await review('r1')).findings).toHaveLength(1)
      expect(store.secondOpinions.find('r1')?.problem).toContain(problem)
      expect(store.modelCalls.spent('r1')?.calls).toMatchObject({ answered: 2, lost: 0 })
    },
  )

  it('that sends elsewhere is not followed, and costs nothing', async ({ expect, onTestFinished }) => {
    const { stub: elsewhere } = await asking({ onTestFinished })
    const headers = { location: `${elsewhere.url}/chat/completions` }
    const { review, store } = await asking(
      { onTestFinished },
      { behave: () => ({ kind: 'raw', status: 307, headers, body: '' }) },
    )
    expect((await review('r1')).findings).toHaveLength(1)
    expect(elsewhere.requests).toEqual([])
    expect(store.secondOpinions.find('r1')?.problem).toContain('refuses the request (307')
    expect(store.modelCalls.calls('r1')).toMatchObject([{ state: 'refused', cost: 0 }])
  })

  it('that speaks no TLS where TLS is asked for has cost nothing', async ({ expect, onTestFinished }) => {
    const { stub } = await asking({ onTestFinished })
    const settings = { url: stub.url.replace('http:', 'https:'), patienceMs: 0 }
    const { review, store } = await asking({ onTestFinished }, { settings })
    await expect(review('r1')).rejects.toMatchObject({
      code: 'MODEL_BUSY',
      message: expect.stringMatching(/^The model cannot be reached \(\w+\)\. Start/),
    })
    expect(store.modelCalls.calls('r1')).toMatchObject([{ state: 'refused', cost: 0 }])
  })

  it.for([
    ['a finding', found(['a.txt', 3]).replace('About 3.', `Your key is ${KEY}.`), null],
    ['the name of a rule', found(['a.txt', 3]).replace('Off by one', KEY), null],
    ['what is malformed', JSON.stringify({ findings: [], [KEY]: 1 }), '[key]'],
    ['what is no JSON', `Your key is ${KEY}.`, 'no JSON'],
  ] as const)(
    'that repeats the key in %s does not show it',
    async ([, text, problem], { expect, onTestFinished }) => {
      const { review, store, holdfast } = await asking(
        { onTestFinished },
        { behave: () => ({ kind: 'answer', text }) },
      )
      const { findings } = await review('r1')
      const opinion = store.secondOpinions.find('r1')
      const shown = JSON.stringify([
        findings,
        opinion,
        store.modelCalls.calls('r1'),
        await holdfast.idempotency.list('model-call'),
      ])
      // Nor a part of it.
      expect(shown).not.toContain('hush')
      if (problem === null) expect(shown).toContain('key')
      else expect(opinion?.problem).toContain(problem)
    },
  )
})

it('gets no headers of the environment', async ({ expect, onTestFinished }) => {
  vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'Authorization: Bearer sk-of-another\nX-Team: secret')
  onTestFinished(() => void vi.unstubAllEnvs())
  const { review, store } = await asking({ onTestFinished })
  await review('r1')
  // The stub wants the key that was set.
  expect(store.secondOpinions.find('r1')?.problem).toBe(null)
})
