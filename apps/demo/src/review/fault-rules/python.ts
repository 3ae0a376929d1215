import { type FaultRule, SQL_INJECTION, isSql } from './fault-rule.ts'

const grammars = ['python'] as const

export const PYTHON: readonly FaultRule[] = [
  {
    grammars,
    query: '(except_clause (block . (pass_statement) .)) @fault',
    isFault: ({ fault }) => !fault?.text.includes('#'),
    severity: 'warning',
    category: 'bug',
    rule: 'faults/empty-catch',
    message: 'The code catches the error and drops it: no log and no caller will show that this failed.',
    suggestion: 'Handle it, let it go on, or say in a comment why it does not matter.',
  },
  {
    grammars,
    query: '(except_clause "except" . ":" (block) @body) @fault',
    isFault: ({ body }) => !/^(?:pass$|raise\b)|\n\s*raise\b/.test(body?.text ?? ''),
    severity: 'warning',
    category: 'bug',
    rule: 'faults/bare-except',
    message: 'This catches everything, also the wish to end (KeyboardInterrupt, SystemExit).',
    suggestion: 'Name the exceptions that are expected here.',
  },
  {
    grammars,
    query: `[(default_parameter value: [(list) (dictionary) (set)])
             (typed_default_parameter value: [(list) (dictionary) (set)])] @fault`,
    severity: 'warning',
    category: 'bug',
    rule: 'faults/shared-default',
    message: 'All calls share this one value: what one call adds, the next one finds.',
    suggestion: 'Let the default be None, and make the value in the function.',
  },
  {
    grammars,
    query: `(call function: (identifier) @name arguments: (argument_list . (_) @what)
              (#any-of? @name "eval" "exec")) @fault`,
    isFault: ({ what }) => what?.type !== 'string',
    severity: 'error',
    category: 'security',
    rule: 'faults/runs-text',
    message: 'A text is run as a program: a person who has a say in it can run anything.',
    suggestion: 'Use ast.literal_eval for values, or a table of what may be asked for.',
  },
  {
    grammars,
    query: `(call function: (attribute) @name
              arguments: (argument_list . [(identifier) (string (interpolation)) (binary_operator) (call) (attribute)]
                (keyword_argument name: (identifier) @key value: (true)))
              (#match? @name "^subprocess[.]") (#eq? @key "shell")) @fault`,
    severity: 'error',
    category: 'security',
    rule: 'faults/shell-injection',
    message: 'Values reach a shell: a person who chooses them can run anything.',
    suggestion: 'Give the command and its arguments as a list, without shell=True.',
  },
  {
    grammars,
    query: `(call function: (attribute) @name
              arguments: (argument_list . [(string (interpolation)) (binary_operator)]) (#eq? @name "os.system")) @fault`,
    severity: 'error',
    category: 'security',
    rule: 'faults/shell-injection',
    message: 'Values reach a shell: a person who chooses them can run anything.',
    suggestion: 'Use subprocess.run with a list.',
  },
  {
    grammars,
    query: '(call function: (attribute) @name arguments: (_) @given (#eq? @name "yaml.load")) @fault',
    isFault: ({ given }) => !/Loader/.test(given?.text ?? ''),
    severity: 'error',
    category: 'security',
    rule: 'faults/loads-objects',
    message: 'yaml.load can make any object, and run what that runs.',
    suggestion: 'Use yaml.safe_load.',
  },
  {
    grammars,
    query: `(call function: (attribute attribute: (identifier) @method)
              arguments: (argument_list . [(string (interpolation)) (binary_operator) (call)] @text)
              (#any-of? @method "execute" "executemany")) @fault`,
    isFault: ({ text }) => isSql(text?.text ?? '') && (text?.type !== 'call' || /\.format\(/.test(text.text)),
    rule: 'faults/sql-injection',
    ...SQL_INJECTION,
  },
  {
    grammars,
    query: `(keyword_argument name: (identifier) @key value: (false) (#eq? @key "verify")) @fault`,
    severity: 'error',
    category: 'security',
    rule: 'faults/certificate-not-checked',
    message:
      'The certificate of the other side is not checked: a machine between can read and change everything.',
    suggestion: 'Give the path of the authority’s certificate as `verify`.',
  },
  {
    grammars,
    query: '(comparison_operator ["==" "!="] (none)) @fault',
    severity: 'info',
    category: 'style',
    rule: 'faults/compares-with-none',
    message: 'A class can answer == as it likes; there is one None.',
    suggestion: 'Use `is None` or `is not None`.',
  },
  {
    grammars,
    query: '(wildcard_import) @fault',
    severity: 'info',
    category: 'style',
    rule: 'faults/imports-everything',
    message: 'No reader sees which names come from this import, and a new one may hide one of ours.',
    suggestion: 'Import the names that are used.',
  },
]
