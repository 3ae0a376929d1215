// `npm run keep-version -- NAME`: keeps what the tests need of the version that lies here, beside those of later versions.
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { startRedis } from '@holdfast/test-support/redis'
import { endOnSignals, readFlags } from '@holdfast/test-support/command'
import { temporaryDirectory } from '@holdfast/test-support/servers'
import { Redis } from 'ioredis'
import { ROOT } from '../published.ts'
import { mustRun } from '../run.ts'
import { COMPILER } from '../stage.ts'
import { keepData } from './data.ts'
import { KEPT, KEPT_PACKAGES, installKept } from './kept.ts'
import { Peer } from './peer-process.ts'
import { leaveBehind } from './remains.ts'

const usage = `
npm run keep-version -- --name NAME [--of FOLDER]

Builds and packs the packages whose formats lie in Redis, and keeps of them what runs, in tests/versions/kept/NAME. Do it
for each release, from its tag, before the next change: then the tests hold the two versions against each other.

  --name NAME  such as 1.4.0, or a commit
  --of FOLDER  another worktree, in which npm run setup has run. Default: this one
`
const { name, of: folder = ROOT } = readFlags(usage, { name: 'string', of: 'string' })
if (name === undefined || !/^[\w.-]+$/.test(name))
  throw new Error(`NAME must be a version or a commit.\n${usage}`)
endOnSignals()

const home = join(KEPT, name)
const temporary = temporaryDirectory()
try {
  const folders = KEPT_PACKAGES.map((each) => join(folder, 'packages', each))
  await mustRun(COMPILER, ['-b', ...folders], { cwd: folder })
  const modules = join(temporary.path, 'modules')
  for (const [i, each] of KEPT_PACKAGES.entries()) {
    const packed = mkdtempSync(join(temporary.path, 'pack-'))
    await mustRun('pnpm', ['--dir', folders[i] ?? '', 'pack', '--pack-destination', packed])
    const unpacked = join(packed, 'unpacked')
    mkdirSync(unpacked)
    const [tarball = ''] = globSync(join(packed, '*.tgz'))
    await mustRun('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1'])
    for (const file of globSync(['package.json', 'dist/**/*.js'], {
      cwd: unpacked,
      exclude: ['dist/testing/**'],
    })) {
      cpSync(join(unpacked, file), join(modules, '@holdfast', each, file))
    }
  }
  mkdirSync(home, { recursive: true })
  const file = join(home, 'packages.tgz')
  rmSync(file, { force: true })
  // The same bytes for the same version.
  const same = '--sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner'.split(' ')
  await mustRun('tar', ['-C', modules, ...same, '--use-compress-program=gzip -9n', '-cf', file, '@holdfast'])
  console.log(`kept ${file}`)
  await keepDataOf(name)
} finally {
  await temporary.remove()
}

/** What the kept packages store, with nothing else in that Redis. */
async function keepDataOf(version: string): Promise<void> {
  await using server = await startRedis()
  const installed = await installKept(version)
  const client = new Redis(server.port, '127.0.0.1')
  const peers: Peer[] = []
  try {
    const start = async (): Promise<Peer> => {
      const nodes = [{ host: '127.0.0.1', port: server.port }]
      const peer = await Peer.start(installed, {
        library: 'ioredis',
        endpoint: { topology: 'single', nodes },
      })
      peers.push(peer)
      return peer
    }
    await leaveBehind(await start(), start)
    console.log(`kept ${await keepData(client, version)} keys that it stored`)
  } finally {
    for (const peer of peers) await peer.kill()
    client.disconnect()
    await installed.remove()
  }
}
