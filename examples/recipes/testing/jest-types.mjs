import { stripTypeScriptTypes } from 'node:module'

/** For Jest: TypeScript whose types Node can take out. */
export default { process: (source) => ({ code: stripTypeScriptTypes(source) }) }
