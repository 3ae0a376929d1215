import { basename, extname } from 'node:path/posix'
import * as linguist from 'linguist-languages'
import type { ChangedFile } from './diff.ts'

export interface LanguageShare {
  readonly language: string
  readonly files: number
  readonly changedLines: number
}

/** By GitHub's own table of file names and extensions. */
export function languageOf(path: string): string {
  const name = basename(path)
  return byFilename.get(name) ?? byExtension.get(extname(name).toLowerCase()) ?? 'Other'
}

/** The languages of a change, the most changed first. */
export function detectLanguages(files: readonly ChangedFile[]): readonly LanguageShare[] {
  const shares = new Map<string, { files: number; changedLines: number }>()
  for (const file of files) {
    const language = languageOf(file.path)
    const share = shares.get(language) ?? { files: 0, changedLines: 0 }
    share.files += 1
    share.changedLines += file.addedLines.length + file.deletions
    shares.set(language, share)
  }
  return [...shares]
    .map(([language, share]) => ({ language, ...share }))
    .toSorted((a, b) => b.changedLines - a.changedLines || a.language.localeCompare(b.language))
}

/** The table gives some extensions to several languages; this is the one that is meant where it matters. */
const MEANT: Readonly<Record<string, string>> = {
  '.cfg': 'INI',
  '.cs': 'C#',
  '.d': 'D',
  '.ex': 'Elixir',
  '.fs': 'F#',
  '.h': 'C',
  '.html': 'HTML',
  '.json': 'JSON',
  '.m': 'Objective-C',
  '.md': 'Markdown',
  '.ml': 'OCaml',
  '.mm': 'Objective-C++',
  '.php': 'PHP',
  '.pl': 'Perl',
  '.pm': 'Perl',
  '.properties': 'Java Properties',
  '.r': 'R',
  '.rs': 'Rust',
  '.sol': 'Solidity',
  '.sql': 'SQL',
  '.t': 'Perl',
  '.ts': 'TypeScript',
  '.tsx': 'TSX',
  '.txt': 'Text',
  '.v': 'Verilog',
  '.yaml': 'YAML',
  '.yml': 'YAML',
}

const byFilename = new Map<string, string>()
const byExtension = new Map<string, string>(Object.entries(MEANT))
for (const { name, filenames = [], extensions = [] } of Object.values(linguist) as readonly Language[]) {
  for (const filename of filenames) addFirst(byFilename, filename, name)
  for (const extension of extensions) addFirst(byExtension, extension.toLowerCase(), name)
}

function addFirst(table: Map<string, string>, key: string, language: string): void {
  if (!table.has(key)) table.set(key, language)
}

interface Language {
  readonly name: string
  readonly filenames?: readonly string[]
  readonly extensions?: readonly string[]
}
