import type { FaultRule } from './fault-rule.ts'

export const ANY_LANGUAGE: readonly FaultRule[] = [
  {
    grammars: ['javascript', 'typescript', 'tsx', 'c-sharp', 'java', 'php'],
    query: '(catch_clause body: (_) @body) @fault',
    isFault: ({ body }) => /^\{\s*\}$/.test(body?.text ?? ''),
    severity: 'warning',
    category: 'bug',
    rule: 'faults/empty-catch',
    message: 'The code catches the error and drops it: no log and no caller will show that this failed.',
    suggestion: 'Handle it, let it go on, or say in a comment why it does not matter.',
  },
  {
    grammars: ['bash'],
    query: `(pipeline (command name: (command_name) @from) (command name: (command_name) @to)
              (#any-of? @from "curl" "wget") (#any-of? @to "sh" "bash" "sudo")) @fault`,
    severity: 'error',
    category: 'security',
    rule: 'faults/runs-what-it-downloads',
    message: 'What is downloaded runs at once, whatever it is by then.',
    suggestion: 'Download a version, compare its checksum, and run that.',
  },
]
