import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { temporaryDirectory } from '@holdfast/test-support/servers'
import type { Cell } from '../cell.ts'
import { type NodeVersion, nodeVersions, whyNot } from '../nodes.ts'
import { publishedPackages } from '../published.ts'
import { mustRun, run } from '../run.ts'
import { COMPILER, type Stage } from '../stage.ts'
import { asCommonJs, asModule, quickStarts, type ReadmeExample, readmeExample } from './example.ts'
import { linkedProject, npmProject } from './project.ts'

const everyLoader = ['import', 'require()'] as const

export interface ReadmeRun {
  readonly redisUrl: string
  readonly versions?: readonly NodeVersion[]
  /** Default: both. */
  readonly loaders?: readonly (typeof everyLoader)[number][]
  /** Has npm install the projects from these; else they are put together from the stage, and nothing is downloaded. */
  readonly tarballs?: ReadonlyMap<string, string>
}

/** The first example in the README of every package, in a project that has what the README says. */
export async function readmeCells(
  stage: Stage,
  { redisUrl, versions = nodeVersions, loaders = everyLoader, tarballs }: ReadmeRun,
): Promise<Cell[]> {
  const temporary = temporaryDirectory()
  try {
    const uses = stage.add(join(import.meta.dirname, 'uses.ts'))
    const examples = publishedPackages().map((one) => ({ one, example: readmeExample(one) }))
    const compiled = await compile(temporary.path, examples)
    const cells: Cell[] = []
    for (const [index, { one, example }] of examples.entries()) {
      const directory = join(temporary.path, `project-${index}`)
      mkdirSync(directory)
      if (tarballs === undefined) linkedProject(stage, directory, one, example)
      else await npmProject(tarballs, directory, one, example)
      copyFileSync(uses, join(directory, 'uses.mjs'))
      for (const extension of ['mjs', 'cjs']) {
        copyFileSync(join(compiled, `${index}.${extension}`), join(directory, `example.${extension}`))
        writeFileSync(join(directory, `run.${extension}`), RUNNERS[extension as keyof typeof RUNNERS])
      }
      const runs = versions.flatMap((version) => loaders.map((loader) => ({ version, loader })))
      const its = runs.map(async ({ version, loader }) => {
        const name = [`README of ${one.manifest.name}`, version.name, loader]
        const program = [loader === 'import' ? 'run.mjs' : 'run.cjs', one.manifest.name]
        return await runExample(name, directory, program, example, version, redisUrl)
      })
      cells.push(...(await Promise.all(its)))
    }
    return cells
  } finally {
    await temporary.remove()
  }
}

/** The programs in the README of the repository, as printed: saved in a file and run, with nothing done to them. */
export async function quickStartCells(
  stage: Stage,
  { redisUrl, versions = nodeVersions }: ReadmeRun,
): Promise<Cell[]> {
  const temporary = temporaryDirectory()
  try {
    const core = publishedPackages().find(({ manifest }) => manifest.name === '@holdfast/core')
    const cells: Cell[] = []
    for (const [file, example] of quickStarts()) {
      const directory = join(temporary.path, basename(file))
      mkdirSync(directory)
      if (core !== undefined) linkedProject(stage, directory, core, example)
      writeFileSync(join(directory, 'program.mjs'), example.text)
      for (const [database, version] of versions.entries()) {
        const name = [file, version.name, 'as printed']
        // What it prints on a storage that is new to it: the next Node would find what this one has stored.
        const url = new URL(`/${database}`, redisUrl).href
        cells.push(await runExample(name, directory, ['program.mjs'], example, version, url))
      }
    }
    return cells
  } finally {
    await temporary.remove()
  }
}

const RUNNERS = {
  mjs: `import { uses } from './uses.mjs'
const example = await import('./example.mjs')
await uses[process.argv[2]]?.(example)
`,
  cjs: `const loaded = require('./example.cjs')
const use = async () => {
  const example = await (loaded.default ?? loaded)
  const { uses } = await import('./uses.mjs')
  await uses[process.argv[2]]?.(example)
}
use()
`,
}

async function runExample(
  name: readonly string[],
  cwd: string,
  program: readonly string[],
  { prints }: ReadmeExample,
  version: NodeVersion,
  redisUrl: string,
): Promise<Cell> {
  const reason = whyNot(version)
  if (reason !== undefined) return { name, outcome: 'not run', detail: reason }
  const { code, output } = await run(version.program, ['--throw-deprecation', ...program], {
    cwd,
    env: { REDIS_URL: redisUrl, NODE_OPTIONS: '' },
    timeoutMs: 120_000,
  })
  const lines = output.trim().split('\n')
  const printsAll = prints.every((said, index) => lines[index] !== undefined && said.startsWith(lines[index]))
  const passed = code === 0 && output.trim() !== '' && printsAll
  const wrong = printsAll
    ? output.trim() || 'printed nothing'
    : `said to print\n${prints.join('\n')}\nprinted\n${output}`
  return { name, outcome: passed ? 'passed' : 'failed', detail: passed ? (lines.at(-1) ?? '') : wrong }
}

/** To JavaScript for Node 20, as ES modules and as CommonJS. Types were checked where the examples lie. */
async function compile(
  directory: string,
  examples: readonly { readonly example: ReadmeExample }[],
): Promise<string> {
  const source = join(directory, 'source')
  mkdirSync(source)
  for (const [index, { example }] of examples.entries()) {
    writeFileSync(join(source, `${index}.mts`), asModule(example.text))
    writeFileSync(join(source, `${index}.cts`), asCommonJs(example.text))
  }
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    types: [],
    esModuleInterop: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    noCheck: true,
    rootDir: '.',
    outDir: 'out',
  }
  writeFileSync(
    join(source, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['*.mts', '*.cts'] }),
  )
  await mustRun(COMPILER, ['-p', source, '--pretty', 'false'])
  return join(source, 'out')
}
