import { createHash } from 'node:crypto'
import { type HttpRequestHeaders, mediaTypeOf } from './headers.ts'

/** A request as a framework and its upload plugins leave it. */
export interface ReceivedForm {
  readonly headers: HttpRequestHeaders
  readonly body?: unknown
  /** Where multer and express-fileupload put what they took out of the body. */
  readonly file?: unknown
  readonly files?: unknown
}

/** Reads a file that a plugin has put on disk: `createReadStream`. */
export type ReadFile = (path: string) => AsyncIterable<Uint8Array>

/** A body whose content cannot be had any more: the standard fingerprint refuses it, one of the app's own does not. */
export class IncomparableBody {
  readonly reason: string

  constructor(reason: string) {
    this.reason = reason
  }
}

/**
 * The body as plain data. Only a `multipart/form-data` request has parts, and only what its parser made counts as one:
 * a client can send any JSON, but no object that contains itself. The same form is the same data, whether
 * `@fastify/multipart`, multer or express-fileupload has read it.
 */
export async function comparableBody(
  { headers, body, file, files }: ReceivedForm,
  readFile: ReadFile,
): Promise<unknown> {
  if (!isForm(headers)) return body
  const parts = attachedParts(body)
  const uploads = parts?.files ?? [...filesIn(file), ...filesIn(files)]
  if (parts === undefined && uploads.length === 0) return body
  try {
    const described = await Promise.all(uploads.map((upload) => describe(upload, readFile)))
    return {
      fields: parts?.fields ?? body ?? {},
      files: described.sort((a, b) => (a.field < b.field ? -1 : a.field > b.field ? 1 : 0)),
    }
  } catch (error) {
    return new IncomparableBody((error as Error).message)
  }
}

/** Whether the request may have parts that {@link comparableBody} has to read. */
export function isForm(headers: HttpRequestHeaders): boolean {
  return mediaTypeOf(headers) === 'multipart/form-data'
}

type Named = readonly [field: string, file: object]

interface DescribedFile {
  readonly field: string
  readonly filename: unknown
  readonly mediaType: unknown
  readonly sha256: string
}

/** A part as `@fastify/multipart` attaches it to the body. */
interface AttachedPart {
  readonly type: 'field' | 'file'
  readonly fieldname: string
  /** The body itself: every part refers to all. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly value?: unknown
}

function attachedParts(body: unknown): { fields: object; files: Named[] } | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const entries = Object.entries(body)
  if (!entries.some(([, value]) => [value].flat().some(isAttachedPart))) return undefined
  const files: Named[] = []
  const fields: [string, unknown][] = []
  for (const [name, value] of entries) {
    const isFile = (part: unknown): part is AttachedPart => isAttachedPart(part) && part.type === 'file'
    const values = [value].flat()
    files.push(...values.filter(isFile).map((part): Named => [name, part]))
    const rest = values
      .filter((part) => !isFile(part))
      .map((part) => (isAttachedPart(part) ? part.value : part))
    if (rest.length > 0) fields.push([name, Array.isArray(value) ? rest : rest[0]])
  }
  return { fields: Object.fromEntries(fields), files }
}

function isAttachedPart(value: unknown): value is AttachedPart {
  if (typeof value !== 'object' || value === null) return false
  const { fieldname, fields } = value as Partial<AttachedPart>
  if (typeof fieldname !== 'string' || typeof fields !== 'object' || fields === null) return false
  return [fields[fieldname]].flat().includes(value)
}

/** One file, a list of them, or lists by the names of their fields; `@fastify/multipart` has functions there. */
function filesIn(given: unknown): Named[] {
  if (typeof given !== 'object' || given === null) return []
  if (Array.isArray(given)) return given.map((file: unknown) => named('', file))
  if (typeof (given as { fieldname?: unknown }).fieldname === 'string') return [named('', given)]
  return Object.entries(given).flatMap(([field, value]) =>
    [value as unknown].flat().map((file) => named(field, file)),
  )
}

function named(field: string, file: unknown): Named {
  const { fieldname = field } = (file ?? {}) as { fieldname?: unknown }
  return [String(fieldname), file as object]
}

async function describe([field, file]: Named, readFile: ReadFile): Promise<DescribedFile> {
  const { originalname, filename, name, mimetype } = (file ?? {}) as Readonly<Record<string, unknown>>
  const digest = createHash('sha256')
  try {
    for await (const chunk of contentOf(file, readFile)) digest.update(chunk)
  } catch (cause) {
    const { message } = cause as Error
    throw new Error(
      `The file in the field ${JSON.stringify(field)} cannot be compared (${message}): give fingerprint.`,
      { cause },
    )
  }
  return {
    field,
    // `name` is express-fileupload's; with multer `filename` is the file's name on disk.
    filename: textOf(originalname ?? name) ?? filename,
    mediaType: mimetype,
    sha256: digest.digest('base64url'),
  }
}

/** multer and express-fileupload read names as Latin-1 by default, though clients send them as UTF-8. */
function textOf(name: unknown): unknown {
  if (typeof name !== 'string') return name
  const bytes = Buffer.from(name, 'latin1')
  const text = bytes.toString('utf8')
  return bytes.toString('latin1') === name && !text.includes('\u{fffd}') ? text : name
}

/** The bytes, from wherever the parser has left them. */
async function* contentOf(file: object, readFile: ReadFile): AsyncGenerator<Uint8Array> {
  const {
    buffer,
    path,
    tempFilePath,
    data,
    toBuffer,
    file: source,
  } = (file ?? {}) as Readonly<Record<string, unknown>>
  if (typeof toBuffer === 'function') {
    const bytes = (await Reflect.apply(toBuffer, file, [])) as Uint8Array
    const { bytesRead = bytes.length } = (source ?? {}) as { bytesRead?: number }
    if (bytes.length !== bytesRead) throw new Error('its content was consumed while it was received')
    yield bytes
  } else if (buffer instanceof Uint8Array) {
    yield buffer
  } else if (typeof (path ?? tempFilePath) === 'string' && (path ?? tempFilePath) !== '') {
    yield* readFile(String(path ?? tempFilePath))
  } else if (data instanceof Uint8Array) {
    yield data
  } else {
    throw new Error('neither its bytes nor its path are known')
  }
}
