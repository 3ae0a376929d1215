import { statSync } from 'node:fs'
import { simpleGit } from 'simple-git'
import { readContents } from './read-contents.ts'
import { smallEnvironment } from './small-environment.ts'

/** What the jobs read from a git repository. Nothing is ever written to it. */
export interface GitRepository {
  /** Its top folder; of a bare repository, the repository itself. */
  readonly root: string
  /** The commits to review: `base` and `head` as named, or the most recent commits where they are not. */
  resolveRange(base?: string, head?: string): Promise<CommitRange>
  /** Where `head` has left what `base` has gone on from. @throws GitInputError when they share no commit */
  mergeBase(base: string, head: string): Promise<string>
  /** The difference as git prints it; each changed file with the ids of its contents. */
  diff(range: CommitRange): Promise<string>
  /** How many files differ. */
  changedFiles(range: CommitRange): Promise<number>
  /** What `git diff --check` says of the added lines: whitespace errors and leftover conflict markers. */
  whitespaceErrors(range: CommitRange): Promise<string>
  /** Newest first, at most `limit`. */
  commits(range: CommitRange, limit: number): Promise<readonly Commit[]>
  /** How many of the last `limit` commits up to `commit` touched each path. */
  changeCounts(commit: string, limit: number): Promise<ReadonlyMap<string, number>>
  /** Names in the top folder, folders with a trailing slash. */
  topLevel(commit: string): Promise<readonly string[]>
  readFile(commit: string, path: string): Promise<string>
  /** By git's own names for them. */
  readContents(ids: readonly string[]): Promise<ReadonlyMap<string, string>>
}

export interface CommitRange {
  /** A commit, or the empty tree when there is no earlier commit to compare with. */
  readonly base: string
  readonly head: string
}

export interface Commit {
  readonly id: string
  readonly author: string
  readonly subject: string
}

/** The repository or a ref is not what the command line says; the message is for the person who typed it. */
export class GitInputError extends Error {
  readonly code = 'GIT_INPUT'
}

/** There may be such a commit later: a fetch brings it. */
export class UnknownCommitError extends GitInputError {}

/** How far back the default range goes, along first parents. */
const DEFAULT_COMMITS = 5

/** @param mostDiffBytes so much of a difference is held in memory at once, by every instance that reviews */
export async function openRepository(
  path: string,
  mostDiffBytes: number = MOST_DIFF_BYTES,
): Promise<GitRepository> {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new GitInputError(`There is no folder ${path}.`)
  const root = await topFolder(path)
  const git = gitIn(root)

  const commitOf = async (ref: string): Promise<string> => {
    try {
      return await git.raw('rev-parse', '--verify', '--end-of-options', `${ref}^{commit}`)
    } catch {
      throw new UnknownCommitError(`${root} has no commit called ${JSON.stringify(ref)}.`)
    }
  }
  const recentBase = async (head: string): Promise<string> => {
    const depth = `--max-count=${DEFAULT_COMMITS + 1}`
    const ids = lines(await git.raw('rev-list', '--first-parent', depth, head, '--'))
    // A first commit, or the only one that a shallow clone has: everything in it is new.
    if (ids.length < 2) return await git.raw('hash-object', '-t', 'tree', '/dev/null')
    return ids.at(-1) ?? head
  }
  const isTree = async (id: string): Promise<boolean> => (await git.raw('cat-file', '-t', id)) === 'tree'

  return {
    root,
    async resolveRange(base, head = 'HEAD') {
      if (head === 'HEAD' && !(await hasCommits(git))) throw new GitInputError(`${root} has no commits yet.`)
      const headCommit = await commitOf(head)
      return {
        head: headCommit,
        base: base === undefined ? await recentBase(headCommit) : await commitOf(base),
      }
    },
    async mergeBase(base, head) {
      const [from, to] = [await commitOf(base), await commitOf(head)]
      try {
        return await git.raw('merge-base', from, to)
      } catch {
        throw new GitInputError(`${base} and ${head} of ${root} have no commit in common.`)
      }
    },
    // diff-tree rather than diff: it heeds no settings of the user's or the repository's that change the format.
    diff: ({ base, head }) =>
      gitIn(root, { trimmed: false, mostBytes: mostDiffBytes }).raw(
        'diff-tree',
        ...PATCH,
        // What could not be reviewed is shown by the names that somebody gave it: one with a dash is no option.
        '--end-of-options',
        base,
        head,
        '--',
      ),
    async changedFiles({ base, head }) {
      return lines(await git.raw('diff-tree', '-r', '--name-only', base, head, '--')).length
    },
    whitespaceErrors: ({ base, head }) => git.raw('diff-tree', '--check', '-r', base, head, '--'),
    async commits({ base, head }, limit) {
      const range = (await isTree(base)) ? [head] : [`${base}..${head}`]
      const log = await git.raw('log', `--max-count=${limit}`, '--format=%H%x00%an%x00%s', ...range, '--')
      return lines(log).map((line) => {
        const [id = '', author = '', subject = ''] = line.split('\0')
        return { id, author, subject }
      })
    },
    async changeCounts(commit, limit) {
      const names = await git.raw(
        'log',
        `--max-count=${limit}`,
        '--format=',
        '--name-only',
        '-z',
        commit,
        '--',
      )
      const counts = new Map<string, number>()
      for (const path of names.split('\0')) {
        const name = path.trim()
        if (name !== '') counts.set(name, (counts.get(name) ?? 0) + 1)
      }
      return counts
    },
    async topLevel(commit) {
      const entries = await git.raw('ls-tree', '-z', commit, '--')
      return entries
        .split('\0')
        .filter((entry) => entry !== '')
        .map((entry) => {
          const [meta = '', name = ''] = entry.split('\t')
          return meta.includes(' tree ') ? `${name}/` : name
        })
    },
    readFile: (commit, path) => gitIn(root, { trimmed: false }).raw('cat-file', 'blob', `${commit}:${path}`),
    readContents: (ids) => readContents(root, smallEnvironment(), ids),
  }
}

const PATCH = ['-r', '-p', '--full-index', '--find-renames', '--no-ext-diff', '--no-textconv', '--no-color']

const MOST_DIFF_BYTES = 64 * 2 ** 20

/** git does not compare larger files, and calls them binary. */
const LARGEST_FILE = '20m'

interface Git {
  /** Runs git and resolves with what it printed. @throws Error of one line */
  raw(...args: readonly string[]): Promise<string>
}

/** @param options `mostBytes`: git is ended when it prints more */
function gitIn(root: string, { trimmed = true, mostBytes = Infinity } = {}): Git {
  const tooLong = new AbortController()
  const git = simpleGit({
    baseDir: root,
    trimmed,
    abort: tooLong.signal,
    // Four at a time: reading many files must not start many processes.
    maxConcurrentProcesses: 4,
    config: [
      'core.quotePath=off',
      `core.bigFileThreshold=${LARGEST_FILE}`,
      // What Windows ends lines with is no error.
      'core.whitespace=cr-at-eol',
    ],
  })
  git.env(smallEnvironment())
  if (mostBytes < Infinity) {
    let bytes = 0
    git.outputHandler((_command, stdout) => {
      stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > mostBytes) tooLong.abort()
      })
    })
  }
  return {
    async raw(...args) {
      try {
        return await git.raw(...args)
      } catch (cause) {
        if (tooLong.signal.aborted)
          throw new GitInputError(
            `The difference is longer than ${mostBytes / 2 ** 20} MB. Review fewer commits at once.`,
            { cause },
          )
        throw new Error(reasonOf(cause), { cause })
      }
    },
  }
}

/** The first line of what git said; simple-git makes a stack of it when there is no git. */
function reasonOf(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).trim().split('\n')
  return line.includes('spawn git ENOENT') ? 'git is not installed, or not on PATH' : line
}

async function topFolder(path: string): Promise<string> {
  try {
    const git = gitIn(path)
    const bare = (await git.raw('rev-parse', '--is-bare-repository')) === 'true'
    return await git.raw('rev-parse', bare ? '--absolute-git-dir' : '--show-toplevel')
  } catch (cause) {
    throw new GitInputError(`${path} cannot be read as a git repository: ${reasonOf(cause)}`, { cause })
  }
}

async function hasCommits(git: Git): Promise<boolean> {
  try {
    await git.raw('rev-parse', '--verify', 'HEAD^{commit}')
    return true
  } catch {
    return false
  }
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}
