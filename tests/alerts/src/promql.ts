import { parser } from '@prometheus-io/lezer-promql'

/** What a PromQL expression names. */
export interface Named {
  readonly metrics: readonly string[]
  /** In matchers and in groupings. */
  readonly labels: readonly string[]
}

/** @throws SyntaxError if it is no PromQL. */
export function namesIn(expression: string): Named {
  const metrics = new Set<string>()
  const labels = new Set<string>()
  parser.parse(expression).iterate({
    enter(node) {
      const text = expression.slice(node.from, node.to)
      if (node.type.isError) throw new SyntaxError(`not PromQL at "${text}" of: ${expression}`)
      if (node.name === 'Identifier' && node.node.parent?.name === 'VectorSelector') metrics.add(text)
      if (node.name === 'LabelName') labels.add(text)
    },
  })
  return { metrics: [...metrics], labels: [...labels] }
}
