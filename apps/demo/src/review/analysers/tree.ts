import { createRequire } from 'node:module'
import { extname } from 'node:path/posix'
import treeSitter, { type Language, type Node } from '@vscode/tree-sitter-wasm'

const { Parser, Language: Grammars } = treeSitter

/** The grammars in use, by the ends of names. */
const GRAMMARS = {
  '.js': 'javascript',
  '.cjs': 'javascript',
  '.mjs': 'javascript',
  '.jsx': 'javascript',
  '.ts': 'typescript',
  '.cts': 'typescript',
  '.mts': 'typescript',
  '.tsx': 'tsx',
  '.py': 'python',
  '.cs': 'c-sharp',
  '.java': 'java',
  '.go': 'go',
  '.rs': 'rust',
  '.php': 'php',
  '.rb': 'ruby',
  '.sh': 'bash',
} as const

export type Grammar = (typeof GRAMMARS)[keyof typeof GRAMMARS]

const byEnd: Readonly<Record<string, Grammar>> = GRAMMARS

/** Undefined: there is none for such files. */
export function grammarOf(name: string): Grammar | undefined {
  return byEnd[extname(name).toLowerCase()]
}

/** Part of the version of every analyser that looks at trees. */
export const TREE_VERSION: string = createRequire(import.meta.url)(
  '@vscode/tree-sitter-wasm/package.json',
).version

const require = createRequire(import.meta.url)
const loaded = new Map<Grammar, Promise<Language>>()
let started: Promise<void> | undefined

async function languageOf(grammar: Grammar): Promise<Language> {
  await (started ??= Parser.init())
  const file = require.resolve(`@vscode/tree-sitter-wasm/wasm/tree-sitter-${grammar}.wasm`)
  const language = loaded.get(grammar) ?? Grammars.load(file)
  loaded.set(grammar, language)
  return await language
}

/** Lets `look` see the syntax tree of a text, which is gone afterwards. */
export async function withTree<T>(
  grammar: Grammar,
  text: string,
  look: (root: Node, language: Language) => T,
): Promise<T> {
  const language = await languageOf(grammar)
  const parser = new Parser()
  try {
    const tree = parser.setLanguage(language).parse(text)
    if (tree === null) throw new Error(`The grammar of ${grammar} gave no tree.`)
    try {
      return look(tree.rootNode, language)
    } finally {
      tree.delete()
    }
  } finally {
    parser.delete()
  }
}

/** From 1, as people count. */
export function lineOf(node: Node): number {
  return node.startPosition.row + 1
}
