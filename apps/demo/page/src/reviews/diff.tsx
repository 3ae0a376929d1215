import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { FindingView } from '../../../src/events/snapshot.ts'
import { plural } from '../format.ts'
import { type DiffRow, type FileView, STEP, type Stretch, diffRows, inOrder } from './diff-rows.ts'
import { type Spans, useHighlighted } from './highlighted.ts'
import { SeveritySign } from './severity-sign.tsx'
import { CATEGORY_WORDS, SEVERITY_WORDS } from './words.ts'

export function findingId(number: number): string {
  return `finding-${number}`
}

/** The changed lines of one file, with each finding under its line. */
export function Diff({ file }: { readonly file: FileView }): JSX.Element {
  const [opened, setOpened] = useState<readonly Stretch[]>([])
  const { rows, above } = diffRows(file, opened)
  const spans = useHighlighted(file)
  const findings = inOrder(file)
  return (
    <>
      {above.length > 0 && (
        <div class="above-file">
          {above.map((finding) => (
            <FindingCard
              key={findings.indexOf(finding)}
              finding={finding}
              number={findings.indexOf(finding)}
            />
          ))}
        </div>
      )}
      {rows.length === 0 ? (
        <p class="nothing">{file.note}</p>
      ) : (
        <table class="diff">
          <caption class="heard">{file.path}: changed lines, with findings under theirs</caption>
          <colgroup>
            <col class="col-number col-old" />
            <col class="col-number" />
            <col />
          </colgroup>
          <thead class="heard">
            <tr>
              <th scope="col">Old line</th>
              <th scope="col">New line</th>
              <th scope="col">Code</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row
                key={keyOf(row)}
                row={row}
                spans={spans}
                onOpen={(stretch) => setOpened([...opened, stretch])}
              />
            ))}
          </tbody>
        </table>
      )}
    </>
  )
}

/** What is opened moves the start of a gap and not its end: the button stays, and keeps the focus. */
function keyOf(row: DiffRow): string {
  switch (row.kind) {
    case 'hunk':
      return `hunk-${row.hunk}`
    case 'line':
      return `line-${row.index}`
    case 'finding':
      return `finding-${row.number}`
    case 'more':
      return `more-${row.to}`
  }
}

interface RowProps {
  readonly row: DiffRow
  readonly spans: ReadonlyMap<number, Spans>
  readonly onOpen: (stretch: Stretch) => void
}

function Row({ row, spans, onOpen }: RowProps): JSX.Element {
  switch (row.kind) {
    case 'hunk':
      return (
        <tr>
          <td class="at" colSpan={3}>
            {row.header}
          </td>
        </tr>
      )
    case 'line':
      return <Line row={row} spans={spans.get(row.index)} />
    case 'finding':
      return (
        <tr>
          <td colSpan={3}>
            <FindingCard finding={row.finding} number={row.number} />
          </td>
        </tr>
      )
    case 'more': {
      const hidden = row.to - row.from
      return (
        <tr>
          <td class="more" colSpan={3}>
            <button
              type="button"
              class="link"
              onClick={() => onOpen({ from: row.from, to: Math.min(row.to, row.from + STEP) })}
            >
              {hidden <= STEP ? `Show ${plural(hidden, 'more line')}` : `Show ${STEP} more lines`}
            </button>
            {hidden > STEP && <span class="small"> of {hidden}</span>}
          </td>
        </tr>
      )
    }
  }
}

const SIGNS = {
  same: undefined,
  added: { sign: '+', word: 'added' },
  removed: { sign: '−', word: 'removed' },
}

interface LineProps {
  readonly row: Extract<DiffRow, { kind: 'line' }>
  readonly spans: Spans | undefined
}

function Line({ row: { line, worst }, spans }: LineProps): JSX.Element {
  const sign = SIGNS[line.kind]
  return (
    <tr class={worst === null ? line.kind : `${line.kind} meant ${worst}`}>
      <td class="line-number old">{line.oldLine}</td>
      <td class="line-number">
        {worst !== null && (
          <>
            <SeveritySign severity={worst} />
            <span class="heard">{SEVERITY_WORDS[worst]}: </span>
          </>
        )}
        {line.newLine}
      </td>
      <td class="code">
        {sign !== undefined && (
          <span class="sign">
            <span aria-hidden="true">{sign.sign}</span>
            <span class="heard">{sign.word}: </span>
          </span>
        )}
        <code>
          {spans === undefined
            ? line.text
            : spans.map(([kind, text], index) =>
                kind === null ? (
                  text
                ) : (
                  <span key={index} class={kind}>
                    {text}
                  </span>
                ),
              )}
        </code>
      </td>
    </tr>
  )
}

interface CardProps {
  readonly finding: FindingView
  readonly number: number
}

function FindingCard({ finding, number }: CardProps): JSX.Element {
  const { severity, category, rule, message, suggestion, line } = finding
  const where = line === null ? 'about the whole file' : `line ${line}`
  return (
    <div id={findingId(number)} class={`finding ${severity}`} role="note" tabIndex={-1}>
      <header>
        <span class={`severity ${severity}`}>
          <SeveritySign severity={severity} />
          {SEVERITY_WORDS[severity]}
        </span>
        <span class="category">{CATEGORY_WORDS[category]}</span>
        <span class="small">{where}</span>
        <span class="rule mono">{rule}</span>
      </header>
      <p>{message}</p>
      <p class="suggestion">
        <span class="heard">Suggestion: </span>
        {suggestion}
      </p>
    </div>
  )
}
