import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** A request whose files an upload interceptor (multer) has taken out of the body. */
export interface UploadingRequest {
  readonly body?: unknown
  readonly file?: unknown
  readonly files?: unknown
}

interface UploadedFile {
  readonly fieldname: string
  readonly originalname: string
  readonly mimetype: string
  readonly buffer?: Uint8Array
  readonly path?: string
}

/** The body as it was parsed; with the digests of its files, when an interceptor has stored them. */
export async function bodyWithFiles({ body, file, files }: UploadingRequest): Promise<unknown> {
  const uploaded = [file, ...listOf(files)].filter(isUploadedFile)
  if (uploaded.length === 0) return body
  // Multer's fields have no prototype, or one of its own.
  const fields: unknown = typeof body === 'object' && body !== null ? { ...body } : body
  return { fields, files: await Promise.all(uploaded.map(describe)) }
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
