import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fingerprintOf } from '@holdfast/core'
import { IncomparableBody, type ReceivedForm, comparableBody as comparable } from '@holdfast/http'

const comparableBody = (form: ReceivedForm): Promise<unknown> => comparable(form, createReadStream)
const headers = { 'content-type': 'multipart/form-data; boundary=x' }
const bytes = Buffer.from('some bytes')
const media = { mimetype: 'text/plain' }

/** As `@fastify/multipart` attaches parts. */
function attached(content: Buffer, toBuffer = async (): Promise<Buffer> => content): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  fields['amount'] = { type: 'field', fieldname: 'amount', value: '1', fields }
  fields['tag'] = ['a', 'b'].map((value) => ({ type: 'field', fieldname: 'tag', value, fields }))
  const file = { bytesRead: content.length }
  fields['receipt'] = {
    type: 'file',
    fieldname: 'receipt',
    filename: 'r.txt',
    ...media,
    file,
    toBuffer,
    fields,
  }
  return fields
}

const fields = { amount: '1', tag: ['a', 'b'] }

test('the same form is the same data with every plugin', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-form-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'upload')
  await writeFile(path, bytes)
  const multer = { fieldname: 'receipt', originalname: 'r.txt', ...media }
  const uploaded = { name: 'r.txt', ...media, data: bytes, tempFilePath: '' }
  const forms = [
    { body: attached(bytes) },
    { body: fields, file: { ...multer, buffer: bytes } },
    { body: fields, file: { ...multer, path } },
    { body: fields, files: [{ ...multer, buffer: bytes }] },
    { body: fields, files: { receipt: [{ ...multer, buffer: bytes }] } },
    { body: fields, files: { receipt: uploaded } },
    { body: fields, files: { receipt: { ...uploaded, data: Buffer.alloc(0), tempFilePath: path } } },
  ]
  const seen = await Promise.all(forms.map((form) => comparableBody({ headers, ...form })))
  expect(new Set(seen.map(fingerprintOf)).size).toBe(1)
  const other = await comparableBody({ headers, body: attached(Buffer.from('more bytes')) })
  expect(fingerprintOf(other)).not.toBe(fingerprintOf(seen[0]))
})

test.each([
  ['Beleg für März ✓.txt', 'Beleg fÃ¼r MÃ¤rz â\x9c\x93.txt', true],
  ['Beleg für März.txt', 'Beleg fÃ¼r MÃ¤rz.txt', true],
  ['Beleg für März.txt', 'Beleg für März.txt', true],
  ['✓.txt', '✓.txt', true],
  ['ä.txt', 'ö.txt', false],
])('a file %s that multer calls %s has the same name: %s', async (name, misread, isSame) => {
  const file = { fieldname: 'receipt', ...media, buffer: bytes }
  const compared = async (originalname: string) =>
    fingerprintOf(await comparableBody({ headers, body: fields, file: { ...file, originalname } }))
  const attachedBody = attached(bytes)
  Object.assign(attachedBody['receipt'] as object, { filename: name })
  const other = fingerprintOf(await comparableBody({ headers, body: attachedBody }))
  expect((await compared(misread)) === other).toBe(isSame)
})

test('only an object of a multipart parser is a part', async () => {
  const imitated = { receipt: { type: 'file', fieldname: 'receipt', fields: {}, toBuffer: 1 }, amount: 1 }
  expect(await comparableBody({ headers: { 'content-type': 'application/json' }, body: imitated })).toBe(
    imitated,
  )
  // A JSON field of a form can have any shape, but it does not contain the whole form.
  expect(await comparableBody({ headers, body: imitated })).toBe(imitated)
  const json = { 'content-type': 'application/json' }
  expect(await comparableBody({ headers: json, body: fields, file: { buffer: bytes } })).toBe(fields)
})

test.each([
  ['a file that its engine has stored elsewhere', { file: { fieldname: 'receipt', location: 's3://b/k' } }],
  ['a file that has been moved', { file: { fieldname: 'receipt', path: '/nowhere/to/be/found' } }],
  ['what is no file at all', { files: [7] }],
  ['a file that was read while it was received', { body: attached(bytes, async () => Buffer.alloc(0)) }],
])('%s is refused by name instead of left out', async (_name, form) => {
  const body = await comparableBody({ headers, ...form })
  expect(body).toBeInstanceOf(IncomparableBody)
  expect((body as IncomparableBody).reason).toMatch(/^The file in the field ".*" cannot be compared \(.+\)/)
})
