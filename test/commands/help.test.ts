import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { isGroup } from '../../src/commands/command.ts'
import { helpOf, overview } from '../../src/commands/help.ts'
import { findCommand } from '../../src/commands/parsing/find.ts'
import { lineOf } from '../../src/commands/screen/progress.ts'
import { table as drawn } from '../../src/commands/screen/table.ts'
import { widthOf } from '../../src/commands/screen/text.ts'
import { table } from '../../src/commands/table.ts'
import { darkroomAt } from '../harness/cli.ts'

const home = await mkdtemp(path.join(tmpdir(), 'darkroom-cli-'))
t.teardown(() => rm(home, { recursive: true, force: true }))
const darkroom = darkroomAt(home)
const words = table.flatMap(entry =>
  isGroup(entry) ? entry.commands.map(({ name }) => [entry.name, name]) : [[entry.name]]
)

t.test('the commands that operators know by name are there, each with its help', async t => {
  const promised = `task submit/list/show/cancel/retry/wait/why/log/timeline video upload/list/show
    schedule list/show/add/edit/enable/disable/run/preview/remove queue list/pause/resume/purge worker list/pause/resume/stop
    session list/end
    webhook list/show/add/edit/remove/test/rotate/deliveries/replay problem list/history/silence/unsilence error list/show`
  const pairs = [...promised.matchAll(/(\w+) (\S+\/\S+)/g)].flatMap(([, group, names]) =>
    names!.split('/').map(name => `${group} ${name}`)
  )
  const known = words.map(each => each.join(' '))
  for (const name of [...pairs, 'audit', 'doctor', 'open', 'server', 'api', 'worker', 'migrate'])
    t.ok(known.includes(name), name)

  for (const each of words) {
    const help = helpOf(findCommand(table, [...each, '--help']))
    t.match(help, new RegExp(`^darkroom ${each.join(' ')}: .+\n\nUsage: darkroom ${each.join(' ')}`))
  }
  t.match(overview(table), /^ {2}task … +submit tasks/m)
  const { code, out } = await darkroom(['schedule', 'add', '--help'])
  t.equal(code, 0)
  for (const option of ['--kind KIND', '--args JSON', '--cron CRON', '--every seconds', '--at time', '--json'])
    t.match(out, `  ${option} `)
  t.match(out, /^ {2}DARKROOM_URL /m)
  t.match(await darkroom(['task', '--help']), { code: 0, out: /task submit KIND/ })
  t.strictSame(await darkroom(['task', 'help']), await darkroom(['task', '--help']))
  t.match(await darkroom(['task']), { code: 2, out: '', err: /^"darkroom task" needs .*\n\ndarkroom task: / })
  t.match(await darkroom(['worker', '--help']), { code: 0, out: /--concurrency N.*worker stop WORKER/s })
})

t.test('bash completes commands, options and values', async t => {
  const { out } = await darkroom(['completion', 'bash'])
  const ask = (line: string) =>
    `COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _darkroom 2>/dev/null; echo "\${COMPREPLY[*]}"`
  const lines = [
    'darkroom ta',
    'darkroom task sh',
    'darkroom task list --or',
    'darkroom task list --order ""',
    'darkroom worker ""',
    'darkroom worker list --w',
    'darkroom schedule add x --missed o'
  ]
  const { stdout } = spawnSync('bash', ['-c', `${out}\n${lines.map(ask).join('\n')}`], { encoding: 'utf8' })
  t.strictSame(stdout.trim().split('\n'), [
    'task',
    'show',
    '--order',
    'newest oldest soonest longest',
    'list pause resume stop',
    '--watch',
    'once'
  ])
})

for (const shell of ['zsh', 'fish']) {
  const skip = spawnSync(shell, ['--version']).error ? `there is no ${shell}` : false
  t.test(`${shell} reads its completion`, { skip }, async t => {
    const file = path.join(home, shell)
    await writeFile(file, (await darkroom(['completion', shell])).out)
    const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
    t.strictSame({ status, stderr }, { status: 0, stderr: '' })
  })
}

t.test('tables and bars fit any width, with letters of any width', async t => {
  const rows = [
    { id: 'a'.repeat(36), name: '映画の上映会', long: 'x'.repeat(200), steer: '\u001b[2Jclear\u202e' },
    { id: 'b'.repeat(36), name: '🎬 film', long: '', steer: null }
  ]
  const columns = [
    { head: 'ID', cell: (row: (typeof rows)[0]) => row.id },
    { head: 'NAME', cell: (row: (typeof rows)[0]) => row.name, extra: 1, isLong: true },
    { head: 'LONG', cell: (row: (typeof rows)[0]) => row.long, extra: 2, isLong: true },
    { head: 'STEER', cell: (row: (typeof rows)[0]) => row.steer, extra: 3 }
  ]
  for (const width of [36, 40, 50, 60, 80, 120]) {
    const lines = drawn(columns as never, rows, width).split('\n')
    t.ok(
      lines.every(line => widthOf(line) <= width),
      lines.join('\n')
    )
    t.notMatch(lines.join(''), '\u001b[2J')
    t.ok(lines.some(line => line.includes(rows[0]!.id)))
  }
  t.match(drawn(columns as never, rows), 'x'.repeat(200))
  for (const width of [20, 40, 80, 200]) {
    for (const fraction of [null, 0, 0.5, 1]) {
      t.ok(widthOf(lineOf('映画の上映会.mp4', fraction, '12.3 MB of 99.9 MB, 3 s left', width)) < width)
    }
  }
})
