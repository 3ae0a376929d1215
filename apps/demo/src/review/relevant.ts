import type { Marked } from './analysers/analyser.ts'
import type { ChangedFile } from './diff.ts'
import type { Finding } from './reviewer.ts'

/** The same remark on more lines of a file says nothing new. */
const MOST_ALIKE = 10

/** Of all that there is to say about a file, what lies on lines that the change has added. */
export function broughtIn(file: ChangedFile, remarks: readonly Marked[]): readonly Finding[] {
  const added = new Set(file.addedLines.map(({ line }) => line))
  return remarks.flatMap(({ lastLine, ...remark }): Finding[] => {
    const { line } = remark
    if (line === undefined || added.has(line)) return [{ ...remark, file: file.path }]
    // A function that has changed inside: at the first line of it that is new.
    const inside =
      lastLine === undefined
        ? undefined
        : file.addedLines.find((each) => each.line > line && each.line <= lastLine)
    return inside === undefined ? [] : [{ ...remark, line: inside.line, file: file.path }]
  })
}

const RANK = { error: 0, warning: 1, info: 2 }

/** The worst first. Of many that are alike in a file, some, and the last of them says how many more there are. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const alike = [...Map.groupBy(findings, ({ file, rule }) => `${rule} ${file}`).values()]
  return alike
    .flatMap((group) => {
      const hidden = group.length - MOST_ALIKE
      if (hidden <= 0) return group
      const byLine = group.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)).slice(0, MOST_ALIKE)
      return byLine.map((finding, index) =>
        index === MOST_ALIKE - 1
          ? { ...finding, message: `${finding.message} The same on ${hidden} more lines of this file.` }
          : finding,
      )
    })
    .toSorted(
      (a, b) =>
        RANK[a.severity] - RANK[b.severity] ||
        a.file.localeCompare(b.file) ||
        (a.line ?? 0) - (b.line ?? 0) ||
        a.rule.localeCompare(b.rule),
    )
}
