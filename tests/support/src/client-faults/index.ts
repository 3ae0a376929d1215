export { type ClientFault, ClientFaults } from './client-faults.ts'
