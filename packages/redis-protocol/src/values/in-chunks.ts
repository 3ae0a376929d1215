/**
 * Calls `send` for one chunk of the items after another, two at a time: so the server has always something to do, and a
 * command beside them waits for a few hundred keys, not for all. Answers in the order of the items.
 */
export async function inChunks<I, O>(
  items: readonly I[],
  size: number,
  send: (chunk: readonly I[]) => Promise<O>,
): Promise<O[]> {
  const answers: O[] = []
  for (let from = 0; from < items.length; from += size * AT_ONCE) {
    const sent: Promise<O>[] = []
    for (let at = from; at < items.length && at < from + size * AT_ONCE; at += size) {
      sent.push(send(items.slice(at, at + size)))
    }
    answers.push(...(await Promise.all(sent)))
  }
  return answers
}

const AT_ONCE = 2
