import type { LanguageFn } from 'highlight.js'

/** Pieces of a line, each with what it is; null: nothing special. */
export type Spans = readonly (readonly [SpanKind | null, string])[]

export type SpanKind = 'keyword' | 'string' | 'literal' | 'called' | 'comment'

/** Each grammar is a file that is fetched when it is first needed. */
export const GRAMMARS = {
  bash: () => import('highlight.js/lib/languages/bash'),
  csharp: () => import('highlight.js/lib/languages/csharp'),
  css: () => import('highlight.js/lib/languages/css'),
  dockerfile: () => import('highlight.js/lib/languages/dockerfile'),
  javascript: () => import('highlight.js/lib/languages/javascript'),
  json: () => import('highlight.js/lib/languages/json'),
  python: () => import('highlight.js/lib/languages/python'),
  sql: () => import('highlight.js/lib/languages/sql'),
  typescript: () => import('highlight.js/lib/languages/typescript'),
  yaml: () => import('highlight.js/lib/languages/yaml'),
} satisfies Readonly<Record<string, () => Promise<{ readonly default: LanguageFn }>>>

export type Language = keyof typeof GRAMMARS

const BY_ENDING: Readonly<Record<string, Language>> = {
  bash: 'bash',
  sh: 'bash',
  cs: 'csharp',
  css: 'css',
  cjs: 'javascript',
  js: 'javascript',
  jsx: 'javascript',
  mjs: 'javascript',
  json: 'json',
  jsonc: 'json',
  py: 'python',
  sql: 'sql',
  cts: 'typescript',
  mts: 'typescript',
  ts: 'typescript',
  tsx: 'typescript',
  yaml: 'yaml',
  yml: 'yaml',
}

export function languageOf(path: string): Language | undefined {
  if (/(^|\/)Dockerfile(\.\w+)?$/.test(path)) return 'dockerfile'
  return BY_ENDING[path.slice(path.lastIndexOf('.') + 1).toLowerCase()]
}

/** The first part of a grammar's scope decides: `title.function.invoke` is a title. */
const KINDS: Readonly<Record<string, SpanKind>> = {
  keyword: 'keyword',
  'selector-tag': 'keyword',
  tag: 'keyword',
  built_in: 'called',
  title: 'called',
  attr: 'called',
  attribute: 'called',
  string: 'string',
  regexp: 'string',
  char: 'string',
  number: 'literal',
  literal: 'literal',
  symbol: 'literal',
  comment: 'comment',
  doctag: 'comment',
  meta: 'comment',
}

export function kindOf(scope: string): SpanKind | undefined {
  return KINDS[scope.split('.')[0] ?? '']
}
