import { copyFile, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { darkroomAt, skipWithoutTerminal } from '../harness/cli.ts'
import { shoot } from '../harness/clip.ts'
import { openService } from '../harness/service.ts'

const home = await mkdtemp(path.join(tmpdir(), 'darkroom-cli-'))
t.teardown(() => rm(home, { recursive: true, force: true }))
const service = await openService(t)
const darkroom = darkroomAt(home, { DARKROOM_URL: await service.listen() })
const film = path.join(home, 'film.mp4')
await writeFile(film, await shoot())
// A film by its first bytes, and long enough to be interrupted.
const long = path.join(home, "a friend's film.mp4")
await copyFile(film, long)
await truncate(long, 96_000_000)

const uploads = async () =>
  (await service.db.pool.query('select id, received::float8 as arrived from darkroom.uploads')).rows

t.test('Ctrl-C keeps what has arrived, and the same command goes on', { skip: skipWithoutTerminal }, async t => {
  const { code, shown } = await darkroom.inTerminal(
    70,
    ['video', 'upload', film.replace('film.mp4', "a friend'\\''s film.mp4"), '--detach'],
    shown => (shown.includes('MB of 96.0 MB') ? '\u0003' : undefined)
  )
  t.equal(code, 130, shown)
  const text = stripVTControlCharacters(shown).replace('^C', '')
  t.match(text, /a friend's film\.mp4 \[#*-+\] +\d+ % \S+ MB of 96\.0 MB/)
  t.ok(
    text
      .split(/[\r\n]+/)
      .filter(line => line.includes('['))
      .every(line => line.length < 70)
  )
  const hint = /darkroom video upload ('.+')/.exec(text)?.[1]
  t.equal(hint, `'${long.replace("'", "'\\''")}'`)
  const [begun] = await uploads()
  t.ok(begun.arrived > 0 && begun.arrived < 96_000_000)

  const rest = await darkroom.json('video', 'upload', long, '--detach')
  t.match(rest, { bytes: 96_000_000, filename: "a friend's film.mp4" })
  t.match(await uploads(), [{ id: begun.id }])
  t.strictSame(await readdir(path.join(home, '.local/state/darkroom/uploads')), [], 'the next upload is a new film')
  await service.delete(`/api/videos/${rest.id}`)
})

t.test('a film is uploaded, and its prints are waited for', async t => {
  await service.startWorker()
  const { code, out, err } = await darkroom([
    'video',
    'upload',
    film,
    '--name',
    'holiday.mp4',
    '--playback',
    'signed',
    '--json'
  ])
  t.strictSame({ code, err }, { code: 0, err: '' }, 'without a terminal there is no bar')
  const video = JSON.parse(out)
  t.match(video, { filename: 'holiday.mp4', status: 'ready', playback: 'signed' })
  t.match(await darkroom.json('video', 'edit', 'holiday.mp4', '--playback', 'public'), { playback: 'public' })
  t.match(await darkroom.json('video', 'edit', 'holiday.mp4', '--playback', 'default'), { playback: null })
  t.match(await darkroom.json('video', 'show', 'holiday.mp4'), { id: video.id })
  t.match(
    (await darkroom(['video', 'list', '--status', 'ready'])).out,
    new RegExp(`^${video.id} +ready +100 % +holiday.mp4`, 'm')
  )

  const bad = path.join(home, 'bad.mp4')
  await writeFile(bad, (await shoot()).subarray(0, 2_000))
  const failed = await darkroom(['video', 'upload', bad])
  t.match(failed, { code: 1, out: /^status +failed$/m, err: /^The film failed: / })
  if (skipWithoutTerminal) return
  const { code: ended, shown } = await darkroom.inTerminal(40, ['video', 'upload', film])
  t.equal(ended, 0)
  const text = stripVTControlCharacters(shown)
  t.match(text, /film\.mp4 \[#+\] 100 %/, 'a bar for the upload')
  t.match(text, /film\.mp4 \[#*-+\] +(–|\d+) % [A-Z]*/, 'and one for the prints')
  const drawn = text.split(/[\r\n]+/).filter(line => line.includes('['))
  t.ok(
    drawn.every(line => line.length < 40),
    'neither of which breaks its line'
  )
  t.equal(text.split('\n').filter(line => line.includes('[')).length, 2, 'and each stays on its own')
  t.match(text, /status +ready/)
  t.match(await darkroom(['video', 'show', 'film.mp4', '--json']), { code: 0 }, 'by its name')
})

t.test('what is no file, or no film, is refused', async t => {
  t.match(await darkroom(['video', 'upload', path.join(home, 'none.mp4')]), {
    code: 1,
    out: '',
    err: /none\.mp4 cannot be read: there is no such file\n$/
  })
  t.match(await darkroom(['video', 'upload', home]), { code: 1, err: /is not a file\n$/ })
  await writeFile(path.join(home, 'text.mp4'), '%PDF-1.7 not a film')
  const { code, err } = await darkroom(['video', 'upload', path.join(home, 'text.mp4')])
  t.equal(code, 1)
  t.equal(err.trim().split('\n').length, 1, err)
})

t.test('signing keys are made, listed and retired', async t => {
  const { code, out } = await darkroom(['signing-key', 'add', 'shop'])
  t.equal(code, 0)
  t.match(out, /^dr_g_[\w-]+\n$/)
  const { items } = await darkroom.json('signing-key', 'list')
  t.match(items, [{ name: 'shop', retired_at: null }])
  t.match((await darkroom(['signing-key', 'list'])).out, new RegExp(`^${items[0].kid} +active +shop`, 'm'))
  t.match((await darkroom(['signing-key', 'retire', items[0].kid])).out, /is retired/)
  t.match((await darkroom.json('signing-key', 'list')).items, [{ retired_at: String }])
  t.equal((await darkroom(['signing-key', 'retire', 'nothing'])).code, 1)
})
