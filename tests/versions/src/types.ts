import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cell } from './cell.ts'
import { ROOT } from './published.ts'
import { run } from './run.ts'
import type { Stage } from './stage.ts'

export interface Compiler {
  readonly name: string
  readonly program: string
}

/** The oldest TypeScript that the docs promise, and the one that builds the packages. */
export const compilers: readonly Compiler[] = [
  { name: 'TypeScript 5.4', program: join(ROOT, 'tests/versions/node_modules/typescript-oldest/bin/tsc') },
  { name: 'TypeScript 7', program: join(ROOT, 'node_modules/typescript/bin/tsc') },
]

/** Type-checks a consumer of every entry. Only what is wrong with the consumer or with our declarations counts. */
export async function typeCells(stage: Stage, versions: readonly Compiler[] = compilers): Promise<Cell[]> {
  writeFileSync(join(stage.directory, 'consumer.ts'), consumer(stage.entries))
  writeFileSync(join(stage.directory, 'tsconfig.json'), JSON.stringify(settings))
  const cells: Cell[] = []
  for (const { name, program } of versions) {
    const { output } = await run(process.execPath, [program, '-p', stage.directory, '--pretty', 'false'])
    const errors = output.split('\n').filter((line) => /error TS/.test(line))
    const ours = errors.filter((line) => !/^(\.\.\/)*.*node_modules\/(?!@holdfast)/.test(line))
    cells.push({
      name: [name],
      outcome: ours.length === 0 ? 'passed' : 'failed',
      detail: ours.length === 0 ? `${stage.entries.length} entries` : ours.join('\n'),
    })
  }
  return cells
}

const settings = {
  compilerOptions: {
    target: 'es2022',
    module: 'nodenext',
    lib: ['es2022', 'esnext.disposable'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  },
  files: ['consumer.ts'],
}

function consumer(entries: readonly string[]): string {
  const imports = entries.map((entry, index) => `import * as entry${index} from '${entry}'`)
  return `${imports.join('\n')}
import { createHoldfast, memoryStorage } from '@holdfast/core'
export const entries = [${entries.map((_, index) => `entry${index}`).join(', ')}]
export const holdfast = createHoldfast({ storage: memoryStorage() })
export const lease = await holdfast.locks.tryAcquire('name')
export const outcome = await holdfast.idempotency.run('type', 'key', async (execution) => execution.attempt)
export const attempt: number = outcome.result
// @ts-expect-error the result is a number, so the types are not just any
export const wrong: string = outcome.result
`
}
