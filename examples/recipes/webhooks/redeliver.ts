// #region redeliver
const { GITHUB_API = 'https://api.github.com', GITHUB_TOKEN = '' } = process.env
const { GITHUB_REPOSITORY = '', GITHUB_HOOK = '' } = process.env
// The repository as owner/name, and the number at the end of the address of the webhook's page.
if ([GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_HOOK].includes(''))
  throw new Error('GITHUB_TOKEN, GITHUB_REPOSITORY or GITHUB_HOOK is missing.')
const hook = `${GITHUB_API}/repos/${GITHUB_REPOSITORY}/hooks/${GITHUB_HOOK}`
const LOOK_BACK_MS = 24 * 3_600_000
const MAX_DELIVERIES = 5

/** What GitHub says of a try to deliver an event. All tries of one event have its `guid`, which is `X-GitHub-Delivery`. */
interface Delivery {
  readonly id: number
  readonly guid: string
  readonly delivered_at: string
  readonly status: string
}

async function ask(url: string, method: 'GET' | 'POST'): Promise<Response> {
  const headers = { accept: 'application/vnd.github+json', authorization: `Bearer ${GITHUB_TOKEN}` }
  const response = await fetch(url, { method, headers, signal: AbortSignal.timeout(30_000) })
  if (!response.ok) throw new Error(`GitHub answered ${response.status} to ${method} ${url}`)
  return response
}

/** The tries since then, by event, the latest first. */
async function deliveriesSince(start: number): Promise<ReadonlyMap<string, readonly Delivery[]>> {
  const events = new Map<string, Delivery[]>()
  let next: string | undefined = `${hook}/deliveries?per_page=100`
  while (next !== undefined) {
    const response = await ask(next, 'GET')
    const page = (await response.json()) as readonly Delivery[]
    for (const delivery of page) {
      if (Date.parse(delivery.delivered_at) < start) return events
      events.set(delivery.guid, [...(events.get(delivery.guid) ?? []), delivery])
    }
    next = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
  }
  return events
}

for (const [guid, tries] of await deliveriesSince(Date.now() - LOOK_BACK_MS)) {
  const [latest] = tries
  if (latest === undefined || tries.some(({ status }) => status === 'OK')) continue
  try {
    if (tries.length < MAX_DELIVERIES) await ask(`${hook}/deliveries/${latest.id}/attempts`, 'POST')
    console.log(tries.length < MAX_DELIVERIES ? 'sent again' : 'given up', guid, latest.status)
  } catch (error) {
    // The others are sent again all the same; this one by the next run.
    console.error('not sent again', guid, (error as Error).message)
    process.exitCode = 1
  }
}
// #endregion
