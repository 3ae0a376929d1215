import type { Node } from '@vscode/tree-sitter-wasm'
import type { Grammar } from '../analysers/tree.ts'
import type { Remark } from '../reviewer.ts'

/** A fault that the shape of the code shows. */
export interface FaultRule extends Omit<Remark, 'line'> {
  readonly grammars: readonly Grammar[]
  /** Of tree-sitter; what it captures as `@fault` is where the fault is. */
  readonly query: string
  /** What the query cannot say. Default: every match is one. */
  readonly isFault?: (captured: Readonly<Record<string, Node>>) => boolean
}

/** Whether a text begins a statement that has values in it. */
export function isSql(text: string): boolean {
  return /^[^\w]*[$@frb]*["'`]+\s*(?:select\b[\s\S]*\bfrom|insert\s+into|update\b[\s\S]*\bset|delete\s+from)\b/i.test(
    text,
  )
}

export const SQL_INJECTION = {
  severity: 'error',
  category: 'security',
  message:
    'Values are put into the text of an SQL statement: a person who chooses them can change what it does.',
  suggestion: 'Pass the values as parameters of the statement.',
} as const

/** The nearest node around this one that is of one of these types. */
export function around(node: Node, ...types: readonly string[]): Node | undefined {
  for (let at = node.parent; at !== null; at = at.parent) if (types.includes(at.type)) return at
  return undefined
}
