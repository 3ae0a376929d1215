/** `node --conditions=@holdfast/source test/replay/main.ts`: serves the built page with the story, to look at it. */
import { resolve } from 'node:path'
import { serveStory } from './server.ts'
import { STORY_SECONDS, story } from './story.ts'

const server = await serveStory({
  directory: resolve(import.meta.dirname, '../../../dist/page'),
  events: process.argv.includes('--empty') ? [] : story(Date.now() - STORY_SECONDS * 1_000),
  port: Number(process.env['PORT'] ?? 0),
})
process.stdout.write(`${server.url}\n`)
