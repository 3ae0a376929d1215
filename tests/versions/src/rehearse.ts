/** `npm run release:rehearse`: makes the next release candidate on a copy, and shows what would be published. */
import { endOnSignals, readFlags } from '@holdfast/test-support/command'
import { rehearseRelease } from './release/rehearse.ts'
import { buildPackages } from './stage.ts'

const usage = `
npm run release:rehearse -- [options]

Makes a release candidate on a copy of this repository: builds, lets changesets write versions and CHANGELOGs, and
publishes to a registry that lives as long as the command. Nothing leaves this machine, and nothing here changes. Prints
what was run, and the CHANGELOG of each package as its users will read it.

  --transcript   only what was run
  --changelogs   only the CHANGELOGs
`
const { transcript = false, changelogs = false } = readFlags(usage, {
  transcript: 'boolean',
  changelogs: 'boolean',
})
endOnSignals()

await buildPackages()
const rehearsal = await rehearseRelease()
if (!changelogs) console.log(rehearsal.transcript)
if (!transcript) for (const text of rehearsal.changelogs.values()) console.log(`\n${text}`)
console.log(`\n${rehearsal.uploads.length} packages at ${rehearsal.version}`)
await rehearsal.remove()
