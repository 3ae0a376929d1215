import { confirm, isCancel } from '@clack/prompts'
import { Exit, exitCodes } from '../exit.ts'

/**
 * Asks before a change, which `--yes` makes at once.
 *
 * @throws Exit without a terminal to ask on, and when the answer is no
 */
export async function confirmed(
  question: string,
  { yes = false }: { readonly yes?: boolean | undefined },
): Promise<void> {
  if (yes) return
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new Exit(
      exitCodes.badUse,
      'This changes what is in Redis, and there is no terminal to ask on: repeat it with --yes.',
    )
  const answer = await confirm({ message: question, initialValue: false, output: process.stderr })
  if (isCancel(answer)) throw new Exit(exitCodes.interrupted, 'Nothing was changed.')
  if (!answer) throw new Exit(exitCodes.findings, 'Nothing was changed.')
}
