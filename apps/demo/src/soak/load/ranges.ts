import { openRepository } from '../../review/git-repository.ts'
import type { Change } from '../../live/review-desk.ts'
import type { Source } from '../../live/source.ts'

/** Enough that not every review finds its analysis in the cache, and few enough that some do. */
const MOST_RANGES = 24

/** A larger change takes long to review, and this is about many. */
const MOST_FILES = 15

/** Real changes of the repository, one commit each, the newest first. */
export async function recentChanges(source: Source): Promise<readonly Change[]> {
  const repository = await openRepository(source.path)
  const found: Change[] = []
  for (let back = 0; back < MOST_RANGES * 2 && found.length < MOST_RANGES; back += 1) {
    const change = await source.change(`HEAD~${back + 1}`, `HEAD~${back}`).catch(() => undefined)
    if (change === undefined) continue
    const files = await repository.changedFiles({ base: change.baseCommit, head: change.headCommit })
    if (files <= MOST_FILES) found.push(change)
  }
  return found.length > 0 ? found : [source.usual]
}
