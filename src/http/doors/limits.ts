/** What clients may take of the API. No setting changes these; tests narrow them, so that nothing waits for minutes. */
export interface Limits {
  /** Connections in all, and of one address. */
  connections: number
  connectionsOfAddress: number
  /** Requests that wait (`?wait=`), WebSockets and event streams that one principal may have open. */
  waits: number
  sockets: number
  streams: number
  /** Bytes of JSON bodies that are in memory at a time. */
  bodiesInMemory: number
  /** Milliseconds in which the headers of a request, and a JSON body, must have arrived. */
  headersTime: number
  bodyTime: number
  /** Bytes that an upload must send in each of its windows (milliseconds). */
  uploadBytes: number
  uploadWindow: number
  /** Milliseconds between two looks for what is late. */
  interval: number
}

export const productionLimits: Limits = {
  connections: 2_000,
  connectionsOfAddress: 100,
  waits: 50,
  sockets: 50,
  streams: 50,
  bodiesInMemory: 256 * 1024 * 1024,
  headersTime: 20_000,
  bodyTime: 30_000,
  // 1 KiB/s
  uploadBytes: 60 * 1024,
  uploadWindow: 60_000,
  interval: 1_000
}
