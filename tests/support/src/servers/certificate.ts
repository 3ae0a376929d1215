import { execFile } from 'node:child_process'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Makes the files of `redis-tls.conf` in a new directory: a certificate for this machine, which is its own authority. */
export async function makeCertificate(directory: string): Promise<void> {
  await mkdir(directory)
  const file = (name: string): string => join(directory, name)
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'.split(' ')
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const files = ['-keyout', file('redis.key'), '-out', file('redis.crt')]
  await run('openssl', ['req', '-x509', ...key, '-days', '2', ...names, ...files])
  await copyFile(file('redis.crt'), file('ca.crt'))
}
