import { readFile } from 'node:fs/promises'
import type { Config } from '#config.ts'

/** The running service, for commands that are its clients. */
export interface Service {
  base: string
  /** The JSON of an answer; throws `Unreachable`, or `Refused` with the detail of the problem. */
  ask(path: string, init?: { method?: string; body?: unknown }): Promise<any>
}

export class Unreachable extends Error {}
export class Refused extends Error {
  readonly status: number
  readonly code: string | undefined

  constructor(status: number, { code, detail }: { code?: string; detail?: string }) {
    super(detail ?? `status ${status}`)
    this.status = status
    this.code = code
  }
}

// Milliseconds.
const patience = 30_000

/** From DARKROOM_URL, else from the settings of a server on this machine; the key from DARKROOM_KEY or DARKROOM_KEY_FILE. */
export async function openService(config: Pick<Config, 'HOST' | 'PORT'>, env = process.env): Promise<Service> {
  const base = env.DARKROOM_URL ?? `http://${hostOf(config)}:${config.PORT}`
  const key = await keyIn(env)
  return {
    base,
    async ask(path, { method = 'GET', body } = {}) {
      const answer = await fetch(new URL(path, base), {
        method,
        headers: {
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
          ...(body !== undefined && { 'content-type': 'application/json' })
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patience)
      }).catch((error: Error & { cause?: Error }) => {
        const why = error.cause?.message ?? error.message
        throw new Unreachable(`${base} does not answer (${why}): start the service, or set DARKROOM_URL`)
      })
      const text = await answer.text()
      const said = text === '' ? undefined : readJson(text)
      if (!answer.ok) throw new Refused(answer.status, said ?? {})
      return said
    }
  }
}

async function keyIn({ DARKROOM_KEY, DARKROOM_KEY_FILE }: NodeJS.ProcessEnv) {
  const key = DARKROOM_KEY?.trim() || undefined
  if (!DARKROOM_KEY_FILE) return key
  if (key !== undefined) throw new Error('DARKROOM_KEY and DARKROOM_KEY_FILE are both set: remove one of them')
  return (await readFile(DARKROOM_KEY_FILE, 'utf8')).trim()
}

function readJson(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

function hostOf({ HOST }: Pick<Config, 'HOST'>) {
  if (HOST === '0.0.0.0' || HOST === '::') return '127.0.0.1'
  return HOST.includes(':') ? `[${HOST}]` : HOST
}
