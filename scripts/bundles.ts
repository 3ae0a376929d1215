/**
 * The sources of the packages, joined for the processes that tests start, of which there are hundreds. Node loads a few
 * files then in place of two hundred: a process that guards a job in Redis takes two thirds of the processor time.
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Workspace, publishedIn } from '@holdfast/test-support/workspaces'
import type { Metafile } from 'esbuild'

/** In the environment of vitest: the folder of the bundles, when the processes that its tests start shall load them. */
const BUNDLES = 'HOLDFAST_TEST_BUNDLES'
const HOOK = 'use-bundles.mjs'

/** Bundles the packages as they are now, and answers with the environment in which tests use the bundles. */
export async function bundlePackages(
  root: string,
  folder: string = join(root, 'node_modules/.cache/bundles'),
): Promise<NodeJS.ProcessEnv> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const packages = publishedIn(root)
  // Here alone: every vitest reads this file.
  const { build } = await import('esbuild')
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: packages.flatMap(entriesOf),
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: `node${process.versions.node}`,
    conditions: ['@holdfast/source'],
    external: packages.flatMap(foreignOf),
    keepNames: true,
    metafile: true,
    logLevel: 'error',
  })
  const bundles = Object.entries(metafile.outputs)
    .filter(([file, { entryPoint }]) => entryPoint !== undefined && isAlone(metafile, file))
    .map(([file, { entryPoint = '' }]) => [urlOf(root, entryPoint), urlOf(root, file)])
  writeFileSync(join(folder, 'bundles.json'), JSON.stringify(Object.fromEntries(bundles)))
  copyFileSync(join(import.meta.dirname, HOOK), join(folder, HOOK))
  return { [BUNDLES]: folder }
}

/** Has the processes that are started with this environment load bundles, where it names some. */
export function useBundles(env: NodeJS.ProcessEnv): void {
  const folder = env[BUNDLES]
  if (folder === undefined) return
  // Programs of examples refuse variables that look like theirs and are not.
  delete env[BUNDLES]
  env['NODE_OPTIONS'] =
    `${env['NODE_OPTIONS'] ?? ''} --import=${pathToFileURL(join(folder, HOOK)).href}`.trim()
}

/** The sources of all that can be imported. */
function entriesOf({ folder, manifest: { exports = {} } }: Workspace): string[] {
  const sources = Object.values(exports).map((entry) => (entry as Record<string, string>)['@holdfast/source'])
  return sources.filter((source) => source !== undefined).map((source) => join(folder, source))
}

function foreignOf({ manifest: { dependencies, peerDependencies } }: Workspace): string[] {
  return Object.keys({ ...dependencies, ...peerDependencies }).filter(
    (name) => !name.startsWith('@holdfast/'),
  )
}

/** Whether it needs nothing but Node: what others have made is found from where the package lies, not from the bundle. */
function isAlone({ outputs }: Metafile, file: string, seen = new Set<string>()): boolean {
  if (seen.has(file)) return true
  seen.add(file)
  return (outputs[file]?.imports ?? []).every(({ path, external = false }) =>
    external ? path.startsWith('node:') : isAlone({ inputs: {}, outputs }, path, seen),
  )
}

function urlOf(root: string, path: string): string {
  return pathToFileURL(join(root, path)).href
}
