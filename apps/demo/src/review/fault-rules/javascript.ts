import { type FaultRule, SQL_INJECTION, isSql } from './fault-rule.ts'

const grammars = ['javascript', 'typescript', 'tsx'] as const

/** What oxlint does not look for. */
export const JAVASCRIPT: readonly FaultRule[] = [
  {
    grammars,
    query: `(call_expression function: (member_expression property: (property_identifier) @method)
              arguments: (arguments . [(template_string (template_substitution)) (binary_expression (string))] @text)
              (#any-of? @method "query" "execute" "raw" "$queryRawUnsafe" "$executeRawUnsafe")) @fault`,
    isFault: ({ text }) => isSql(text?.text ?? ''),
    rule: 'faults/sql-injection',
    ...SQL_INJECTION,
  },
  {
    grammars,
    query: `((call_expression function: (identifier) @name
               arguments: (arguments . [(template_string (template_substitution)) (binary_expression (string))])) @fault
              (#any-of? @name "exec" "execSync"))
            ((call_expression function: (member_expression) @name
               arguments: (arguments . [(template_string (template_substitution)) (binary_expression (string))])) @fault
              (#match? @name "^(child_process|childProcess|cp)[.]exec(Sync)?$"))`,
    severity: 'error',
    category: 'security',
    rule: 'faults/shell-injection',
    message: 'Values are put into a command of the shell: a person who chooses them can run anything.',
    suggestion: 'Use execFile with the values as separate arguments.',
  },
  {
    grammars,
    query: `(assignment_expression left: (member_expression property: (property_identifier) @property)
              right: (_) @value (#any-of? @property "innerHTML" "outerHTML")) @fault`,
    isFault: ({ value }) => value?.type !== 'string' && !/^`[^$]*`$/.test(value?.text ?? ''),
    severity: 'error',
    category: 'security',
    rule: 'faults/html-injection',
    message: 'A value becomes HTML as it is: what a user wrote in it can run as a script.',
    suggestion: 'Use textContent, or clean the value first.',
  },
  {
    grammars,
    query: `[(variable_declarator name: (identifier) @name value: (_) @value)
             (assignment_expression left: (_) @name right: (_) @value)
             (pair key: (_) @name value: (_) @value)] @fault`,
    isFault: ({ name, value }) =>
      /token|secret|password|session|nonce|apikey/i.test(name?.text ?? '') &&
      /^[^{]*Math\.random\(\)/.test(value?.text ?? ''),
    severity: 'error',
    category: 'security',
    rule: 'faults/guessable-secret',
    message: 'Math.random can be guessed from what it gave before, and this looks like a secret.',
    suggestion: 'Use crypto.randomUUID or crypto.getRandomValues.',
  },
  {
    grammars,
    query: `(pair key: (property_identifier) @key value: (false) (#eq? @key "rejectUnauthorized")) @fault`,
    severity: 'error',
    category: 'security',
    rule: 'faults/certificate-not-checked',
    message:
      'The certificate of the other side is not checked: a machine between can read and change everything.',
    suggestion: 'Give the certificate of the authority as `ca`.',
  },
  {
    grammars,
    query: `(call_expression function: (member_expression property: (property_identifier) @method)
              arguments: (arguments . (arrow_function "async")) (#eq? @method "forEach")) @fault`,
    severity: 'warning',
    category: 'bug',
    rule: 'faults/async-for-each',
    message:
      'forEach waits for none of the promises: what follows runs before they are done, and their errors are lost.',
    suggestion: 'Use for…of with await, or Promise.all with map.',
  },
  {
    grammars,
    query: `(call_expression
              function: (member_expression) @parse
              arguments: (arguments . (call_expression function: (member_expression) @stringify))
              (#eq? @parse "JSON.parse") (#eq? @stringify "JSON.stringify")) @fault`,
    severity: 'info',
    category: 'performance',
    rule: 'faults/copy-by-json',
    message: 'A copy by JSON is slow, and loses dates, maps and undefined.',
    suggestion: 'Use structuredClone.',
  },
]
