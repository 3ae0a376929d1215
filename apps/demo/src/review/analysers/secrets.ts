import { createRequire } from 'node:module'
import { lintSource } from '@secretlint/core'
import { creator } from '@secretlint/secretlint-rule-preset-recommend'
import { type Analyser, oneByOne } from './analyser.ts'

const PRESET = '@secretlint/secretlint-rule-preset-recommend'

const OPTIONS = {
  noPhysicFilePath: true,
  config: {
    rules: [
      {
        id: PRESET,
        rule: creator,
        // An access key's id says whose key it is, and is never committed without a reason to look.
        rules: [{ id: '@secretlint/secretlint-rule-aws', options: { enableIDScanRule: true } }],
      },
    ],
  },
}

/** Credentials, by the rules of secretlint, which know the documented example keys. */
export const secrets: Analyser = {
  name: 'secrets',
  version: `1+${createRequire(import.meta.url)(`${PRESET}/package.json`).version}`,
  reads: () => true,
  analyse: oneByOne(async ({ name, text }) => {
    const source = { filePath: name, content: text, ext: '', contentType: 'text' } as const
    const { messages } = await lintSource({ source, options: OPTIONS })
    return messages.map(({ ruleId, messageId, loc }) => ({
      line: loc.start.line,
      severity: 'error',
      category: 'security',
      rule: ruleId.replace('@secretlint/secretlint-rule-', 'secret/'),
      // Not what secretlint says: that repeats the secret.
      message: `This looks like a credential (${inWords(messageId)}). It stays in the history even when a later commit removes it.`,
      suggestion: 'Revoke it, and read the new one from the environment or a vault.',
    }))
  }),
}

/** `AWSSecretAccessKey`, `GITHUB_TOKEN` */
function inWords(messageId: string): string {
  return messageId
    .replaceAll('_', ' ')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .replace(/(?<=AWS)(?=[A-Z])/, ' ')
}
