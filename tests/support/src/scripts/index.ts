export { scriptFaults } from './script-faults.ts'
export { type LuaScript, scriptsIn } from './scripts-in.ts'
