import { settings } from '#config.ts'
import { readAddress } from '#http/address-file.ts'
import { WrongUse } from '../failures.ts'

/** `DARKROOM_URL`; else `HOST` and `PORT`, where given; else where the API on `DATA_DIR` says that it listens. */
export function findService(environment: NodeJS.ProcessEnv = process.env): URL {
  const given = environment.DARKROOM_URL?.trim()
  if (given) return asBase(given)

  const { HOST, PORT } = settings
  const folder = searchedFolder(environment)
  const told = folder === undefined ? undefined : readAddress(folder)
  if (told) return asBase(withHost(told))
  const host = bracketed(read(environment, 'HOST', HOST.read))
  return asBase(withHost(`http://${host}:${read(environment, 'PORT', PORT.read) || PORT.fallback}`))
}

/** `DATA_DIR`, where nothing else says which service is meant. */
export function searchedFolder(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { PORT, DATA_DIR } = settings
  const isGiven = Boolean(environment.PORT?.trim()) && read(environment, 'PORT', PORT.read) !== 0
  return environment.DARKROOM_URL?.trim() || isGiven ? undefined : read(environment, 'DATA_DIR', DATA_DIR.read)
}

function read<T>(environment: NodeJS.ProcessEnv, name: string, parse: (value: string | undefined) => T): T {
  try {
    return parse(environment[name]?.trim() || undefined)
  } catch (error) {
    throw new WrongUse(`${name} ${(error as Error).message}`)
  }
}

/** As people write it. */
export function placeOf(base: URL): string {
  return base.href.replace(/\/$/, '')
}

/** The API may be below a path. */
function asBase(text: string): URL {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    // Not repeated: it may hold a password.
    throw new WrongUse(
      'DARKROOM_URL must be an address such as http://127.0.0.1:8000 or https://films.example/darkroom'
    )
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

function bracketed(host: string) {
  return host.includes(':') ? `[${host}]` : host
}

/** An API that listens on every address is asked on the one of this machine. */
function withHost(text: string) {
  return text.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
}
