/** The TypeScript examples and the links of a Markdown document, and the parts of source files that it shows. */
import { globSync } from 'node:fs'

export interface Example {
  /** Of the opening fence, from 1. */
  readonly line: number
  /** What the fence names behind `ts`: a file, or `file#region`; empty when it names none. */
  readonly source: string
  readonly code: string
}

const FENCE = /^```(?:ts|typescript)(?: +(\S+))?[^\n]*\n([\s\S]*?)^```/gm

/** Every document of the repository, by its path from the root. */
export function documentsIn(root: string): string[] {
  const exclude = (path: string): boolean => /(^|\/)(node_modules|dist|\.cache|CHANGELOG\.md)$/.test(path)
  return globSync('**/*.md', { cwd: root, exclude }).sort()
}

export function examplesOf(markdown: string): Example[] {
  return [...markdown.matchAll(FENCE)].map(({ index, 1: source = '', 2: code = '' }) => ({
    line: markdown.slice(0, index).split('\n').length,
    source,
    code,
  }))
}

/** What a document links to in the repository: a file, or `file#heading`; the file is empty for the document itself. */
export function linksOf(markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^\w+:/.test(target))
}

/** What can be linked to in a document: its headings, as GitHub names them. */
export function anchorsOf(markdown: string): string[] {
  const headings = markdown.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)
  return Array.from(headings, ([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** The document with each example that names a file replaced by what `textOf` says of it. */
export function replaceExamples(markdown: string, textOf: (file: string, region?: string) => string): string {
  return markdown.replace(FENCE, (fence, source: string | undefined) => {
    if (source === undefined) return fence
    const [file = '', region] = source.split('#')
    return `\`\`\`ts ${source}\n${textOf(file, region)}\`\`\``
  })
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
