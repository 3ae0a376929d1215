import { Counter, Gauge, type Registry } from 'prom-client'
import type { ModelSpending } from '../events/model-news.ts'

const MILLION = 1_000_000

/** What was asked of a model, and what it has cost, as the database has it: an instance that was killed counts, too. */
export function measureModel(register: Registry, spent: () => ModelSpending | null): void {
  const registers = [register]
  new Counter({
    name: 'aireview_model_calls_total',
    help: 'Calls of the model that have ended. lost: paid for, and the answer is not there.',
    labelNames: ['outcome'],
    registers,
    collect() {
      const { answered = 0, refused = 0, lost = 0 } = spent()?.calls ?? {}
      this.reset()
      for (const [outcome, count] of Object.entries({ answered, refused, lost })) this.inc({ outcome }, count)
    },
  })
  new Gauge({
    name: 'aireview_model_calls_open',
    help: 'Calls of the model that have begun and have no answer yet.',
    registers,
    collect() {
      this.set(spent()?.calls.begun ?? 0)
    },
  })
  new Gauge({
    name: 'aireview_model_cost_open_dollars',
    help: 'What the calls without an answer may cost, estimated.',
    registers,
    collect() {
      this.set((spent()?.begun.cost ?? 0) / MILLION)
    },
  })
  // What has begun is an estimate, and a counter must not fall.
  new Counter({
    name: 'aireview_model_tokens_total',
    help: 'Tokens of the calls that have ended, by direction.',
    labelNames: ['direction'],
    registers,
    collect() {
      const { inputTokens = 0, outputTokens = 0, begun } = spent() ?? {}
      this.reset()
      this.inc({ direction: 'input' }, inputTokens - (begun?.inputTokens ?? 0))
      this.inc({ direction: 'output' }, outputTokens)
    },
  })
  new Counter({
    name: 'aireview_model_cost_dollars_total',
    help: 'Cost of the calls that have ended, by the configured prices; of lost answers as estimated.',
    labelNames: ['outcome'],
    registers,
    collect() {
      const { cost = 0, lostCost = 0, begun } = spent() ?? {}
      this.reset()
      this.inc({ outcome: 'kept' }, (cost - lostCost - (begun?.cost ?? 0)) / MILLION)
      this.inc({ outcome: 'lost' }, lostCost / MILLION)
    },
  })
}
