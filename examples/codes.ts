import { CODES } from '@holdfast/cli/codes'

// What an alert or a page for operators may say about `error.code`.
const { means, doThis } = CODES.LOCK_TIMEOUT
console.log(`${means}\n${doThis}`)
