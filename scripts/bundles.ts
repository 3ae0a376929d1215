/**
 * The sources of the packages, the larger programs, and the clients of Redis, joined for the processes that tests start, of
 * which there are hundreds. Node loads a few files then in place of hundreds, and starts in less than half of the processor
 * time: the CLI in 0.17 s in place of 0.42.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Workspace, publishedIn, workspacesIn } from '@holdfast/test-support/workspaces'
import type { BuildOptions, Plugin } from 'esbuild'

/** In the environment of vitest: the folder of the bundles, when the processes that its tests start shall load them. */
const BUNDLES = 'HOLDFAST_TEST_BUNDLES'
const HOOK = 'use-bundles.mjs'

/** Of a hundred files and more, and started by many tests. */
const PROGRAMS: readonly string[] = [
  'packages/cli/src/main.ts',
  'apps/demo/src/main.ts',
  'apps/demo/src/instances/instance-process.ts',
]
/** What those programs load in many files, and what holds no state that sources beside a bundle have to share with it. */
const JOINED: ReadonlySet<string> = new Set([
  '@clack/prompts',
  'cli-table3',
  'commander',
  'diff',
  'linguist-languages',
  'log-update',
  'semver',
  'yaml',
  'zod',
])
/** Names in the dependencies of a workspace: each version of a client. */
const CLIENT = /^(io)?redis\d*$/

/** Bundles the sources as they are now, and answers with the environment in which tests use the bundles. */
export async function bundlePackages(
  root: string,
  folder: string = join(root, 'node_modules/.cache/bundles'),
): Promise<NodeJS.ProcessEnv> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const bundles = [...(await bundleSources(root, folder)), ...(await bundleClients(root, folder))]
  const urls = bundles.map(([source, bundle]) => [urlOf(source), urlOf(bundle)])
  writeFileSync(
    join(folder, 'bundles.json'),
    JSON.stringify({ root: urlOf(`${root}/`), bundles: Object.fromEntries(urls) }),
  )
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

/** The paths of a source and of its bundle. */
type Bundle = readonly [source: string, bundle: string]

async function bundleSources(root: string, folder: string): Promise<Bundle[]> {
  const sources = [...publishedIn(root).flatMap(entriesOf), ...PROGRAMS]
  const outputs = await build({
    absWorkingDir: root,
    entryPoints: sources,
    outbase: root,
    outdir: folder,
    splitting: true,
    format: 'esm',
    conditions: ['@holdfast/source'],
    plugins: [fromWhereItLies(root)],
  })
  return outputs.map(([source, bundle]) => [join(root, source), join(root, bundle)])
}

/** CommonJS, for the packages of others require them, too. Node finds what it exports in a line that is never run. */
async function bundleClients(root: string, folder: string): Promise<Bundle[]> {
  const clients = new Set(workspacesIn(root).flatMap((workspace) => clientsOf(root, workspace)))
  return await Promise.all(
    [...clients].map(async (client, index): Promise<Bundle> => {
      const outfile = join(folder, `client-${index}.cjs`)
      const exported = Object.keys((await import(urlOf(client))) as object).filter(
        (name) => name !== 'default' && name !== 'module.exports',
      )
      await build({
        entryPoints: [client],
        outfile,
        format: 'cjs',
        footer: { js: `0 && (module.exports = { ${exported.join(', ')} })` },
      })
      return [client, outfile]
    }),
  )
}

/** Of each entry, the paths of source and bundle, from `absWorkingDir`. */
async function build(options: BuildOptions): Promise<Bundle[]> {
  // Here alone: every vitest reads this file.
  const esbuild = await import('esbuild')
  const { metafile } = await esbuild.build({
    ...options,
    bundle: true,
    platform: 'node',
    target: `node${process.versions.node}`,
    keepNames: true,
    metafile: true,
    logLevel: 'error',
  })
  return Object.entries(metafile?.outputs ?? {}).flatMap(([file, { entryPoint }]) =>
    entryPoint === undefined ? [] : [[entryPoint, file] as const],
  )
}

/** A source finds files, and what others have made, from where it lies, also in a bundle that lies elsewhere. */
function fromWhereItLies(root: string): Plugin {
  const folders = workspacesIn(root).map(({ folder }) => join(root, folder))
  return {
    name: 'from where it lies',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
        if (isBuiltin(path)) return kind === 'require-call' ? { path, namespace: 'built-in' } : undefined
        if (path.startsWith('@holdfast/') || JOINED.has(path)) return undefined
        const folder = folders.filter((each) => importer.startsWith(`${each}/`)).at(-1)
        return folder === undefined
          ? undefined
          : { path: `from:${folder.slice(root.length + 1)}:${path}`, external: true }
      })
      // CommonJS among what is joined has no `require` in a bundle of modules.
      onLoad({ filter: /./, namespace: 'built-in' }, ({ path }) => ({
        contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
      }))
      onLoad({ filter: /\.ts$/ }, ({ path }) => ({
        loader: 'ts',
        contents: readFileSync(path, 'utf8')
          .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
          .replaceAll('import.meta.url', JSON.stringify(urlOf(path))),
      }))
    },
  }
}

/** The sources of all that can be imported. */
function entriesOf({ folder, manifest: { exports = {} } }: Workspace): string[] {
  const sources = Object.values(exports).map((entry) => (entry as Record<string, string>)['@holdfast/source'])
  return sources.filter((source) => source !== undefined).map((source) => join(folder, source))
}

function clientsOf(
  root: string,
  { folder, manifest: { dependencies, devDependencies } }: Workspace,
): string[] {
  const { resolve } = createRequire(join(root, folder, 'package.json'))
  return Object.keys({ ...dependencies, ...devDependencies })
    .filter((name) => CLIENT.test(name))
    .map((name) => resolve(name))
}

function urlOf(path: string): string {
  return pathToFileURL(path).href
}
