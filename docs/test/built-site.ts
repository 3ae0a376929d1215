/** The site as `npm run docs:build` makes it, hosted below a path, as on a forge. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { type AddressInfo } from 'node:net'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

export const root: string = resolve(import.meta.dirname, '../..')
export const BASE = '/holdfast/'

export interface BuiltSite extends AsyncDisposable {
  /** Where its files are. */
  readonly directory: string
  /** What the build said. */
  readonly output: string
  /** Of its home, with a slash at the end. */
  readonly url: string
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
}

export async function buildSite(): Promise<BuiltSite> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-site-'))
  const args = ['--conditions=@holdfast/source', 'docs/.vitepress/main.ts', '--build', '--out', directory]
  const env = {
    ...process.env,
    HOLDFAST_DOCS_BASE: BASE,
    NODE_ENV: 'production',
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
  }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, env }).catch(
    (error: unknown) => {
      rmSync(directory, { recursive: true, force: true })
      throw error
    },
  )
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
    const inSite = path.startsWith(BASE) ? path.slice(BASE.length) : '..'
    const file = fileOf(directory, inSite)
    response.writeHead(file === undefined ? 404 : 200, {
      'content-type': TYPES[extname(file ?? '')] ?? 'text/plain',
      // The names of assets have the hash of what they hold.
      ...(inSite.startsWith('assets/') ? { 'cache-control': 'max-age=31536000, immutable' } : {}),
    })
    response.end(file === undefined ? 'not found' : readFileSync(file))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    directory,
    output: stdout + stderr,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${BASE}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** What a static host serves for a path of the site; undefined when it has nothing. */
export function fileOf(directory: string, path: string): string | undefined {
  if (path.split('/').includes('..')) return undefined
  const file = join(directory, path.endsWith('/') || path === '' ? `${path}index.html` : path)
  const found = [file, `${file}.html`].find((each) => existsSync(each) && statSync(each).isFile())
  return found
}
