/** Lambda's side within an environment: asks its runtime API for an event, hands it to the handler, posts the answer. */
import type { Context, SQSEvent } from 'aws-lambda'
import { handler } from './handler.ts'

const api = `http://${process.env['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation`

for (;;) {
  const next = await fetch(`${api}/next`)
  const id = next.headers.get('lambda-runtime-aws-request-id')
  const deadline = Number(next.headers.get('lambda-runtime-deadline-ms'))
  const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadline - Date.now() }
  const answer = await handler((await next.json()) as SQSEvent, context as Context)
  await fetch(`${api}/${id}/response`, { method: 'POST', body: JSON.stringify(answer) })
}
