import { OXLINT_VERSION, isLintable, lint as runLint } from '../oxlint.ts'
import type { Category } from '../reviewer.ts'
import type { Analyser } from './analyser.ts'

const PERFORMANCE = /no-accumulating-spread|prefer-array-flat-map/
const SECURITY = /no-(?:implied-)?eval$|no-new-func|no-script-url/
const STYLE = /no-var$/

/** What oxlint finds in JavaScript and TypeScript, all files in one process. */
export const lint: Analyser = {
  name: 'lint',
  version: `1+${OXLINT_VERSION}`,
  reads: isLintable,
  async analyse(contents, signal) {
    const found = await runLint(contents, signal)
    return contents.map((content) =>
      (found.get(content) ?? []).map(({ help, ...same }) => ({
        ...same,
        category: categoryOf(same.rule, same.severity),
        suggestion: help,
      })),
    )
  },
}

/** oxlint’s own words are “correctness”, which we let it call an error, and “suspicious”. */
function categoryOf(rule: string, severity: 'error' | 'warning'): Category {
  if (SECURITY.test(rule)) return 'security'
  if (PERFORMANCE.test(rule)) return 'performance'
  if (STYLE.test(rule)) return 'style'
  return severity === 'error' ? 'bug' : 'quality'
}
