import { existsSync } from 'node:fs'
import { join } from 'node:path'
import files from '@fastify/static'
import type { FastifyInstance } from 'fastify'

const YEAR_MS = 365 * 24 * 3_600_000

/** Serves the page that Vite has built into `folder`, and the compressed files that lie beside its own. */
export async function addPage(app: FastifyInstance, folder: string | undefined): Promise<void> {
  if (folder === undefined || !existsSync(join(folder, 'index.html'))) {
    app.get('/', async (_request, reply) => await reply.type('text/plain; charset=utf-8').send(NOT_BUILT))
    return
  }
  await app.register(files, {
    root: folder,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path) => void reply.header('cache-control', cacheControlOf(path)),
  })
}

const NOT_BUILT = 'The page is not built. Everything else is here: /api/events, /readyz, /metrics.\n'

/** Vite puts a hash of what is in it into the name of every file but the page. */
function cacheControlOf(path: string): string {
  return /[\\/]assets[\\/]/.test(path) ? `public, max-age=${YEAR_MS / 1_000}, immutable` : 'no-cache'
}
