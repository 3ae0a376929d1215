import { spawn } from 'node:child_process'
import { buffer, text } from 'node:stream/consumers'

/** Reads contents by git's names for them, all in one process. @throws Error where there is one that git does not have */
export async function readContents(
  root: string,
  environment: Readonly<Record<string, string>>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map()
  const git = spawn('git', ['cat-file', '--batch'], { cwd: root, env: environment })
  const failed = new Promise<never>((_, reject) => git.once('error', reject))
  // Its end is heard of by what it has written.
  git.stdin.on('error', () => undefined)
  git.stdin.end(ids.map((id) => `${id}\n`).join(''))
  const [output, said] = await Promise.race([Promise.all([buffer(git.stdout), text(git.stderr)]), failed])
  const contents = new Map<string, string>()
  let at = 0
  for (const id of ids) {
    // `<id> blob <bytes>`, the content, and the end of the line.
    const head = output.subarray(at, output.indexOf('\n', at)).toString()
    const bytes = / blob (\d+)$/.exec(head)?.[1]
    if (bytes === undefined) throw new Error(`git has no content ${id}: ${head || said.trim()}`)
    const from = at + head.length + 1
    contents.set(id, output.subarray(from, from + Number(bytes)).toString())
    at = from + Number(bytes) + 1
  }
  return contents
}
