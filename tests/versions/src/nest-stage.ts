import {
  copyFileSync,
  globSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from './published.ts'
import { mustRun } from './run.ts'
import { COMPILER } from './stage.ts'
import type { Stage } from './stage.ts'

/** A Nest of another line than the one the packages are developed with; `tests/versions/nest10` has what its apps use. */
export type NestLine = 'nest10' | 'nest11'

export interface NestApp {
  /** The compiled programs of `tests/versions/nest-consumer`, as CommonJS. */
  program(name: string): string
  /** Where they lie, for Jest. */
  readonly directory: string
  /** Jest, where it is installed. */
  readonly jest: string
}

const CONSUMER = 'tests/versions/nest-consumer'
const SOURCES = [`${CONSUMER}/*.ts`, 'packages/nest/test/kit/{kit-app,kit-controller,watchdog}.ts']

/**
 * Puts another Nest under the packages as published, and beside them a CommonJS project that uses them, type-checked
 * and compiled with the settings of Nest's own starter. One line at a time.
 */
export async function putNestUnder({ directory }: Stage, line: NestLine): Promise<NestApp> {
  const app = join(directory, line)
  linkAll(join(ROOT, 'tests/versions', line, 'node_modules'), directory)
  replaceLink(
    join(ROOT, 'tests/http-conformance'),
    join(directory, 'node_modules/@holdfast/test-http-conformance'),
  )
  mkdirSync(app)
  writeFileSync(join(app, 'package.json'), '{ "private": true, "type": "commonjs" }\n')
  for (const file of globSync(SOURCES, { cwd: ROOT })) {
    mkdirSync(join(app, dirname(file)), { recursive: true })
    copyFileSync(join(ROOT, file), join(app, file))
  }
  await compile(app, { files: [`${CONSUMER}/main.ts`, `${CONSUMER}/orders.spec.ts`] })
  // Written for another Nest's types; what counts is how it runs.
  await compile(app, { files: [`${CONSUMER}/kit-main.ts`], noCheck: true })
  return {
    program: (name) => join(app, 'out', CONSUMER, `${name}.js`),
    directory: join(app, 'out'),
    jest: join(directory, 'node_modules/jest/bin/jest.js'),
  }
}

async function compile(
  app: string,
  { files, noCheck = false }: { readonly files: readonly string[]; readonly noCheck?: boolean },
): Promise<void> {
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    rewriteRelativeImportExtensions: true,
    skipLibCheck: true,
    rootDir: '.',
    outDir: 'out',
    noEmitOnError: !noCheck,
    noCheck,
  }
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  await mustRun(COMPILER, ['-p', app, '--pretty', 'false'])
}

/** Every package that lies in these node_modules, in the place of what is there. */
function linkAll(modules: string, directory: string): void {
  for (const name of readdirSync(modules).filter((each) => !each.startsWith('.'))) {
    const names = name.startsWith('@')
      ? readdirSync(join(modules, name)).map((each) => `${name}/${each}`)
      : [name]
    for (const each of names) replaceLink(join(modules, each), join(directory, 'node_modules', each))
  }
}

function replaceLink(from: string, to: string): void {
  rmSync(to, { force: true })
  mkdirSync(dirname(to), { recursive: true })
  symlinkSync(realpathSync(from), to)
}
