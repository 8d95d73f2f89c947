import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Config } from '#config.ts'

type Address = Pick<Config, 'HOST' | 'PORT'>

/** Checks the address first, before the start opens anything that it would have to close again. */
export async function checkAddress(address: Address) {
  const server = createServer()
  try {
    server.listen({ host: address.HOST, port: address.PORT })
    await once(server, 'listening')
  } catch (error) {
    throw addressError(error as NodeJS.ErrnoException, address)
  } finally {
    server.close()
  }
}

/** Binds the address and answers its URL. */
export async function listenOn(app: FastifyInstance, address: Address) {
  const { HOST, PORT } = address
  await app.listen({ host: HOST, port: PORT }).catch(error => {
    throw addressError(error, address)
  })
  const { port } = app.server.address() as AddressInfo
  return `http://${HOST.includes(':') ? `[${HOST}]` : HOST}:${port}`
}

/** Why the server cannot listen, with the name of the setting to change. */
function addressError(error: NodeJS.ErrnoException, { HOST, PORT }: Address) {
  const sentence = sentences(HOST, PORT)[error.code ?? '']
  return sentence === undefined ? error : new Error(sentence, { cause: error })
}

function sentences(host: string, port: number): Record<string, string> {
  const unknown = `HOST "${host}" does not resolve to an address`
  return {
    ENOTFOUND: unknown,
    EAI_AGAIN: unknown,
    EINVAL: `HOST "${host}" is not an address to listen on`,
    EADDRNOTAVAIL: `HOST "${host}" is not an address of this machine`,
    EADDRINUSE: `PORT ${port} is taken on ${host}: stop what listens there, or set another one`,
    EACCES: `PORT ${port} is one that we may not listen on: ports below 1024 are for root, set another one`
  }
}
