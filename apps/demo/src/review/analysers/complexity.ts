import type { Node } from '@vscode/tree-sitter-wasm'
import { type Analyser, type Marked, oneByOne } from './analyser.ts'
import { type Grammar, TREE_VERSION, grammarOf, lineOf, withTree } from './tree.ts'

/** So many independent ways through one function are as many as a person keeps in mind, and a test case each. */
const MOST_WAYS = 15

/** Functions with more ways through them than a reader can follow, where the change has added some. */
export const complexity: Analyser = {
  name: 'complexity',
  version: `1+${TREE_VERSION}`,
  compares: true,
  reads: (name) => grammarOf(name) !== undefined,
  analyse: oneByOne(async ({ name, text, before }) => {
    const grammar = grammarOf(name)
    if (grammar === undefined) return []
    const earlier = new Map<string, number>()
    const were = before === undefined ? [] : await functionsOf(grammar, before)
    for (const { title, ways } of were) earlier.set(title, Math.max(ways, earlier.get(title) ?? 0))
    const are = await functionsOf(grammar, text)
    return are
      .filter(({ title, ways }) => ways > MOST_WAYS && ways > (earlier.get(title) ?? 0))
      .map(({ title, ways, line, lastLine }): Marked => {
        const was = earlier.get(title)
        return {
          line,
          lastLine,
          severity: 'warning',
          category: 'quality',
          rule: 'complexity/too-many-ways',
          message: `There are ${ways} ways through ${title}${was === undefined ? '' : `, ${was} before`}; over ${MOST_WAYS} are hard to follow and to test.`,
          suggestion: 'Take parts out into functions with a name, or put the cases into a table.',
        }
      })
  }),
}

interface Measured {
  readonly title: string
  /** Cyclomatic complexity; all cases of a switch count as one, for a reader takes them in at a glance. */
  readonly ways: number
  readonly line: number
  readonly lastLine: number
}

const FUNCTIONS = new Set([
  'function_declaration',
  'function_expression',
  'generator_function_declaration',
  'generator_function',
  'arrow_function',
  'method_definition',
  'function_definition',
  'method_declaration',
  'constructor_declaration',
  'local_function_statement',
  'accessor_declaration',
  'lambda_expression',
  'lambda',
  'func_literal',
  'function_item',
  'closure_expression',
  'method',
  'singleton_method',
])

const FORKS = new Set([
  'if_statement',
  'if_expression',
  'if',
  'unless',
  'elif_clause',
  'else_if_clause',
  'elsif',
  'for_statement',
  'for_in_statement',
  'for_expression',
  'for',
  'foreach_statement',
  'enhanced_for_statement',
  'for_in_clause',
  'while_statement',
  'while_expression',
  'while',
  'until',
  'do_statement',
  'switch_statement',
  'switch_expression',
  'expression_switch_statement',
  'type_switch_statement',
  'match_statement',
  'match_expression',
  'case_statement',
  'case',
  'catch_clause',
  'except_clause',
  'rescue',
  'ternary_expression',
  'conditional_expression',
  'conditional',
])

const JOINS = new Set(['&&', '||', '??', 'and', 'or'])

async function functionsOf(grammar: Grammar, text: string): Promise<readonly Measured[]> {
  return await withTree(grammar, text, (root) => {
    const functions: Measured[] = []
    const measure = (node: Node): number => {
      let ways = 0
      for (const child of node.namedChildren) {
        if (child === null) continue
        if (FUNCTIONS.has(child.type)) functions.push(measured(child, 1 + measure(child)))
        else ways += (isFork(child) ? 1 : 0) + measure(child)
      }
      return ways
    }
    measure(root)
    return functions
  })
}

function isFork(node: Node): boolean {
  if (FORKS.has(node.type)) return true
  const operator = node.childForFieldName('operator')?.type
  return operator !== undefined && JOINS.has(operator)
}

function measured(node: Node, ways: number): Measured {
  const name = node.childForFieldName('name') ?? node.parent?.childForFieldName('name')
  return {
    title: name?.text ?? 'a function without a name',
    ways,
    line: lineOf(node),
    lastLine: node.endPosition.row + 1,
  }
}
