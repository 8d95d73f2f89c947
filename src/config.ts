import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'
import path from 'node:path'

const GiB = 1024 ** 3

/** Those of keys. */
const presetNames = ['viewer', 'submitter', 'operator', 'player', 'scraper', 'admin'] as const
type Preset = (typeof presetNames)[number]

/** The most attempts that a worker runs side by side, whether set here, by HTTP or by SQL. */
export const mostConcurrent = 256

/**
 * Every setting, in the order in which the README lists them; a test compares the two tables. `read` parses the string
 * from the environment or throws a sentence that completes "PORT …". A `secret` can also be read from a file.
 */
export const settings = {
  HOST: setting('127.0.0.1', text, 'address to listen on'),
  PORT: setting('8000', integer(0, 65_535), 'port to listen on; 0 takes a free one'),
  DATABASE_URL: secret(postgresUrl, 'Postgres 15–18; unset: an embedded one in `DATA_DIR/postgres`'),
  DATA_DIR: setting('./data', folder, 'folder of the films and the embedded database'),
  TASKS_DIR: optional(folderThatIs, 'folder of your own task modules'),
  WORKER_CONCURRENCY: setting(
    String(availableParallelism()),
    integer(1, mostConcurrent),
    'child processes of a worker'
  ),
  WORKER_QUEUES: optional(names, 'comma list of the queues that a worker takes tasks from; unset: all'),
  WORKER_PREFETCH_MULTIPLIER: setting(
    '1',
    integer(1, 1000),
    'tasks that a worker holds for each child process, including the running one'
  ),
  WORKER_MAX_TASKS_PER_CHILD: setting(
    '1000',
    integer(1, 1e9),
    'tasks after which a child process is due to be replaced: as soon as no task waits for it, at the latest after ten times as many'
  ),
  WORKER_MAX_MEMORY_PER_CHILD: optional(
    integer(32, 1e6),
    'MiB of memory after which a child process is replaced, once its task has ended'
  ),
  WORKER_GIVE_UP_AFTER: setting(
    '300',
    integer(1, 31_536_000),
    'seconds without the database after which an idle worker exits'
  ),
  WORKER_HEALTH_PORT: optional(
    integer(0, 65_535),
    'port on `HOST` for health checks and metrics of a worker; 0 takes a free one; unset: none'
  ),
  TASK_SOFT_TIME_LIMIT: optional(
    seconds(1, 31_536_000),
    'seconds after which a task is told to stop; used where the kind sets no limit'
  ),
  TASK_TIME_LIMIT: optional(
    seconds(1, 31_536_000),
    "seconds after which a task's process group is killed; used where the kind sets no limit"
  ),
  RESULT_EXPIRES: setting('86400', integer(1, 315_360_000), "seconds that a finished task's result stays readable"),
  HISTORY_EXPIRES: setting('2592000', integer(1, 315_360_000), "seconds that a finished task's row stays"),
  AUDIT_EXPIRES: setting(
    '34560000',
    integer(2_592_000, 315_360_000),
    'seconds that a line of the audit stays; 30 days at least'
  ),
  MAX_UPLOAD_BYTES: setting('10 GiB', bytes, 'largest accepted upload, in bytes or as in `500 MiB`'),
  MAX_FILM_SECONDS: setting('86400', integer(1, 86_400), 'longest film'),
  MAX_FILM_PIXELS: setting('36000000', integer(256, 36_000_000), 'most pixels of a frame: a little over 8192x4320'),
  MAX_FILM_FRAMES: setting('5184000', integer(1, 5_184_000), 'most frames of a film: a day at 60 a second'),
  MAX_FILM_STREAMS: setting('64', integer(1, 64), 'most streams of a file, used or not'),
  MAX_TEMPORARY_BYTES: setting(
    '400 GiB',
    bytes,
    'most bytes that the prints and streams of one film may take while they are made'
  ),
  UPLOAD_EXPIRES: setting(
    '86400',
    integer(1, 315_360_000),
    'seconds after its last byte after which an unfinished resumable upload is removed'
  ),
  ORIGINAL_EXPIRES: optional(
    integer(1, 315_360_000),
    "seconds after which a ready film's original may go; unset: it stays"
  ),
  RUNGS: setting(
    '480p,720p,1080p',
    rungs,
    'comma list of the prints that films get: `480p`, `720p`, `1080p`, `1440p`, `2160p`'
  ),
  PROFILE: setting(
    'balanced',
    oneOf('fast', 'balanced', 'quality'),
    'how much work goes into prints: `fast`, `balanced` or `quality`'
  ),
  LOUDNESS: optional(
    seconds(-40, -5, 'LUFS'),
    'loudness of the sound of prints in LUFS, as in `-23` (EBU R128) or `-16`; unset: that of the original'
  ),
  CODECS: setting(
    'h264',
    codecs,
    'comma list of the codecs of prints: `h264`, which is always made, `hevc`, `vp9`, `av1`'
  ),
  AUDIO_TRACKS: setting(
    'first',
    oneOf('first', 'all'),
    'audio tracks of prints: `first`, the one that the file names its default; `all`: each of them, up to 8'
  ),
  TIMEZONE: setting('UTC', timezone, 'default time zone of schedules'),
  FFMPEG_PATH: optional(program, 'unset: `ffmpeg-static` where it is installed, else the one in `PATH`'),
  FFPROBE_PATH: optional(program, 'unset: the one in `PATH`'),
  MEDIA_SANDBOX: setting(
    'auto',
    oneOf('auto', 'required', 'off'),
    '`auto`: the best lock that the system allows around ffmpeg; `required`: no film without a proved one; `off`: none'
  ),
  PUBLIC_DIR: optional(folderThatIs, 'folder of your own pages, served at `/`'),
  PUBLIC_URL: optional(publicUrl, 'public address: scheme, host, path prefix, as in `https://films.example`'),
  MEDIA_URL: optional(
    publicUrl,
    'public address of films, as in `https://media.example`: links to them lead there, and that host answers nothing else'
  ),
  ALLOWED_HOSTS: optional(
    hosts,
    'comma list of host names that the API is called by, besides `localhost` and IP addresses'
  ),
  ALLOWED_ORIGINS: optional(
    origins,
    'comma list of origins whose pages may use the API, as in `http://localhost:4200`'
  ),
  TRUSTED_PROXIES: optional(
    networks,
    'comma list of the proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed, as in `10.1.0.0/16`'
  ),
  AUTH_PROXY_HEADER: optional(
    proxyHeader,
    'header with which a proxy in `TRUSTED_PROXIES` names the person whom it has signed in, as in `Remote-User`; unset: none'
  ),
  AUTH_PROXY_SECRET: secret(
    longSecret,
    'what that proxy sends in the header `Darkroom-Proxy-Secret`: 32 characters or more'
  ),
  AUTH_PROXY_ROLES: optional(
    roles,
    'comma list of people and the presets that they have, as in `anna=admin,*=viewer`; `*`: all others'
  ),
  AUTH: setting(
    'auto',
    oneOf('auto', 'required', 'off'),
    '`auto`: on this machine alone no key is needed until there is one; `required`: always one; `off`: never'
  ),
  ADMIN_KEY_FILE: optional(
    folder,
    'file with a first key for everything; one that is not there is written with a new key'
  ),
  SECRET_KEY_FILE: optional(
    folder,
    'file with the master secret, 64 hexadecimal digits; unset: `DATA_DIR/secret.key`, which the first start writes'
  ),
  PLAYBACK: setting(
    'auto',
    oneOf('auto', 'signed', 'public'),
    '`auto` and `signed`: where keys are needed, films are, too, or a signed link; `public`: prints, streams and pictures are for all, by the id of the film'
  ),
  WEBHOOK_ALLOW_NETWORKS: optional(
    places,
    'comma list of private places that webhooks may reach, as in `10.1.0.0/16,mattermost:8065`'
  ),
  WEBHOOK_PROXY: secret(
    proxyUrl,
    'proxy through which webhooks are sent, as in `http://smokescreen:4750`; unset: none'
  ),
  ENVIRONMENT: optional(label, 'name of this installation for the dashboard; `production` makes it ask twice'),
  LOG_LEVEL: setting(
    'info',
    oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`'
  )
}

export type Config = { readonly [Name in keyof typeof settings]: ReturnType<(typeof settings)[Name]['read']> }

/** Lists every problem at once, so that one restart is enough to fix them. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: string[]

  constructor(problems: string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** The only reader of the environment. An empty variable counts as unset, as compose files write it. */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  const problems: string[] = []
  const config: Record<string, unknown> = {}

  for (const [name, { read, isSecret }] of Object.entries(settings)) {
    try {
      config[name] = read(isSecret ? secretOf(name, environment) : environment[name]?.trim() || undefined)
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}`)
    }
  }

  const { TASK_SOFT_TIME_LIMIT: soft, TASK_TIME_LIMIT: hard } = config as Partial<Config>
  if (soft && hard && soft >= hard) problems.push('TASK_SOFT_TIME_LIMIT must be less than TASK_TIME_LIMIT')
  const shared = hostOfBoth(config)
  if (shared) problems.push(`MEDIA_URL must have a host of its own: ${shared} is one of the API`)

  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config) as Config
}

/** The host of films, where the API answers there, too. It always does at localhost and at addresses. */
function hostOfBoth({ PUBLIC_URL, MEDIA_URL, ALLOWED_HOSTS = [] }: Partial<Config>) {
  if (MEDIA_URL === undefined) return undefined
  const { hostname } = new URL(MEDIA_URL)
  const named = ['localhost', ...ALLOWED_HOSTS, ...(PUBLIC_URL === undefined ? [] : [new URL(PUBLIC_URL).hostname])]
  return named.includes(hostname) || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 ? hostname : undefined
}

/** Set for the worker of a server: it reads the URL of its database from stdin, where no other process can read it. */
export const supervised = 'DARKROOM_SUPERVISED'

/** The variables that hold secrets, or say which file does. */
export const secretNames = Object.entries(settings)
  .filter(([, { isSecret }]) => isSecret)
  .flatMap(([name]) => [name, `${name}_FILE`])

/** The key of commands that ask a running service. */
const ofClients = ['DARKROOM_KEY', 'DARKROOM_KEY_FILE']

/** The environment for processes that must not have our secrets: children, and what they start. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const secret = new Set([...secretNames, ...ofClients])
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !secret.has(name)))
}

/** Read from a file, a secret is in no environment, which every process of the same user could read. */
function secretOf(name: string, environment: Record<string, string | undefined>) {
  const value = environment[name]?.trim() || undefined
  const file = environment[`${name}_FILE`]?.trim()
  if (!file) return value
  if (value !== undefined) throw new Error(`and ${name}_FILE are both set: remove one of them`)
  try {
    return readFileSync(file, 'utf8').trim() || undefined
  } catch (error) {
    throw new Error(`cannot be read from ${name}_FILE: ${(error as Error).message}`)
  }
}

type Parse<T> = (value: string) => T

function setting<T>(fallback: string, parse: Parse<T>, about: string) {
  return { fallback, about, isSecret: false, read: (value: string | undefined): T => parse(value ?? fallback) }
}

function optional<T>(parse: Parse<T>, about: string) {
  return {
    fallback: undefined,
    about,
    isSecret: false,
    read: (value: string | undefined) => (value === undefined ? undefined : parse(value))
  }
}

function secret<T>(parse: Parse<T>, about: string) {
  return { ...optional(parse, about), isSecret: true }
}

function text(value: string) {
  return value
}

function label(value: string) {
  if (value.length > 40) throw new Error('must have at most 40 characters')
  return value
}

function folder(value: string) {
  return path.resolve(value)
}

function folderThatIs(value: string) {
  try {
    readdirSync(value)
    return path.resolve(value)
  } catch {
    throw new Error(`must be a folder that can be read, not "${value}"`)
  }
}

/** A path, or the name of a program on PATH. */
function program(value: string) {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(folder => folder !== '')
  const files = value.includes('/') ? [value] : folders.map(folder => path.join(folder, value))
  if (!files.some(isProgram)) throw new Error(`must be a program that can be run, not "${value}"`)
  return value
}

function isProgram(file: string) {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

function integer(least: number, most: number): Parse<number> {
  return value => {
    const number = /^-?\d+$/.test(value) ? Number(value) : Number.NaN
    if (!(number >= least && number <= most)) {
      throw new Error(`must be a whole number from ${least} to ${most}, not "${value}"`)
    }
    return number
  }
}

function seconds(least: number, most: number, unit = 'seconds'): Parse<number> {
  return value => {
    const number = /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN
    if (!(number >= least && number <= most)) {
      throw new Error(`must be a number of ${unit} from ${least} to ${most}, not "${value}"`)
    }
    return number
  }
}

function bytes(value: string) {
  const match = /^(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|TiB)?$/i.exec(value)
  const unit = { b: 1, kib: 1024, mib: 1024 ** 2, gib: GiB, tib: 1024 * GiB }[(match?.[2] ?? 'B').toLowerCase()]
  const number = Math.floor(Number(match?.[1]) * (unit ?? Number.NaN))
  if (!(number >= 1 && number <= 1024 * GiB)) {
    throw new Error(`must be a number of bytes such as 1048576, 500 MiB or 10 GiB, not "${value}"`)
  }
  return number
}

function names(value: string) {
  const list = listOf(value)
  const bad = list.find(name => !/^[\w.-]{1,100}$/.test(name))
  if (list.length === 0 || bad !== undefined) {
    throw new Error(`must be a comma list of queue names (letters, digits, "_", "-", "."), not "${value}"`)
  }
  return list
}

function rungs(value: string) {
  const list = listOf(value)
  const known = ['480p', '720p', '1080p', '1440p', '2160p']
  if (list.length === 0 || !list.every(name => known.includes(name))) {
    throw new Error(`must be a comma list of ${known.join(', ')}, not "${value}"`)
  }
  return list
}

/** Those beside H.264, in one order: sets of prints of the same codecs are the same. */
function codecs(value: string) {
  const list = listOf(value.toLowerCase())
  const known = ['hevc', 'vp9', 'av1'] as const
  if (list.length === 0 || !list.every(name => name === 'h264' || known.some(each => each === name))) {
    throw new Error(`must be a comma list of h264, ${known.join(', ')}, not "${value}"`)
  }
  return known.filter(name => list.includes(name))
}

function listOf(value: string) {
  return [...new Set(value.split(',').map(each => each.trim()))].filter(each => each !== '')
}

/** Places that are open besides the public internet. */
export interface Places {
  /** With their prefix: `10.1.0.0/16`. */
  networks: string[]
  /** `host:port`; IPv6 addresses in brackets. */
  hosts: string[]
}

function places(value: string): Places {
  const entries = listOf(value.toLowerCase())
  const networks = entries.map(networkIn).filter(network => network !== undefined)
  const hosts = entries.map(hostWithPortIn).filter(host => host !== undefined)
  if (entries.length === 0 || networks.length + hosts.length < entries.length) {
    throw new Error(`must be a comma list of networks such as 10.1.0.0/16 and of host:port, not "${value}"`)
  }
  return { networks, hosts }
}

function networkIn(entry: string) {
  const [, address = '', prefix] = /^([\d.:a-f]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? []
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)]!
  return bits > 0 && Number(prefix ?? bits) <= bits ? `${address}/${prefix ?? bits}` : undefined
}

function networks(value: string) {
  const entries = listOf(value.toLowerCase())
  const found = entries.map(networkIn).filter(network => network !== undefined)
  if (entries.length === 0 || found.length < entries.length) {
    throw new Error(`must be a comma list of addresses and networks such as 10.1.0.0/16, not "${value}"`)
  }
  return found
}

/** One of a proxy's own: those that mean something to HTTP or to Darkroom name nobody. */
function proxyHeader(value: string) {
  const taken =
    /^(?:authorization|cookie|host|origin|connection|content-.*|sec-.*|x-forwarded-(?:for|proto|host)|darkroom-.*)$/i
  if (!/^[a-z][a-z\d-]{0,63}$/i.test(value) || taken.test(value)) {
    throw new Error(`must be the name of a header such as Remote-User, not "${value}"`)
  }
  return value
}

function longSecret(value: string) {
  // Not repeated.
  if (!/^[\x21-\x7e]{32,512}$/.test(value)) throw new Error('must be 32 to 512 visible ASCII characters')
  return value
}

/** Presets by the name of a person. */
function roles(value: string): ReadonlyMap<string, Preset> {
  const entries = listOf(value).map(entry => /^(.{1,100}?)\s*=\s*(\w+)$/.exec(entry)?.slice(1) ?? [])
  if (entries.length === 0 || !entries.every(([, role]) => presetNames.includes(role as Preset))) {
    throw new Error(`must be a comma list such as anna=admin,*=viewer of ${presetNames.join(', ')}, not "${value}"`)
  }
  return new Map(entries as [string, Preset][])
}

/** As a URL has it. */
function hostWithPortIn(entry: string) {
  const [, host, port] = /^(\[[\da-f:.]+\]|[\w.-]+):(\d{1,5})$/.exec(entry) ?? []
  const url = host && Number(port) >= 1 && Number(port) <= 65_535 ? URL.parse(`http://${host}`) : undefined
  return url ? `${url.hostname}:${Number(port)}` : undefined
}

function hosts(value: string) {
  const list = [...new Set(listOf(value.toLowerCase()).map(host => host.replace(/\.$/, '')))]
  if (list.length === 0 || !list.every(isHostName)) {
    throw new Error(`must be a comma list of host names such as films.example, without scheme or port, not "${value}"`)
  }
  return list
}

function isHostName(text: string) {
  return /^[a-z\d_]([\w.-]{0,251}[a-z\d_])?$/.test(text)
}

function origins(value: string) {
  const list = listOf(value)
  if (list.includes('*')) throw new Error('must name each origin: "*" would let every page on the web use the API')
  const found = list
    .map(webUrl)
    .filter(url => url?.pathname === '/' && isHostName(url.hostname.replace(/^\[.*\]$/, 'x')))
  if (list.length === 0 || found.length < list.length) {
    throw new Error(
      `must be a comma list of origins such as https://app.example or http://localhost:4200, not "${value}"`
    )
  }
  return [...new Set(found.map(url => url!.origin))]
}

function publicUrl(value: string) {
  const url = webUrl(value)
  // The value may hold a password: it is not repeated.
  if (!url) throw new Error('must be a URL such as https://films.example or https://example.com/films')
  return url.href.replace(/\/$/, '')
}

function proxyUrl(value: string) {
  const url = URL.parse(value)
  // Not repeated: it may hold a password.
  if (url?.protocol !== 'http:' || url.pathname !== '/' || url.search || url.hash) {
    throw new Error('must be a URL such as http://smokescreen:4750 or http://user:password@proxy:3128')
  }
  return value
}

/** With nothing but scheme, host, port and path. */
function webUrl(value: string) {
  const url = URL.parse(value)
  if (!url || !/^https?:$/.test(url.protocol)) return undefined
  return url.username || url.password || url.search || url.hash ? undefined : url
}

function postgresUrl(value: string) {
  if (!/^postgres(ql)?:\/\//.test(value) || !URL.canParse(value)) {
    // Not repeated: it may hold a password.
    throw new Error('must be a URL such as postgres://user:password@host:5432/database')
  }
  return value
}

function timezone(value: string) {
  // Loading the list of time zones takes 15 ms, a third of a child's start.
  if (value === 'UTC') return value
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone && value
  } catch {
    throw new Error(`must be a time zone such as UTC or Europe/Berlin, not "${value}"`)
  }
}

function oneOf<const T extends string>(...values: T[]): Parse<T> {
  return value => {
    const found = values.find(each => each === value.toLowerCase())
    if (!found) throw new Error(`must be one of ${values.join(', ')}, not "${value}"`)
    return found
  }
}
