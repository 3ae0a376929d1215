/** The examples and the links of a Markdown document, and the parts of source files that it shows. */
import { globSync } from 'node:fs'
import { posix } from 'node:path'
import { REPOSITORY } from './publication.ts'

export interface Example {
  /** Of the opening fence, from 1. */
  readonly line: number
  /** What the fence names behind its language: a file, or `file#region`; empty when it names none. */
  readonly source: string
  readonly code: string
}

const FENCE = /^```(ts|typescript|sh|yaml|conf|dockerfile)(?: +(\S+))?[^\n]*\n([\s\S]*?)^```/gm

/** Every document of the repository, by its path from the root. */
export function documentsIn(root: string): string[] {
  const exclude = (path: string): boolean =>
    /(^|\/)(node_modules|dist|\.cache|CHANGELOG\.md)$/.test(path) || isMade(path)
  return globSync('**/*.md', { cwd: root, exclude }).sort()
}

/** Whether the build of the site makes it: git ignores it, so that no document may link to it. */
export function isMade(path: string): boolean {
  return /^docs\/reference\/(api|packages)(\/|$)/.test(path)
}

/** TypeScript, which has to name its file, and what names one in another language: a script, a configuration. */
export function examplesOf(markdown: string): Example[] {
  return [...markdown.matchAll(FENCE)]
    .filter(([, language = '', source]) => language.startsWith('t') || source !== undefined)
    .map(({ index, 2: source = '', 3: code = '' }) => ({
      line: markdown.slice(0, index).split('\n').length,
      source,
      code,
    }))
}

/** What a document links to, outside of its examples: in brackets, by reference, or as HTML. */
export function linksOf(markdown: string): string[] {
  return proseOf(markdown).flatMap((prose) =>
    Array.from(prose.matchAll(LINK), (match) => match.groups?.['to'] ?? ''),
  )
}

/**
 * Where a link of a document leads in the repository: the path from its root, and the heading, if it names one. Links to
 * our pages on the forge count as well; `undefined` for those to other sites.
 */
export function targetOf(link: string, document: string): { path: string; anchor?: string } | undefined {
  const page = link.startsWith(`${REPOSITORY}/`)
    ? /^\/(?:blob|tree)\/main\/(.*)$/.exec(link.slice(REPOSITORY.length))
    : null
  if (page === null && /^\w+:/.test(link)) return undefined
  const [file = '', anchor] = (page?.[1] ?? link).split('#')
  const path = page === null ? posix.join(posix.dirname(document), file) : file
  return { path: file === '' ? document : path, ...(anchor === undefined ? {} : { anchor }) }
}

/** The document with each link outside of its examples replaced by what `change` says of it. */
export function replaceLinks(markdown: string, change: (link: string) => string): string {
  return markdown
    .split(BLOCK)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part.replace(LINK, (whole, ...args) => {
            const { to } = args.at(-1) as { to: string }
            const at = whole.lastIndexOf(to)
            return whole.slice(0, at) + change(to) + whole.slice(at + to.length)
          }),
    )
    .join('')
}

/** What can be linked to in a document: its headings, as GitHub names them. */
export function anchorsOf(markdown: string): string[] {
  const taken = new Map<string, number>()
  const headings = proseOf(markdown).flatMap((prose) => [...prose.matchAll(/^#+ (.*)$/gm)])
  return headings.map(([, text = '']) => {
    const anchor = anchorOf(text.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'))
    const before = taken.get(anchor) ?? 0
    taken.set(anchor, before + 1)
    return before === 0 ? anchor : `${anchor}-${before}`
  })
}

/** The name of a heading in links, as GitHub makes it of its text. */
export function anchorOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}

/** A fenced block; in parentheses, so that `split` keeps it. */
const BLOCK = /(^```[\s\S]*?^```)/m

const LINK =
  /\]\((?<to>[^)\s]+)\)|^\[[^\]]+\]: *(?<to>\S+)|<(?:a|img|source)\s[^>]*?(?:href|src|srcset)="(?<to>[^"]+)"/gm

function proseOf(markdown: string): string[] {
  return markdown.split(BLOCK).filter((_, index) => index % 2 === 0)
}

/** The document with each example that names a file replaced by what `textOf` says of it. */
export function replaceExamples(markdown: string, textOf: (file: string, region?: string) => string): string {
  return markdown.replace(FENCE, (fence, language: string, source: string | undefined) => {
    if (source === undefined) return fence
    const [file = '', region] = source.split('#')
    return `\`\`\`${language} ${source}\n${textOf(file, region)}\`\`\``
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
