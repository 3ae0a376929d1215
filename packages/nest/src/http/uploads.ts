import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** A request whose body may be a form with files. */
export interface UploadingRequest {
  readonly body?: unknown
  /** Where upload interceptors put what they took out of the body. */
  readonly file?: unknown
  readonly files?: unknown
}

/** A file as multer describes it. */
interface UploadedFile {
  readonly fieldname: string
  readonly originalname: string
  readonly mimetype: string
  readonly buffer?: Uint8Array
  readonly path?: string
}

/** A part of a form as `@fastify/multipart` attaches it to the body. */
interface AttachedPart {
  readonly type: 'field' | 'file'
  readonly fieldname: string
  readonly value?: unknown
  readonly filename?: string
  readonly mimetype?: string
  toBuffer?(): Promise<Uint8Array>
}

/** The body as plain data: of the files of a form, what tells them apart. */
export async function plainBody({ body, file, files }: UploadingRequest): Promise<unknown> {
  const uploaded = [file, ...listOf(files)].filter(isUploadedFile)
  if (uploaded.length > 0) return { fields: body, files: await Promise.all(uploaded.map(describe)) }
  if (typeof body !== 'object' || body === null) return body
  const entries = Object.entries(body)
  if (!entries.some(([, value]) => [value].flat().some(isAttachedPart))) return body
  const fields = entries.map(async ([name, value]) => [
    name,
    await Promise.all([value].flat().map(contentOf)),
  ])
  return { fields: await Promise.all(fields) }
}

function listOf(files: unknown): readonly unknown[] {
  if (Array.isArray(files)) return files
  return typeof files === 'object' && files !== null ? Object.values(files).flat() : []
}

function isUploadedFile(file: unknown): file is UploadedFile {
  if (typeof file !== 'object' || file === null) return false
  const { fieldname, buffer, path } = file as Partial<UploadedFile>
  return typeof fieldname === 'string' && (buffer instanceof Uint8Array || typeof path === 'string')
}

async function describe({ fieldname, originalname, mimetype, buffer, path }: UploadedFile): Promise<unknown> {
  const digest = createHash('sha256')
  if (buffer !== undefined) digest.update(buffer)
  else for await (const chunk of createReadStream(String(path))) digest.update(chunk as Uint8Array)
  return { fieldname, originalname, mimetype, sha256: digest.digest('base64url') }
}

function isAttachedPart(value: unknown): value is AttachedPart {
  if (typeof value !== 'object' || value === null) return false
  const { type, fieldname } = value as Partial<AttachedPart>
  return (type === 'field' || type === 'file') && typeof fieldname === 'string' && 'fields' in value
}

async function contentOf(part: unknown): Promise<unknown> {
  if (!isAttachedPart(part)) return part
  if (part.type === 'field') return part.value
  const { filename, mimetype } = part
  return { filename, mimetype, bytes: await part.toBuffer?.() }
}
