import type { ElementContent, Root } from 'hast'
import type { FileView } from './diff-rows.ts'
import { type SpanKind, type Spans, kindOf } from './languages.ts'

type Side = 'oldLine' | 'newLine'

/**
 * The colours of every line, by its index in the file's diff. A hunk is read twice, as it was and as it is now, since a string
 * or a comment can go over several lines: a removed line belongs to the first reading, all others to the second.
 */
export function highlightHunks(
  hunks: FileView['hunks'],
  highlight: (code: string) => Root,
): ReadonlyMap<number, Spans> {
  const spans = new Map<number, Spans>()
  let first = 0
  for (const { lines } of hunks) {
    for (const side of ['oldLine', 'newLine'] satisfies Side[]) {
      const ofSide = lines.flatMap((line, index) =>
        line[side] === null ? [] : [{ ...line, at: first + index }],
      )
      const coloured = linesOf(highlight(ofSide.map(({ text }) => text).join('\n')))
      for (const [index, { at }] of ofSide.entries()) spans.set(at, coloured[index] ?? [])
    }
    first += lines.length
  }
  return spans
}

/** The tree of a piece of code, cut at its line ends. */
function linesOf(root: Root): readonly Spans[] {
  const lines: [SpanKind | null, string][][] = [[]]
  const walk = (
    nodes: readonly (Root['children'][number] | ElementContent)[],
    kind: SpanKind | null,
  ): void => {
    for (const node of nodes) {
      if (node.type === 'element') walk(node.children, kindOf(scopeOf(node.properties['className'])) ?? kind)
      if (node.type !== 'text') continue
      for (const [index, text] of node.value.split('\n').entries()) {
        if (index > 0) lines.push([])
        if (text !== '') lines.at(-1)?.push([kind, text])
      }
    }
  }
  walk(root.children, null)
  return lines
}

/** `hljs-title function_` */
function scopeOf(className: unknown): string {
  const first: unknown = Array.isArray(className) ? className[0] : className
  return typeof first === 'string' ? first.replace(/^hljs-/, '') : ''
}
