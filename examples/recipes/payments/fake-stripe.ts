/**
 * A provider for tests, as Stripe's API documents its idempotency keys: the same key with the same parameters gets the first
 * answer, also that of a declined card; with other parameters it gets `idempotency_error`. It
 * prints each charge that it makes. The amount 402 is declined.
 */
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

interface Answer {
  readonly status: number
  readonly body: string
}

const answers = new Map<string, { readonly parameters: string; readonly answer: Answer }>()
let charges = 0

function charge(parameters: URLSearchParams): Answer {
  const amount = Number(parameters.get('amount'))
  if (amount === 402) {
    const error = { type: 'card_error', code: 'card_declined', message: 'Your card was declined.' }
    return { status: 402, body: JSON.stringify({ error }) }
  }
  charges += 1
  console.log(`charge ${charges}: ${amount} for ${parameters.get('metadata[order]')}`)
  const intent = { id: `pi_${charges}`, object: 'payment_intent', amount, status: 'succeeded' }
  return { status: 200, body: JSON.stringify(intent) }
}

const server = createServer(async (request, response) => {
  const key = String(request.headers['idempotency-key'])
  const parameters = await text(request)
  const known = answers.get(key)
  if (known !== undefined && known.parameters !== parameters) {
    const error = { type: 'idempotency_error', message: 'Keys can only be used with the same parameters.' }
    response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error }))
    return
  }
  const answer = known?.answer ?? charge(new URLSearchParams(parameters))
  answers.set(key, { parameters, answer })
  const replayed = known === undefined ? {} : { 'idempotent-replayed': 'true' }
  response.writeHead(answer.status, { 'content-type': 'application/json', ...replayed }).end(answer.body)
})
server.listen(0, '127.0.0.1', () => console.log('listening on', server.address()))
