import { type FaultRule, SQL_INJECTION, around, isSql } from './fault-rule.ts'

const grammars = ['c-sharp'] as const

export const CSHARP: readonly FaultRule[] = [
  {
    grammars,
    query: `(method_declaration (modifier) @modifier returns: (predefined_type) @returns parameters: (_) @parameters
              (#eq? @modifier "async") (#eq? @returns "void")) @fault`,
    // A handler of an event can be nothing else.
    isFault: ({ parameters }) => !/EventArgs/.test(parameters?.text ?? ''),
    severity: 'warning',
    category: 'bug',
    rule: 'faults/async-void',
    message: 'A caller cannot wait for this method, and an exception in it ends the process.',
    suggestion: 'Return Task.',
  },
  {
    grammars,
    query: '(throw_statement (identifier) @thrown) @fault',
    isFault: ({ thrown }) => {
      const caught = thrown && around(thrown, 'catch_clause', 'lambda_expression')
      const declared = caught?.namedChildren.find((child) => child?.type === 'catch_declaration')
      return declared?.childForFieldName('name')?.text === thrown?.text
    },
    severity: 'warning',
    category: 'quality',
    rule: 'faults/loses-the-stack',
    message: 'Thrown so, the exception forgets where it came from.',
    suggestion: 'Write `throw;`, or wrap it in a new exception.',
  },
  {
    grammars,
    query: `((object_creation_expression type: (_) @what
               arguments: (argument_list . (argument [(interpolated_string_expression (interpolation)) (binary_expression)] @text))) @fault
              (#match? @what "Command$"))
            ((invocation_expression function: (member_access_expression name: (_) @what)
               arguments: (argument_list . (argument [(interpolated_string_expression (interpolation)) (binary_expression)] @text))) @fault
              (#any-of? @what "ExecuteSqlRaw" "ExecuteSqlRawAsync" "FromSqlRaw" "Query" "QueryAsync" "Execute" "ExecuteAsync"))
            ((assignment_expression left: (member_access_expression name: (_) @what)
               right: [(interpolated_string_expression (interpolation)) (binary_expression)] @text) @fault
              (#eq? @what "CommandText"))`,
    isFault: ({ text }) => isSql(text?.text ?? ''),
    rule: 'faults/sql-injection',
    ...SQL_INJECTION,
  },
  {
    grammars,
    query: `(invocation_expression function: (member_access_expression) @name
              (#any-of? @name "MD5.Create" "SHA1.Create" "MD5.HashData" "SHA1.HashData")) @fault`,
    severity: 'warning',
    category: 'security',
    rule: 'faults/weak-hash',
    message: 'Two contents with the same hash can be made at will.',
    suggestion: 'Use SHA256; for passwords, Rfc2898DeriveBytes.',
  },
  {
    grammars,
    query: `((member_access_expression expression: (invocation_expression function: (_) @called) name: (identifier) @name) @fault
              (#any-of? @name "Result" "Wait") (#match? @called "Async$"))
            ((member_access_expression
               expression: (invocation_expression function: (member_access_expression name: (identifier) @called))
               name: (identifier) @name) @fault
              (#eq? @name "GetResult") (#eq? @called "GetAwaiter"))`,
    severity: 'warning',
    category: 'performance',
    rule: 'faults/blocks-a-thread',
    message: 'A thread stands still until the task is done; under load there are none left.',
    suggestion: 'Make the method async, and await the task.',
  },
  {
    grammars,
    query: `(object_creation_expression type: (identifier) @what (#eq? @what "HttpClient")) @fault`,
    isFault: ({ fault }) => {
      const statement = fault && around(fault, 'using_statement', 'local_declaration_statement')
      return /^(?:await\s+)?using\b/.test(statement?.text ?? '')
    },
    severity: 'warning',
    category: 'performance',
    rule: 'faults/client-for-each-call',
    message: 'A client for each call leaves a connection behind each time; the ports run out.',
    suggestion: 'Use one HttpClient, or IHttpClientFactory.',
  },
]
