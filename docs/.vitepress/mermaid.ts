/**
 * Mermaid as its package has it, under `/mermaid/`: modules that the browser loads as a diagram needs them. To bundle them
 * would take as long as the rest of the site.
 */
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { UserConfig } from 'vitepress'

type Plugin = NonNullable<NonNullable<UserConfig['vite']>['plugins']>[number]

const home = dirname(createRequire(import.meta.url).resolve('mermaid/dist/mermaid.esm.min.mjs'))
const CHUNKS = 'chunks/mermaid.esm.min'
/** What a page adds as a script, for a bundle may not import from outside of it. */
const START = "import mermaid from './mermaid.esm.min.mjs'\nglobalThis.mermaid = mermaid\n"

/** Into a built site. */
export function copyMermaid(outDir: string): void {
  const to = join(outDir, 'mermaid')
  cpSync(join(home, CHUNKS), join(to, CHUNKS), { recursive: true, filter: (path) => !path.endsWith('.map') })
  cpSync(join(home, 'mermaid.esm.min.mjs'), join(to, 'mermaid.esm.min.mjs'))
  writeFileSync(join(to, 'start.mjs'), START)
}

/** For the server that shows the documents while they are written. */
export function servedMermaid(): Plugin {
  return {
    name: 'served-mermaid',
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => {
        const [, path = ''] =
          /\/mermaid\/((?:chunks\/mermaid\.esm\.min\/)?[\w.-]+\.mjs)/.exec(request.url ?? '') ?? []
        if (path === '' || (path !== 'start.mjs' && !existsSync(join(home, path)))) return next()
        response.setHeader('content-type', 'text/javascript')
        response.end(path === 'start.mjs' ? START : readFileSync(join(home, path)))
      })
    },
  }
}
