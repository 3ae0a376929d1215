/** What a model says of a change, and what comes of it when it does not say what it was asked for. */
import { describe, it } from 'vitest'
import type { StubBehaviour } from '../../src/model-stub/model-stub.ts'
import { KEY, asking, found } from './asking.ts'

const answers = (...texts: readonly string[]) => ({
  behave: ({ number }: { readonly number: number }): StubBehaviour => ({
    kind: 'answer',
    text: texts[number - 1] ?? 'no more',
  }),
})

describe.concurrent('the second reviewer', () => {
  it('adds findings on lines that the change has added, and drops and counts the others', async ({
    expect,
    onTestFinished,
  }) => {
    // What the first has said of the fourth line is not said twice.
    const text = found(['a.txt', 3], ['a.txt', 4], ['a.txt', 2], ['b.txt', 3], ['a.txt', 99])
    const { review, store, stub } = await asking({ onTestFinished }, answers(text))
    const { findings, reviewer } = await review('r1')
    expect(findings.map(({ rule }) => rule)).toEqual(['first/rule', 'model/off-by-one'])
    expect(findings.slice(1)).toEqual([
      {
        file: 'a.txt',
        line: 3,
        severity: 'warning',
        category: 'bug',
        rule: 'model/off-by-one',
        message: 'About 3.',
        suggestion: 'Count again.',
      },
    ])
    expect(reviewer).toBe('first and stub')
    expect(store.secondOpinions.find('r1')).toEqual({
      model: 'stub',
      problem: null,
      findings: 2,
      dropped: 3,
      leftOut: [],
    })
    const question = stub.requests[0]?.messages.at(-1)?.content
    expect(question).toBe(
      '### a.txt\n@@ line 1 @@\n     1 | one\n     2 | two\n+    3 | three\n+    4 | four\n',
    )
  })

  it('costs once for the same change, also for another review of it', async ({ expect, onTestFinished }) => {
    const { review, store, stub, holdfast } = await asking({ onTestFinished }, answers(found(['a.txt', 4])))
    const [first] = await Promise.all([review('r1'), review('r2'), review('r3')])
    // Where only the execution is left, and where only the answer in the cache is.
    await holdfast.cache.namespace('model').clear()
    expect(await review('r4')).toEqual(first)
    const [execution] = (await holdfast.idempotency.list('model-call')).executions
    expect(await holdfast.idempotency.forget('model-call', execution?.jobKey ?? '')).toBe(true)
    expect(await review('r5')).toEqual(first)
    expect(stub.requests).toHaveLength(1)
    const { input, output } = stub.tokens()
    expect(store.modelCalls.spent()).toEqual({
      calls: { answered: 1, begun: 0, lost: 0, refused: 0 },
      inputTokens: input,
      outputTokens: output,
      cost: 2 * input + 8 * output,
      lostCost: 0,
      begun: { inputTokens: 0, cost: 0 },
    })
    expect(['r1', 'r2', 'r3', 'r4', 'r5'].map((id) => store.secondOpinions.find(id)?.findings)).toEqual([
      1, 1, 1, 1, 1,
    ])
  })

  it('asks once more with what was wrong', async ({ expect, onTestFinished }) => {
    const half = found(['a.txt', 3]).replace('"bug"', '"taste"')
    const { review, store, stub } = await asking({ onTestFinished }, answers(half, found(['a.txt', 3])))
    expect((await review('r1')).findings).toHaveLength(2)
    expect(stub.requests[1]?.messages.slice(2)).toEqual([
      { role: 'assistant', content: half },
      { role: 'user', content: expect.stringMatching(/^That cannot be used\. findings\.0\.category: /) },
    ])
    expect(store.modelCalls.spent('r1')?.calls).toMatchObject({ answered: 2 })
  })

  it('says why there is nothing of it when that cannot be used either, and what the analysers found stands', async ({
    expect,
    onTestFinished,
  }) => {
    const { review, store, stub } = await asking(
      { onTestFinished },
      {
        ...answers('Looks good to me!', '[]'),
      },
    )
    expect((await review('r1')).findings.map(({ rule }) => rule)).toEqual(['first/rule'])
    expect(store.secondOpinions.find('r1')).toMatchObject({
      problem: expect.stringMatching(
        /^The model's answer cannot be used, nor can its second one\. the answer: .*array/,
      ),
      findings: 0,
    })
    expect(stub.requests).toHaveLength(2)
    expect(store.modelCalls.spent('r1')?.calls).toMatchObject({ answered: 2 })
  })

  it('reads an answer between fences, and one that does not say what it has cost', async ({
    expect,
    onTestFinished,
  }) => {
    const text = `\`\`\`json\n${found(['a.txt', 3])}\n\`\`\``
    const { review, store } = await asking(
      { onTestFinished },
      {
        behave: () => ({ kind: 'answer', text, withoutUsage: true }),
      },
    )
    expect((await review('r1')).findings).toHaveLength(2)
    const [call] = store.modelCalls.calls('r1')
    expect(call).toMatchObject({
      state: 'answered',
      isEstimate: true,
      outputTokens: Math.ceil(text.length / 4),
    })
  })

  it('takes no answer that was cut off', async ({ expect, onTestFinished }) => {
    const { review, store } = await asking(
      { onTestFinished },
      {
        behave: () => ({ kind: 'answer', text: found(['a.txt', 3]), finish: 'length' }),
      },
    )
    await review('r1')
    expect(store.secondOpinions.find('r1')?.problem).toContain('cut off at the limit of its length')
  })

  it('says that the key is refused, and never shows it', async ({ expect, onTestFinished }) => {
    const { review, store, stub, told } = await asking({ onTestFinished }, { key: 'another-key' })
    expect((await review('r1')).findings).toHaveLength(1)
    const { problem = '' } = store.secondOpinions.find('r1') ?? {}
    expect(problem).toBe("The model's API refuses the request (401 Incorrect API key provided: [key]).")
    const calls = store.modelCalls.calls('r1')
    expect(calls).toMatchObject([{ state: 'refused', cost: 0 }])
    expect(JSON.stringify([problem, calls, told])).not.toContain(KEY)
    expect(stub.requests).toEqual([])
  })
})
