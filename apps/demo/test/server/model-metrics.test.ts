import { Registry } from 'prom-client'
import { it } from 'vitest'
import { measureModel } from '../../src/server/model-metrics.ts'
import { openStore } from '../../src/store/store.ts'

const END = { inputTokens: 900, outputTokens: 100, cost: 425_000, isEstimate: false, note: '' } as const

it('is measured what a model costs, by what the database has', async ({ expect, onTestFinished }) => {
  const store = openStore(':memory:')
  onTestFinished(() => store.close())
  const register = new Registry()
  measureModel(register, () => store.modelCalls.spent())
  const values = async (): Promise<readonly string[]> =>
    (await register.metrics()).split('\n').filter((line) => line.startsWith('aireview'))
  const nothing = await values()
  expect(nothing.every((line) => line.endsWith(' 0'))).toBe(true)

  const begin = (contentKey: string, fence: number, instance = 'one') =>
    store.modelCalls.begin({
      reviewId: 'r',
      instance,
      model: 'm',
      contentKey,
      fence,
      inputTokens: 800,
      cost: 200_000,
    })
  store.modelCalls.end(begin('a', 1), { state: 'answered', ...END })
  store.modelCalls.end(begin('a', 1), { ...END, state: 'refused', inputTokens: 0, outputTokens: 0, cost: 0 })
  // Another attempt at the same question: the one before is gone.
  begin('b', 1)
  store.modelCalls.end(begin('b', 2), { state: 'answered', ...END })
  const late = begin('c', 3, 'two')
  store.modelCalls.abandon('two')
  // It was frozen, and its answer comes too late.
  store.modelCalls.end(late, { state: 'answered', ...END, cost: 1 })
  begin('d', 4)
  expect(await values()).toEqual([
    'aireview_model_calls_total{outcome="answered"} 2',
    'aireview_model_calls_total{outcome="refused"} 1',
    'aireview_model_calls_total{outcome="lost"} 2',
    'aireview_model_calls_open 1',
    'aireview_model_cost_open_dollars 0.2',
    'aireview_model_tokens_total{direction="input"} 3400',
    'aireview_model_tokens_total{direction="output"} 200',
    'aireview_model_cost_dollars_total{outcome="kept"} 0.85',
    'aireview_model_cost_dollars_total{outcome="lost"} 0.4',
  ])
})
