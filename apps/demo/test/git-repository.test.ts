import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { parseChange } from '../src/review/diff.ts'
import { openRepository } from '../src/review/git-repository.ts'
import { createRepository, temporaryFolder } from './repository.ts'

it('reads every kind of change from a real difference', async () => {
  const repository = createRepository()
  repository.commit({
    'keep.txt': 'a\nb\nc\n',
    'old name.txt': 'one\ntwo\nthree\n',
    'gone.py': '1\n2\n3\n',
    'picture.bin': Buffer.from([0, 1, 2, 255]),
    'tü"b\t.ts': 'q\n',
  })
  repository.git('mv', 'old name.txt', 'new name.txt')
  repository.commit({
    'keep.txt': 'a\nB\nc\n-- dash\n++ plus\n',
    'gone.py': null,
    'picture.bin': Buffer.from([0, 9, 9, 255]),
    'tü"b\t.ts': 'q\nr',
    'empty.md': '',
  })
  const git = await openRepository(repository.path)
  const { files } = await parseChange(await git.diff(await git.resolveRange()))

  const byPath = Object.fromEntries(files.map((file) => [file.path, file]))
  expect(files).toHaveLength(6)
  expect(byPath['keep.txt']).toMatchObject({
    kind: 'modified',
    deletions: 1,
    addedLines: [
      { line: 2, text: 'B' },
      { line: 4, text: '-- dash' },
      { line: 5, text: '++ plus' },
    ],
  })
  expect(byPath['new name.txt']).toMatchObject({
    kind: 'renamed',
    previousPath: 'old name.txt',
    addedLines: [],
  })
  expect(byPath['gone.py']).toMatchObject({ kind: 'deleted', deletions: 3, addedLines: [] })
  expect(byPath['picture.bin']).toMatchObject({ kind: 'modified', binary: true })
  expect(byPath['tü"b\t.ts']).toMatchObject({ kind: 'modified', addedLines: [{ line: 2, text: 'r' }] })
  expect(byPath['empty.md']).toMatchObject({ kind: 'added', addedLines: [] })
})

it('reads names that are no text, and content that looks like a difference', async () => {
  const repository = createRepository()
  repository.commit({ 'a.txt': 'a\n' })
  writeFileSync(
    Buffer.concat([Buffer.from(join(repository.path, 'caf')), Buffer.from([0xe9]), Buffer.from('.js')]),
    'debugger\n',
  )
  repository.commit({ 'a.txt': 'a\rdiff --git a/x b/x\rindex 1..2\r@@ -1 +1 @@\n' })
  const git = await openRepository(repository.path)
  const { files } = await parseChange(await git.diff(await git.resolveRange()))
  expect(files.map(({ kind, addedLines }) => [kind, addedLines.length])).toEqual([
    ['modified', 1],
    ['added', 1],
  ])
  const [one = '', two = ''] = files.map(({ contentId }) => contentId)
  const contents = await git.readContents([two, one])
  expect(contents.get(two)).toBe('debugger\n')
  expect(contents.get(one)).toContain('\rdiff --git')
  await expect(git.readContents([one, '1'.repeat(40)])).rejects.toThrow(
    `git has no content ${'1'.repeat(40)}`,
  )
})

it('takes no name of a commit for an option', async () => {
  const repository = createRepository()
  repository.commit({ 'a.txt': 'a\n' })
  const git = await openRepository(repository.path)
  const written = join(temporaryFolder(), 'written')
  await expect(git.diff({ base: `--output=${written}`, head: 'HEAD' })).rejects.toThrow('--output=')
  expect(existsSync(written)).toBe(false)
})

it('does not look into a difference that is too large to read', async () => {
  const repository = createRepository()
  repository.commit({ 'a.txt': 'a\n' })
  repository.commit({ 'data.js': 'debugger\n'.repeat(150_000), 'b.js': 'debugger\n' })
  const git = await openRepository(repository.path)
  const { files } = await parseChange(await git.diff(await git.resolveRange()))
  expect(files).toMatchObject([
    { path: 'b.js', tooLarge: false, addedLines: [{ line: 1 }] },
    { path: 'data.js', tooLarge: true, kind: 'added', addedLines: [], deletions: 0 },
  ])
})

it('lets others have their turn while it reads a long difference', async () => {
  const file = (n: number): string =>
    `diff --git a/${n} b/${n}\nindex 1..2 100644\n--- a/${n}\n+++ b/${n}\n@@ -1 +1 @@\n-a\n+b\n`
  let ended = false
  const reading = parseChange(Array.from({ length: 60_000 }, (_, n) => file(n)).join('')).finally(
    () => (ended = true),
  )
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect(ended).toBe(false)
  expect((await reading).files).toHaveLength(60_000)
})

it('heeds no settings that change how a difference looks', async () => {
  const repository = createRepository()
  repository.commit({ 'a.txt': '1\n' })
  repository.commit({ 'a.txt': '2\n' })
  const git = await openRepository(repository.path)
  const plain = await git.diff(await git.resolveRange())
  for (const [name, value] of [
    ['diff.noprefix', 'true'],
    ['diff.external', 'false'],
    ['color.ui', 'always'],
    ['diff.context', '0'],
  ] as const) {
    repository.git('config', name, value)
  }
  expect(await git.diff(await git.resolveRange())).toBe(plain)
})

it('has the same hash for the same change and another one for another', async () => {
  const repository = createRepository()
  const first = repository.commit({ 'a.txt': '1\n' })
  const second = repository.commit({ 'a.txt': '2\n' })
  const third = repository.commit({ 'a.txt': '3\n' })
  const git = await openRepository(repository.path)
  const hash = async (base: string, head: string): Promise<string> =>
    (await parseChange(await git.diff({ base, head }))).hash
  expect(await hash(first, second)).toBe(await hash(first, second))
  expect(await hash(first, second)).not.toBe(await hash(second, third))
})

it('goes back five commits where nothing is named', async () => {
  const repository = createRepository()
  const commits = [1, 2, 3, 4, 5, 6, 7].map((n) => repository.commit({ 'a.txt': `${n}\n` }, `Commit ${n}`))
  const git = await openRepository(repository.path)
  const range = await git.resolveRange()
  expect(range).toEqual({ base: commits[1], head: commits[6] })
  const subjects = (await git.commits(range, 50)).map(({ subject }) => subject)
  expect(subjects).toEqual(['Commit 7', 'Commit 6', 'Commit 5', 'Commit 4', 'Commit 3'])
})

it('compares a single commit with nothing, in a new repository and in a shallow clone', async () => {
  const repository = createRepository()
  repository.commit({ 'a.txt': '1\n' })
  const fresh = await openRepository(repository.path)
  const ofFresh = await parseChange(await fresh.diff(await fresh.resolveRange()))
  expect(ofFresh.files).toMatchObject([{ path: 'a.txt', kind: 'added' }])

  repository.commit({ 'b.txt': '2\n' })
  const clone = temporaryFolder()
  repository.git('clone', '--quiet', '--depth=1', `file://${repository.path}`, clone)
  const shallow = await openRepository(clone)
  const range = await shallow.resolveRange()
  expect((await parseChange(await shallow.diff(range))).files.map(({ path }) => path)).toEqual([
    'a.txt',
    'b.txt',
  ])
  expect(await shallow.commits(range, 50)).toHaveLength(1)
})

it('opens a repository from a folder below its top, and a bare one', async () => {
  const repository = createRepository()
  repository.commit({ 'src/deep/a.txt': '1\n' })
  expect((await openRepository(join(repository.path, 'src/deep'))).root).toBe(repository.path)
  const bare = temporaryFolder()
  repository.git('clone', '--quiet', '--bare', repository.path, bare)
  const git = await openRepository(bare)
  expect((await parseChange(await git.diff(await git.resolveRange()))).files).toHaveLength(1)
})

it('reads the named repository whatever npm, a git hook or the user put into the environment', async () => {
  const repository = createRepository()
  repository.commit({ 'a.txt': '1\n' })
  onTestFinished(() => void vi.unstubAllEnvs())
  for (const name of [
    'GIT_DIR',
    'GIT_INDEX_FILE',
    'EDITOR',
    'GIT_EDITOR',
    'PAGER',
    'GIT_SSH_COMMAND',
    'GIT_ASKPASS',
  ]) {
    vi.stubEnv(name, '/nowhere')
  }
  const git = await openRepository(repository.path)
  expect(git.root).toBe(repository.path)
  expect((await parseChange(await git.diff(await git.resolveRange()))).files).toHaveLength(1)
})

it('says in one sentence what is wrong with the input', async () => {
  const folder = temporaryFolder()
  await expect(openRepository(join(folder, 'nowhere'))).rejects.toThrow('There is no folder')
  await expect(openRepository(folder)).rejects.toThrow('cannot be read as a git repository')
  writeFileSync(join(folder, 'file'), '')
  await expect(openRepository(join(folder, 'file'))).rejects.toThrow('There is no folder')

  const repository = createRepository()
  const git = await openRepository(repository.path)
  await expect(git.resolveRange()).rejects.toThrow('has no commits yet')
  repository.commit({ 'a.txt': '1\n' })
  await expect(git.resolveRange('nope')).rejects.toThrow('has no commit called "nope"')
  await expect(git.resolveRange(undefined, 'HEAD:a.txt')).rejects.toThrow('has no commit called "HEAD:a.txt"')
  await expect(git.resolveRange('--output=stolen')).rejects.toThrow('has no commit called "--output=stolen"')
})
