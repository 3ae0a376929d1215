import { parseChange } from './diff.ts'
import type { CommitRange, GitRepository } from './git-repository.ts'
import { detectLanguages } from './languages.ts'
import { detectProjectType } from './project-type.ts'
import type { ReviewRequest } from './reviewer.ts'

const MOST_COMMITS = 50

/** What a reviewer needs of a range of commits. */
export async function requestFor(
  git: GitRepository,
  range: CommitRange,
  maxFiles: number,
): Promise<ReviewRequest> {
  const readDiff = (): Promise<string> => git.diff(range)
  const change = await parseChange(await readDiff())
  const projectType = await detectProjectType(await git.topLevel(range.head), (name) =>
    git.readFile(range.head, name),
  )
  return {
    change,
    context: {
      languages: detectLanguages(change.files),
      projectType,
      commits: await git.commits(range, MOST_COMMITS),
    },
    maxFiles,
    readContents: (ids) => git.readContents(ids),
    readDiff,
    whitespaceErrors: await git.whitespaceErrors(range),
  }
}
