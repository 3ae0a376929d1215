// Its types are those of an older @types/express; what is used here is the same in both.
declare module 'express4' {
  import express from 'express'
  export default express
}
