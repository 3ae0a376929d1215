// Express 4 has an older @types/express; the parts used here are the same in both.
declare module 'express4' {
  import express from 'express'
  export default express
}
