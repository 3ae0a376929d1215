import type { JSX } from 'preact'
import type { ModelCallView, SecondOpinionView } from '../../../src/events/model-news.ts'
import { grouped, plural } from '../format.ts'
import { CALL_WORDS, costOf, opinionWords, spentWords } from './cost.ts'

/** What a model has said of the change, and what that has cost, call by call. */
export function Second({ second }: { readonly second: SecondOpinionView }): JSX.Element {
  const { spent, problem, leftOut, calls } = second
  return (
    <details class="suggestions second">
      <summary>
        Second reviewer: {spent === null ? 'nothing to pay, the answer was there' : spentWords(spent)}
      </summary>
      <p>{opinionWords(second)}</p>
      {problem !== null && <p class="answer bad">{problem}</p>}
      {calls.length > 0 && (
        <table class="table" aria-label="Calls of the model">
          <thead>
            <tr>
              <th scope="col">Call</th>
              <th scope="col">From</th>
              <th scope="col" class="number">
                Tokens
              </th>
              <th scope="col" class="number">
                Cost
              </th>
            </tr>
          </thead>
          <tbody>
            {calls.map((call, index) => (
              <Call key={index} call={call} />
            ))}
          </tbody>
        </table>
      )}
      {leftOut.length > 0 && (
        <>
          <p>{plural(leftOut.length, 'file')} it has not read:</p>
          <ul>
            {leftOut.map(({ path, why }) => (
              <li key={path}>
                <span class="mono">{path}</span>: {why}
              </li>
            ))}
          </ul>
        </>
      )}
    </details>
  )
}

function Call({ call }: { readonly call: ModelCallView }): JSX.Element {
  const { state, instance, inputTokens, outputTokens, cost, isEstimate, note } = call
  const about = isEstimate ? 'about ' : ''
  return (
    <tr>
      <th scope="row">
        {CALL_WORDS[state]}
        {note !== '' && <small>{note}</small>}
      </th>
      <td>{instance}</td>
      <td class="number">
        {about}
        {grouped(inputTokens)} + {grouped(outputTokens)}
      </td>
      <td class="number">
        {about}
        {costOf(cost)}
      </td>
    </tr>
  )
}
