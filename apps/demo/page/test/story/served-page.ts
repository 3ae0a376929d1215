import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { createPageServer } from '../../../src/server/page-server.ts'
import { createToken } from '../../../src/server/token.ts'
import type { World } from '../../../src/live/world.ts'

const TOKEN = 'the-token-of-the-tests'

export interface BuiltPage extends AsyncDisposable {
  readonly folder: string
}

/** The page as it is published, in a folder that goes with it. */
export async function buildPage(): Promise<BuiltPage> {
  const folder = await mkdtemp(join(tmpdir(), 'aireview-page-'))
  const root = join(import.meta.dirname, '../..')
  await build({
    root,
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: folder, emptyOutDir: true },
  })
  return { folder, [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }) }
}

export interface ServedPage extends AsyncDisposable {
  /** With the token its visitor may change something; without it, only look. */
  readonly address: string
  readonly addressWithoutToken: string
}

/** The real server, with its stream and its strict policy for what the page may load, over a world of the test. */
export async function servePage(world: World, pageFolder: string): Promise<ServedPage> {
  const server = await createPageServer({ world, token: createToken(TOKEN), pageFolder })
  const port = await server.listen('127.0.0.1', 0)
  const addressWithoutToken = `http://127.0.0.1:${port}/`
  return {
    address: `${addressWithoutToken}?token=${TOKEN}`,
    addressWithoutToken,
    [Symbol.asyncDispose]: async () => {
      await server.close()
      await world.close()
    },
  }
}
