import treeSitter, { type Language, type Node, type Query } from '@vscode/tree-sitter-wasm'
import { ANY_LANGUAGE } from '../fault-rules/any-language.ts'
import { CSHARP } from '../fault-rules/csharp.ts'
import type { FaultRule } from '../fault-rules/fault-rule.ts'
import { JAVASCRIPT } from '../fault-rules/javascript.ts'
import { PYTHON } from '../fault-rules/python.ts'
import { type Analyser, type Marked, oneByOne } from './analyser.ts'
import { TREE_VERSION, grammarOf, lineOf, withTree } from './tree.ts'

const RULES: readonly FaultRule[] = [...ANY_LANGUAGE, ...JAVASCRIPT, ...PYTHON, ...CSHARP]

const queries = new Map<Language, Map<FaultRule, Query>>()

/** Faults that the shape of the code shows, in several languages. */
export const faults: Analyser = {
  name: 'faults',
  version: `1+${TREE_VERSION}`,
  reads: (name) => RULES.some(({ grammars }) => grammars.some((each) => each === grammarOf(name))),
  analyse: oneByOne(async ({ name, text }) => {
    const grammar = grammarOf(name)
    if (grammar === undefined) return []
    const rules = RULES.filter(({ grammars }) => grammars.includes(grammar))
    return await withTree(grammar, text, (root, language) =>
      rules.flatMap((rule) => linesOf(queryOf(rule, language), rule, root).map((line) => remark(rule, line))),
    )
  }),
}

function queryOf(rule: FaultRule, language: Language): Query {
  const own = queries.get(language) ?? new Map<FaultRule, Query>()
  queries.set(language, own)
  const query = own.get(rule) ?? new treeSitter.Query(language, rule.query)
  own.set(rule, query)
  return query
}

/** One for a line: a query may match the same place in several ways. */
function linesOf(query: Query, { isFault = () => true }: FaultRule, root: Node): readonly number[] {
  const lines = query.matches(root).flatMap(({ captures }) => {
    const captured = Object.fromEntries(captures.map(({ name, node }) => [name, node]))
    return captured['fault'] !== undefined && isFault(captured) ? [lineOf(captured['fault'])] : []
  })
  return [...new Set(lines)]
}

function remark({ severity, category, rule, message, suggestion }: FaultRule, line: number): Marked {
  return { line, severity, category, rule, message, suggestion }
}
