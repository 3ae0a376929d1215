/**
 * `prepack` of every published package. Only pnpm turns the `workspace:` and `catalog:` of a package.json into versions;
 * a tarball of npm or yarn could not be installed, so those are refused. `npm publish <tarball>` of what pnpm packed is fine.
 * It runs on whatever Node is there.
 */
import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'

// `npm_config_user_agent` would be that of pnpm too where a script of pnpm starts npm.
const packer = basename(process.env.npm_execpath ?? 'a program that does not say its name').replace(
  /(-cli)?\.[cm]?js$/,
  '',
)
const { name, dependencies, peerDependencies, devDependencies } = JSON.parse(
  readFileSync('package.json', 'utf8'),
)
const unresolved = Object.entries({ ...devDependencies, ...peerDependencies, ...dependencies }).findLast(
  ([, range]) => /^(workspace|catalog):/.test(range),
)
if (unresolved !== undefined && packer !== 'pnpm') {
  refuse(
    `${packer} would leave "${unresolved.join('": "')}" in the package.json of ${name}. ` +
      'Pack with `npx pnpm pack`; publish with `npm run release`, or publish the tarball that pnpm packed.',
  )
}
if (!existsSync('dist')) refuse(`${name} is not built: run \`npm run build\` at the root.`)

function refuse(reason) {
  console.error(reason)
  process.exit(1)
}
