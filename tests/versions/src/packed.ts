import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cell } from './cell.ts'
import { type NodeVersion, nodeVersions, whyNot } from './nodes.ts'
import { run } from './run.ts'
import type { Stage } from './stage.ts'

/** How a program gets hold of the packages: both load every entry and do the same with them. */
const loaders = {
  import: {
    file: 'by-import.mjs',
    text: (entries: readonly string[]): string => `import { smoke } from './smoke.mjs'
const modules = {}
for (const entry of ${JSON.stringify(entries)}) modules[entry] = await import(entry)
console.log(await smoke(modules, Number(process.argv[2])))
`,
  },
  require: {
    file: 'by-require.cjs',
    text: (entries: readonly string[]): string => `const modules = {}
for (const entry of ${JSON.stringify(entries)}) modules[entry] = require(entry)
import('./smoke.mjs').then(async ({ smoke }) => console.log(await smoke(modules, Number(process.argv[2]))))
`,
  },
} as const

type Loader = keyof typeof loaders

/** The packed packages on every Node, as ESM and through `require()`. */
export async function packedCells(
  stage: Stage,
  port: number,
  versions: readonly NodeVersion[] = nodeVersions,
): Promise<Cell[]> {
  stage.add(join(import.meta.dirname, 'smoke.ts'))
  const cells: Cell[] = []
  for (const version of versions) {
    for (const loader of Object.keys(loaders) as Loader[])
      cells.push(await packedCell(stage, port, version, loader))
  }
  return cells
}

async function packedCell(stage: Stage, port: number, version: NodeVersion, loader: Loader): Promise<Cell> {
  const name = [version.name, loader === 'import' ? 'import' : 'require()']
  const reason = whyNot(version)
  if (reason !== undefined) return { name, outcome: 'not run', detail: reason }
  const { file, text } = loaders[loader]
  writeFileSync(join(stage.directory, file), text(stage.entries))
  const { code, output } = await run(version.program, ['--throw-deprecation', file, String(port)], {
    cwd: stage.directory,
  })
  return { name, outcome: code === 0 ? 'passed' : 'failed', detail: output.trim() }
}
