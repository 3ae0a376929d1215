import { dirname } from 'node:path'
import type { Cell } from './cell.ts'
import { type NodeVersion, nodeVersions, whyNot } from './nodes.ts'
import { publishedPackages } from './published.ts'
import { run } from './run.ts'
import type { Stage } from './stage.ts'

/** The commands of the packed packages, as `npx` runs them. */
export async function commandCells(
  stage: Stage,
  versions: readonly NodeVersion[] = nodeVersions,
): Promise<Cell[]> {
  const commands = publishedPackages().flatMap(({ manifest }) => Object.keys(manifest.bin ?? {}))
  const cells = versions.flatMap((version) => commands.map((command) => commandCell(stage, version, command)))
  return await Promise.all(cells)
}

async function commandCell(stage: Stage, version: NodeVersion, command: string): Promise<Cell> {
  const name = [version.name, `npx ${command}`]
  const reason = whyNot(version)
  if (reason !== undefined) return { name, outcome: 'not run', detail: reason }
  const { code, output } = await npx(stage, version, [command, '--help'])
  const isFine = code === 0 && output.replace('Usage: ', '').startsWith(`${command} `)
  return { name, outcome: isFine ? 'passed' : 'failed', detail: output.trim() }
}

/** Runs a command of the stage, on that Node. Nothing is downloaded. */
export async function npx(
  { directory }: Stage,
  { program }: NodeVersion,
  words: readonly string[],
): ReturnType<typeof run> {
  const env = { PATH: `${dirname(program)}:${process.env['PATH'] ?? ''}` }
  return await run('npx', ['--no', '--offline', '--', ...words], { cwd: directory, env })
}
