/** Serves the page with a made-up story, to look at it: `node --conditions=@holdfast/source apps/demo/page/test/story/serve.ts` */
import { buildPage, servePage } from './served-page.ts'
import { openStoryWorld } from './story-world.ts'

const page = await buildPage()
const { address } = await servePage(openStoryWorld(), page.folder)
console.log(address)
