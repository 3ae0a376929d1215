/** The table of metrics in a document: made of the one table in the code of `@holdfast/telemetry`. */
import { METRICS, prometheusName } from '@holdfast/telemetry'

const BLOCK = /^<!-- metrics -->\n[\s\S]*?^<!-- end of metrics -->$/m

/** The document with its table of metrics, if it has one, replaced by what the code has. */
export function replaceMetricTable(markdown: string): string {
  const rows = Object.values(METRICS).map((metric) => {
    const labels = metric.labels.map((label) => `\`${label}\``).join(' ')
    return `| \`${prometheusName(metric)}\` | ${metric.kind} | ${labels} | ${metric.help} | ${metric.from} |`
  })
  const table = ['| metric | kind | labels | meaning | made of |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  )
  return markdown.replace(BLOCK, () => `<!-- metrics -->\n\n${table}\n\n<!-- end of metrics -->`)
}
