import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { misspeltSettings } from '../src/commands/misspelt.ts'
import { ConfigError, readConfig, settings, withoutSecrets } from '../src/config.ts'

t.test('an empty environment gives every setting its default', async t => {
  t.strictSame(
    { ...readConfig({}) },
    {
      HOST: '127.0.0.1',
      PORT: 8000,
      DATABASE_URL: undefined,
      DATA_DIR: path.resolve('data'),
      TASKS_DIR: undefined,
      WORKER_CONCURRENCY: availableParallelism(),
      WORKER_QUEUES: undefined,
      WORKER_PREFETCH_MULTIPLIER: 1,
      WORKER_MAX_TASKS_PER_CHILD: 1000,
      WORKER_MAX_MEMORY_PER_CHILD: undefined,
      WORKER_GIVE_UP_AFTER: 300,
      WORKER_HEALTH_PORT: undefined,
      TASK_SOFT_TIME_LIMIT: undefined,
      TASK_TIME_LIMIT: undefined,
      RESULT_EXPIRES: 86_400,
      HISTORY_EXPIRES: 2_592_000,
      AUDIT_EXPIRES: 34_560_000,
      MAX_UPLOAD_BYTES: 10 * 1024 ** 3,
      MAX_FILM_SECONDS: 86_400,
      MAX_FILM_PIXELS: 36_000_000,
      MAX_FILM_FRAMES: 5_184_000,
      MAX_FILM_STREAMS: 64,
      MAX_TEMPORARY_BYTES: 400 * 1024 ** 3,
      UPLOAD_EXPIRES: 86_400,
      ORIGINAL_EXPIRES: undefined,
      RUNGS: ['480p', '720p', '1080p'],
      PROFILE: 'balanced',
      LOUDNESS: undefined,
      CODECS: [],
      HARDWARE: 'off',
      AUDIO_TRACKS: 'first',
      TIMEZONE: 'UTC',
      FFMPEG_PATH: undefined,
      FFPROBE_PATH: undefined,
      MEDIA_SANDBOX: 'auto',
      PUBLIC_DIR: undefined,
      PUBLIC_URL: undefined,
      MEDIA_URL: undefined,
      ALLOWED_HOSTS: undefined,
      ALLOWED_ORIGINS: undefined,
      TRUSTED_PROXIES: undefined,
      AUTH_PROXY_HEADER: undefined,
      AUTH_PROXY_SECRET: undefined,
      AUTH_PROXY_ROLES: undefined,
      AUTH_PROXY_GROUPS_HEADER: undefined,
      AUTH_PROXY_GROUP_ROLES: undefined,
      AUTH: 'auto',
      ADMIN_KEY_FILE: undefined,
      SECRET_KEY_FILE: undefined,
      PLAYBACK: 'auto',
      WEBHOOK_ALLOW_NETWORKS: undefined,
      WEBHOOK_PROXY: undefined,
      ENVIRONMENT: undefined,
      OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
      LOG_LEVEL: 'info'
    }
  )
})

t.test('an empty variable counts as unset, as compose files write it', async t => {
  const empty = Object.fromEntries(Object.keys(settings).map(name => [name, ' ']))

  t.strictSame(readConfig(empty), readConfig({}))
})

t.test('a configuration cannot be changed', async t => {
  t.throws(() => Object.assign(readConfig({}), { PORT: 1 }), TypeError)
})

const read: [keyof typeof settings, string, unknown][] = [
  ['PORT', '0', 0],
  ['PORT', ' 65535 ', 65_535],
  ['HOST', '::1', '::1'],
  ['DATABASE_URL', 'postgres://me:pa%20ss@host:5432/db', 'postgres://me:pa%20ss@host:5432/db'],
  ['DATABASE_URL', 'postgresql://host/db', 'postgresql://host/db'],
  ['DATA_DIR', '/var/lib/../lib/darkroom/', '/var/lib/darkroom'],
  ['DATA_DIR', 'here', path.resolve('here')],
  ['WORKER_QUEUES', 'a', ['a']],
  ['WORKER_QUEUES', ' a, b ,a,', ['a', 'b']],
  ['WORKER_CONCURRENCY', '16', 16],
  ['WORKER_GIVE_UP_AFTER', '60', 60],
  ['WORKER_HEALTH_PORT', '8001', 8001],
  ['TASK_TIME_LIMIT', '1.5', 1.5],
  ['MAX_UPLOAD_BYTES', '1', 1],
  ['MAX_UPLOAD_BYTES', '500 MiB', 500 * 1024 ** 2],
  ['MAX_UPLOAD_BYTES', '1.5gib', 1.5 * 1024 ** 3],
  ['TASKS_DIR', 'test', path.resolve('test')],
  ['RUNGS', '2160p, 480p', ['2160p', '480p']],
  ['PROFILE', 'Quality', 'quality'],
  ['LOUDNESS', '-23', -23],
  ['CODECS', 'AV1, hevc', ['hevc', 'av1']],
  ['CODECS', 'h264', []],
  ['AUDIO_TRACKS', 'All', 'all'],
  ['FFMPEG_PATH', 'node', 'node'],
  ['FFPROBE_PATH', process.execPath, process.execPath],
  ['MEDIA_SANDBOX', 'Required', 'required'],
  ['PLAYBACK', 'Public', 'public'],
  [
    'AUTH_PROXY_ROLES',
    'anna = admin, *=viewer',
    new Map([
      ['anna', 'admin'],
      ['*', 'viewer']
    ])
  ],
  ['WEBHOOK_PROXY', 'http://me:pa%20ss@proxy:3128', 'http://me:pa%20ss@proxy:3128'],
  ['TIMEZONE', 'Europe/Berlin', 'Europe/Berlin'],
  ['ENVIRONMENT', ' production ', 'production'],
  ['LOG_LEVEL', 'silent', 'silent'],
  ['PUBLIC_DIR', 'test', path.resolve('test')],
  ['MEDIA_URL', 'https://Media.example/', 'https://media.example'],
  ['PUBLIC_URL', 'https://Films.example/', 'https://films.example'],
  ['PUBLIC_URL', 'http://example.com:8080/films/', 'http://example.com:8080/films'],
  ['ALLOWED_HOSTS', 'Films.example, other.example.,films.example', ['films.example', 'other.example']],
  ['ALLOWED_ORIGINS', 'https://App.example/, http://localhost:4200', ['https://app.example', 'http://localhost:4200']],
  [
    'WEBHOOK_ALLOW_NETWORKS',
    '10.1.0.0/16, 10.2.3.4,fd12::/48,Mattermost:8065,127.0.0.1:9000,[::1]:9000',
    {
      networks: ['10.1.0.0/16', '10.2.3.4/32', 'fd12::/48'],
      hosts: ['mattermost:8065', '127.0.0.1:9000', '[::1]:9000']
    }
  ]
]

for (const [name, text, value] of read) {
  t.test(`${name}=${text} is read`, async t => {
    t.strictSame(readConfig({ [name]: text })[name], value)
  })
}

/** The problems of an environment, a sentence each. */
function problemsOf(environment: Record<string, string>) {
  try {
    readConfig(environment)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

const refused: [keyof typeof settings, string][] = [
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['PORT', '80.5'],
  ['PORT', 'http'],
  ['PORT', '0x50'],
  ['PORT', '1e3'],
  ['DATABASE_URL', 'localhost'],
  ['AUDIT_EXPIRES', '86400'],
  ['DATABASE_URL', 'mysql://host/db'],
  ['WORKER_CONCURRENCY', '0'],
  ['WORKER_CONCURRENCY', '257'],
  ['WORKER_QUEUES', ','],
  ['WORKER_QUEUES', 'a b'],
  ['WORKER_QUEUES', "a';drop"],
  ['WORKER_PREFETCH_MULTIPLIER', '0'],
  ['WORKER_MAX_TASKS_PER_CHILD', '0'],
  ['WORKER_MAX_MEMORY_PER_CHILD', '1'],
  ['WORKER_GIVE_UP_AFTER', '0'],
  ['WORKER_GIVE_UP_AFTER', 'never'],
  ['WORKER_HEALTH_PORT', '65536'],
  ['WORKER_HEALTH_PORT', 'yes'],
  ['TASK_SOFT_TIME_LIMIT', '0'],
  ['TASK_TIME_LIMIT', '-5'],
  ['TASK_TIME_LIMIT', 'Infinity'],
  ['RESULT_EXPIRES', '0'],
  ['RESULT_EXPIRES', '1.5'],
  ['HISTORY_EXPIRES', 'a month'],
  ['MAX_UPLOAD_BYTES', '0'],
  ['MAX_UPLOAD_BYTES', 'lots'],
  ['MAX_UPLOAD_BYTES', '10 GB'],
  ['MAX_UPLOAD_BYTES', '-1 MiB'],
  ['MAX_FILM_SECONDS', '90000'],
  ['MAX_FILM_PIXELS', '36000001'],
  ['MAX_FILM_STREAMS', '65'],
  ['TASKS_DIR', '/nowhere'],
  ['TASKS_DIR', import.meta.filename],
  ['RUNGS', '999p'],
  ['RUNGS', ','],
  ['PROFILE', 'best'],
  ['LOUDNESS', 'ebu'],
  ['LOUDNESS', '0'],
  ['CODECS', 'h265'],
  ['CODECS', ','],
  ['AUDIO_TRACKS', '2'],
  ['FFMPEG_PATH', 'no-such-program'],
  ['FFMPEG_PATH', import.meta.filename],
  ['FFPROBE_PATH', import.meta.dirname],
  ['MEDIA_SANDBOX', 'on'],
  ['HARDWARE', 'cuda'],
  ['PLAYBACK', 'private'],
  ['WEBHOOK_PROXY', 'smokescreen:4750'],
  ['WEBHOOK_PROXY', 'https://proxy'],
  ['WEBHOOK_PROXY', 'http://proxy/path'],
  ['TIMEZONE', 'Mars/Olympus'],
  ['ENVIRONMENT', 'e'.repeat(41)],
  ['LOG_LEVEL', 'loud'],
  ['PUBLIC_DIR', '/nowhere'],
  ['MEDIA_URL', 'media.example'],
  ['MEDIA_URL', 'http://localhost:8000'],
  ['MEDIA_URL', 'http://[::1]:8000'],
  ['PUBLIC_URL', 'films.example'],
  ['PUBLIC_URL', 'ftp://films.example'],
  ['PUBLIC_URL', 'https://me:secret@films.example'],
  ['PUBLIC_URL', 'https://films.example/?x=1'],
  ['ALLOWED_HOSTS', '*'],
  ['ALLOWED_HOSTS', 'films.example:8000'],
  ['ALLOWED_HOSTS', 'https://films.example'],
  ['ALLOWED_HOSTS', ','],
  ['ALLOWED_ORIGINS', '*'],
  ['TRUSTED_PROXIES', '10.0.0.0/33'],
  ['TRUSTED_PROXIES', 'proxy.example'],
  ['AUTH_PROXY_HEADER', 'Remote User'],
  ['AUTH_PROXY_HEADER', 'Authorization'],
  ['AUTH_PROXY_HEADER', 'X-Forwarded-For'],
  ['AUTH_PROXY_SECRET', 'too short'],
  ['AUTH_PROXY_ROLES', 'anna'],
  ['AUTH_PROXY_ROLES', 'anna=root'],
  ['AUTH_PROXY_ROLES', '=admin'],
  ['AUTH', 'on'],
  ['ALLOWED_ORIGINS', 'null'],
  ['ALLOWED_ORIGINS', 'app.example'],
  ['ALLOWED_ORIGINS', 'https://app.example/path'],
  ['ALLOWED_ORIGINS', 'https://*.example'],
  ...[
    '*',
    '10.0.0.0/33',
    '10.0.0.0/x',
    'fd12::/129',
    'mattermost',
    'host:0',
    'host:65536',
    'a b:1',
    '10.1/16',
    ','
  ].map((text): [keyof typeof settings, string] => ['WEBHOOK_ALLOW_NETWORKS', text])
]

for (const [name, text] of refused) {
  t.test(`${name}=${text} is refused by its name`, async t => {
    const problems = problemsOf({ [name]: text })

    t.match(problems, [new RegExp(`^${name} `)])
    t.equal(problems.length, 1)
  })
}

t.test('a soft limit has to be less than the hard one', async t => {
  t.match(problemsOf({ TASK_SOFT_TIME_LIMIT: '10', TASK_TIME_LIMIT: '10' }), [
    /^TASK_SOFT_TIME_LIMIT .*TASK_TIME_LIMIT/
  ])
  t.match(readConfig({ TASK_SOFT_TIME_LIMIT: '9', TASK_TIME_LIMIT: '10' }), { TASK_SOFT_TIME_LIMIT: 9 })
})

t.test('every problem is listed at once', async t => {
  const environment = Object.fromEntries(refused)

  const named = problemsOf(environment).map(problem => problem.split(' ')[0])

  t.strictSame(named.sort(), Object.keys(environment).sort())
})

t.test('a secret is read from a file, never also from a variable, and is kept from children', async t => {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-config-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const DATABASE_URL_FILE = path.join(folder, 'url')
  const url = 'postgres://me:secret@host/db'
  await writeFile(DATABASE_URL_FILE, `${url}\n`)

  t.equal(readConfig({ DATABASE_URL_FILE }).DATABASE_URL, url)
  t.equal(readConfig({ DATABASE_URL_FILE, DATABASE_URL: '' }).DATABASE_URL, url)
  t.equal(readConfig({ DATABASE_URL_FILE: ' ' }).DATABASE_URL, undefined)
  t.strictSame(problemsOf({ DATABASE_URL_FILE, DATABASE_URL: url }), [
    'DATABASE_URL and DATABASE_URL_FILE are both set: remove one of them'
  ])
  t.match(problemsOf({ DATABASE_URL_FILE: folder }), [/^DATABASE_URL cannot be read from DATABASE_URL_FILE: EISDIR/])
  await writeFile(DATABASE_URL_FILE, 'localhost')
  t.match(problemsOf({ DATABASE_URL_FILE }), [/^DATABASE_URL must be a URL/])
  t.strictSame(withoutSecrets({ DATABASE_URL_FILE, DATABASE_URL: url, PATH: 'x' }), { PATH: 'x' })
})

const strange: [string, RegExp][] = [
  ['WORKER_CONCURENCY', /^WORKER_CONCURENCY is not a setting .* did you mean WORKER_CONCURRENCY\?$/],
  ['WORKERS_QUEUES', /did you mean WORKER_QUEUES\?$/],
  ['DATA_DIRS', /did you mean DATA_DIR\?$/],
  ['database_url', /did you mean DATABASE_URL\?$/],
  ['DATABSE_URL_FILE', /did you mean DATABASE_URL_FILE\?$/],
  ['MAX_UPLOAD_SIZE', /did you mean MAX_UPLOAD_BYTES\?$/],
  ['TASK_HARD_TIME_LIMIT', /did you mean TASK_(SOFT_)?TIME_LIMIT\?$/],
  ['RESULT_BACKEND_URL', /"--help" lists the settings$/]
]

for (const [name, sentence] of strange) {
  t.test(`${name} is taken for a misspelt setting`, async t => {
    t.match(misspeltSettings({ [name]: '1' }), [sentence])
  })
}

t.test('settings, and variables of other programs, are not', async t => {
  const others = [
    'HOME',
    'HOSTNAME',
    'PATH',
    'TZ',
    'PGHOST',
    'DATABASE_URL_REPLICA',
    'LOGNAME',
    'POST',
    'XDG_DATA_DIRS'
  ]
  const names = [...others, ...Object.keys(settings), 'DATABASE_URL_FILE']

  t.strictSame(misspeltSettings(Object.fromEntries(names.map(name => [name, '1']))), [])
})
