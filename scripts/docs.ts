/** The TypeScript examples of a Markdown document, and the parts of source files that they show. */

export interface Example {
  /** Of the opening fence, from 1. */
  readonly line: number
  /** What the fence names behind `ts`: a file, or `file#region`; empty when it names none. */
  readonly source: string
  readonly code: string
}

export function examplesOf(markdown: string): Example[] {
  const fences = markdown.matchAll(/^```(?:ts|typescript)(?: +(\S+))?[^\n]*\n([\s\S]*?)^```/gm)
  return [...fences].map(({ index, 1: source = '', 2: code = '' }) => ({
    line: markdown.slice(0, index).split('\n').length,
    source,
    code,
  }))
}

/** The text between `// #region name` and `// #endregion`, moved to the left margin; the whole file without a name. */
export function regionOf(source: string, name: string | undefined): string {
  if (name === undefined) return source
  const lines = source.split('\n')
  const start = lines.findIndex((line) => line.trim() === `// #region ${name}`)
  const end = lines.findIndex((line, i) => i > start && line.trim() === '// #endregion')
  if (start < 0 || end < 0) throw new Error(`there is no // #region ${name} with an // #endregion`)
  const margin = lines[start]?.search(/\S/) ?? 0
  return `${lines
    .slice(start + 1, end)
    .map((line) => line.slice(margin))
    .join('\n')}\n`
}
