/**
 * Serves the page with the story, to look at it: `node --conditions=@holdfast/source test/story/serve.ts`. With `--empty`
 * nothing has happened yet.
 */
import { buildPage, servePage } from './served-page.ts'
import { openStoryWorld } from './story-world.ts'

const built = await buildPage()
const world = process.argv.includes('--empty') ? openStoryWorld([]) : openStoryWorld()
const { address } = await servePage(world, built.folder)
process.stdout.write(`${address}\n`)
