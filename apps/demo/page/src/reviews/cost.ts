import type { ModelCallState, ModelSpending, SecondOpinion } from '../../../src/events/model-news.ts'
import { grouped, plural } from '../format.ts'

export const CALL_WORDS: Readonly<Record<ModelCallState, string>> = {
  begun: 'Sent, no answer yet',
  answered: 'Answered',
  refused: 'Not taken, nothing to pay',
  lost: 'Paid for, answer lost',
}

/** `$0.0012`, of millionths of a dollar; less than a hundredth of a cent is not nothing. */
export function costOf(cost: number): string {
  if (cost > 0 && cost < 100) return 'under $0.0001'
  return `$${(cost / 1_000_000).toFixed(cost < 1_000_000 && cost > 0 ? 4 : 2)}`
}

/** `2 calls, 1,204 tokens, $0.0012; paid for, answer lost: 1 ($0.0004)` */
export function spentWords({
  calls,
  inputTokens,
  outputTokens,
  cost,
  lostCost,
}: Omit<ModelSpending, 'begun'>): string {
  const sent = calls.answered + calls.begun + calls.lost
  const words = `${plural(sent, 'call')}, ${grouped(inputTokens + outputTokens)} tokens, ${costOf(cost)}`
  return calls.lost === 0 ? words : `${words}; paid for, answer lost: ${calls.lost} (${costOf(lostCost)})`
}

/** `gpt has found 3 faults. 1 more was about lines that the change has not added.` */
export function opinionWords({ model, findings, dropped }: SecondOpinion): string {
  const found = `${model} has ${findings === 0 ? 'no findings' : plural(findings, 'finding')}.`
  if (dropped === 0) return found
  return `${found} ${plural(dropped, 'more was', 'more were')} about lines that the change has not added, and ${dropped === 1 ? 'counts' : 'count'} for nothing.`
}
