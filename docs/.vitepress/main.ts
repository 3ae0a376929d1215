/** `npm run docs`: serves the site, and shows changes at once; with `--build` it builds it, into `docs/dist` or `--out`. */
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build, createServer } from 'vitepress'
import { writeApi } from './api.ts'
import { writePackages } from './packages.ts'

const root = resolve(import.meta.dirname, '../..')
const docs = join(root, 'docs')

const { values } = parseArgs({
  options: {
    build: { type: 'boolean', default: false },
    out: { type: 'string', default: join(docs, 'dist') },
    port: { type: 'string', default: '5173' },
  },
})

console.log('Reading the sources for the pages of the API.')
await writeApi(root)
writePackages(root)
if (values.build) {
  await build(docs, { outDir: resolve(values.out) })
  console.log(`The site is in ${relative(process.cwd(), resolve(values.out))}.`)
} else {
  const server = await createServer(docs, { port: Number(values.port) })
  await server.listen()
  console.log('The site, until Ctrl-C:')
  server.printUrls()
}
