import { type Analyser, type Marked, oneByOne } from './analyser.ts'

type Rule = Omit<Marked, 'line'> & { readonly applies: (statement: string) => boolean }

const RULES: readonly Rule[] = [
  {
    severity: 'error',
    category: 'bug',
    rule: 'sql/every-row',
    message: 'This statement has no WHERE: it changes or deletes every row of the table.',
    suggestion: 'Say which rows are meant; if all of them are, write WHERE true, so that a reader sees it.',
    applies: (statement) =>
      /^(?:delete\s+from|update\s+(?!statistics))/i.test(statement) && !/\bwhere\b/i.test(statement),
  },
  {
    severity: 'warning',
    category: 'bug',
    rule: 'sql/drops-data',
    message:
      'What is dropped here takes its data with it, and the version that runs beside the new one still reads it.',
    suggestion: 'Stop using it in one release, and drop it in the next.',
    applies: (statement) =>
      /^drop\s+table|^alter\s+table\b[^;]*\bdrop\s+(?:column\b)?(?!constraint|default|not)/i.test(statement),
  },
  {
    severity: 'warning',
    category: 'security',
    rule: 'sql/grants-all',
    message: 'The statement grants all rights, also those that the role does not need.',
    suggestion: 'Grant the rights that the role uses.',
    applies: (statement) => /^grant\s+all\b/i.test(statement),
  },
]

/** Statements that reach further than they look, in whichever dialect: a parser knows one. */
export const sql: Analyser = {
  name: 'sql',
  version: '1',
  reads: (name) => /\.sql$/i.test(name),
  analyse: oneByOne(({ text }) =>
    statements(text).flatMap(({ line, statement }) =>
      RULES.filter(({ applies }) => applies(statement)).map(({ applies: _, ...remark }): Marked => ({
        ...remark,
        line,
      })),
    ),
  ),
}

/** Between semicolons, with comments and texts blanked out: what they hold is no SQL. */
function statements(text: string): readonly { readonly line: number; readonly statement: string }[] {
  const bare = text.replaceAll(
    /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|\$(\w*)\$[\s\S]*?\$\1\$/g,
    (hidden) => hidden.replaceAll(/[^\n]/g, ' '),
  )
  let line = 1
  return bare.split(';').map((part) => {
    const lead = /^\s*/.exec(part)?.[0] ?? ''
    const at = line + newlines(lead)
    line += newlines(part)
    return { line: at, statement: part.trim() }
  })
}

function newlines(text: string): number {
  return text.split('\n').length - 1
}
