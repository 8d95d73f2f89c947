/** Limits on clients of the API. There are no settings for them; tests use smaller ones, to be fast. */
export interface Limits {
  /** Open connections in all, and from one address. */
  connections: number
  connectionsOfAddress: number
  /** Open `?wait=` requests, WebSockets and event streams of one principal. */
  waits: number
  sockets: number
  streams: number
  /** Bytes of all JSON bodies in memory at a time. */
  bodiesInMemory: number
  /** Milliseconds in which the headers of a request, and a JSON body, must have arrived. */
  headersTime: number
  bodyTime: number
  /** Bytes that an upload must send in each of its windows (milliseconds). */
  uploadBytes: number
  uploadWindow: number
  /** Milliseconds between two checks for late requests. */
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
