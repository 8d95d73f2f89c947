import t from 'tap'
import { browserText } from '../../src/dashboard/words/browser.ts'
import { callText, cliText, commandText, curlText, quoted, sqlOfTasks } from '../../src/dashboard/words/copy.ts'
import { interestText, longest } from '../../src/dashboard/words/interest.ts'
import { brief, jsonText, tokensOf } from '../../src/dashboard/words/json.ts'
import { best } from '../../src/dashboard/words/match.ts'
import { bytesText, countText } from '../../src/dashboard/words/number.ts'
import { cronText } from '../../src/dashboard/words/schedules/cron.ts'
import { occurrenceText, ruleText } from '../../src/dashboard/words/schedules/schedules.ts'
import { fieldsOf } from '../../src/dashboard/words/schema.ts'
import { completionsOf } from '../../src/dashboard/words/tasks/complete.ts'
import { commonPart } from '../../src/dashboard/words/tasks/errors.ts'
import {
  type Filter,
  filterNames,
  filterOfQuery,
  momentOf,
  parseFilter,
  printFilter,
  queryOfFilter
} from '../../src/dashboard/words/tasks/filter.ts'
import { placed, stretchesOf } from '../../src/dashboard/words/tasks/gantt.ts'
import { lineOf } from '../../src/dashboard/words/tasks/timeline.ts'
import { durationText, isoText, relativeText, shortDuration, writtenText } from '../../src/dashboard/words/time.ts'
import { readInterest } from '../../src/live/interest.ts'
import { longestFromClient } from '../../src/watch/sockets/serve.ts'

t.test('a letter or two find names, more find kinds of things, too', async t => {
  const choices = ['Overview', 'Problems'].map(label => ({ label, group: 'Page', act: () => {} }))
  const found = (text: string) => best(text, choices).map(({ label }) => label)
  t.strictSame([found('p'), found('page'), found('over page')], [['Problems'], ['Overview', 'Problems'], ['Overview']])
})

t.test('a filter reads as it was written', async t => {
  t.strictSame(parseFilter('status:failed kind:add -queue:media from:-1h attempts:>2 ran:>10m two words'), {
    status: 'FAILED',
    task: 'add',
    queue: '-media',
    created_after: '-1h',
    attempts_min: '2',
    ran_min: '600',
    q: 'two words'
  })
  t.strictSame(parseFilter('error:"it broke: again" "a phrase" https://x/y status:'), {
    error: 'it broke: again',
    q: 'a phrase https://x/y status:'
  })
  t.strictSame(parseFilter('   '), {})
})

t.test('filter, text and address lead to each other, whatever the values', async t => {
  const values = [
    'FAILED',
    '-FAILED,CANCELLED',
    'x',
    '3600',
    '90',
    'with blank',
    'a:b',
    'say "no"',
    '-"',
    'no\\, 50%\\',
    'status:x',
    'ends with "',
    '01980000-0000-7000-8000-000000000001'
  ]
  const texts = [
    'some text',
    ...values,
    ' two  blanks ',
    '"',
    '""',
    'a "b c" d',
    '-kind:"x y"',
    'kind:',
    'https://x/?a=b'
  ]
  const random = randomOf(7)
  for (let run = 0; run < 500; run++) {
    const filter: Filter = {}
    for (const name of filterNames) {
      if (random() < 0.6) continue
      const value = values[Math.floor(random() * values.length)]!
      if (name.endsWith('_min')) filter[name] = String(Math.floor(random() * 10_000))
      else filter[name] = name === 'status' ? value.toUpperCase() : value
    }
    if (random() < 0.5) filter.q = texts[Math.floor(random() * texts.length)]!
    t.strictSame(parseFilter(printFilter(filter)), filter, printFilter(filter))
    t.strictSame(filterOfQuery(new URLSearchParams(queryOfFilter(filter, 0))), filter)
  }
})

t.test('what a page shows is a message that the API takes, however much that is', async t => {
  const id = (n: number) => `01980000-0000-7000-8000-${String(n).padStart(12, '0')}`
  const many = Array.from({ length: 500 }, (_, n) => id(n))
  const topics = ['problems', 'queues', 'workers']
  t.equal(longest, longestFromClient)
  for (const [ids, search, kept] of [
    [many.slice(0, 80), 'status=FAILED&task=add&ran_min=600&order=longest', 80],
    [many, '', 103],
    [many, `q=${'\u20ac'.repeat(200)}&error=x`, 87],
    [many, `tag=${'a'.repeat(2000)}&error=${encodeURIComponent('"'.repeat(1500))}`, 103],
    [[id(1), id(1)], undefined, 1]
  ] as const) {
    const text = interestText({ ids, topics, search })
    t.ok(Buffer.byteLength(text) <= longest, `${Buffer.byteLength(text)} bytes`)
    const read = readInterest(text)
    if (!('interest' in read)) throw new Error(read.problem)
    t.strictSame(read.interest.ids, ids.slice(0, kept))
    t.strictSame(read.interest.topics, topics)
  }
  t.strictSame(JSON.parse(interestText({ ids: [], topics: [], search: 'task=add&ran_min=600&order=longest' })).filter, {
    task: 'add',
    ran_min: 600
  })
})

t.test('relative times become times only when they are asked for', async t => {
  const now = Date.parse('2026-03-01T12:00:00Z')
  t.equal(momentOf('-1h', now), '2026-03-01T11:00:00.000Z')
  t.equal(momentOf('-7d', now), '2026-02-22T12:00:00.000Z')
  t.equal(momentOf('2026-01-01', now), '2026-01-01')
  t.equal(
    queryOfFilter({ created_after: '-15m', task: '-1h' }, now).toString(),
    'created_after=2026-03-01T11%3A45%3A00.000Z&task=-1h'
  )
})

t.test('the bar completes names, then values', async t => {
  const known = { kinds: ['add', 'a kind'], queues: ['media'], workers: [{ id: 'w1', host: 'films-1' }] }
  const texts = (text: string) => completionsOf(text, known).map(({ text }) => text)
  t.strictSame(texts('st'), ['status:'])
  t.strictSame(texts('x -que'), ['-queue:'])
  t.strictSame(texts('status:FAILED,can'), ['status:FAILED,CANCELLED'])
  t.strictSame(texts('kind:a'), ['kind:add', 'kind:"a kind"'])
  t.strictSame(texts('worker:films'), ['worker:w1'])
  t.strictSame(texts('nothing:'), [])
})

t.test('what is copied cannot be misread by a shell or by Postgres', async t => {
  t.equal(quoted(`it's $(rm)`), `'it'\\''s $(rm)'`)
  t.equal(
    curlText('http://x', 'POST', '/api/tasks', { args: { a: `'` } }),
    `curl -s -X POST 'http://x/api/tasks' -H 'content-type: application/json' -d '{"args":{"a":"'\\''"}}'`
  )
  t.equal(
    commandText('task list', { status: '-FAILED', task: 'add', q: "it's", created_after: '2026-03-01T00:00:00Z' }),
    `scripts/darkroom task list --status='-FAILED' --kind add --search='it'\\''s' --created-after 2026-03-01T00:00:00Z`
  )
  t.equal(cliText(`select 'a'`), `scripts/darkroom psql -c 'select '\\''a'\\'''`)
  t.equal(
    callText('enqueue_task', { task: `it's`, args: { x: 1 }, tags: ['a', 'b'], priority: 3, queue: null }),
    `select * from ops.enqueue_task(task => 'it''s', args => '{"x":1}'::jsonb, tags => array['a', 'b']::text[], priority => 3);`
  )
  const sql = sqlOfTasks({ status: '-FAILED,CANCELLED', error: `'; drop table x`, ran_min: '60', queue: 'media' })
  t.match(sql, `status <> all (array['FAILED', 'CANCELLED'])`)
  t.match(sql, `ilike '%''; drop table x%'`)
  t.match(sql, `queue = 'media'`)
})

t.test('durations, distances and numbers are short', async t => {
  t.strictSame([0, 0.02, 3.24, 61, 3600, 93_784, Number.NaN].map(durationText), [
    '0 ms',
    '20 ms',
    '3.2 s',
    '1 min 1 s',
    '1 h',
    '1 d 2 h',
    '–'
  ])
  t.strictSame([0.4, 59, 3599, 200_000].map(shortDuration), ['0 s', '59 s', '59 min', '2 d'])
  t.strictSame(
    [-5000, 200, 90_000].map(ahead => relativeText(ahead, 0)),
    ['5 s ago', 'now', 'in 1 min']
  )
  t.strictSame([999, 12_345, 1_234_567].map(countText), ['999', '12.3k', '1.2M'])
  t.strictSame([512, 1500, 12_400_000, 999_999].map(bytesText), ['512 B', '1.5 kB', '12.4 MB', '1.0 MB'])
})

t.test('JSON is taken apart without losing a character', async t => {
  const text = JSON.stringify({ a: 'x"\\', 'b:': [1, -2.5e3, true, null], '': {} }, undefined, 2)
  const tokens = tokensOf(text)
  t.equal(tokens.map(({ text }) => text).join(''), text)
  t.strictSame([...new Set(tokens.map(({ kind }) => kind))].sort(), ['key', 'literal', 'number', 'plain', 'string'])
  t.equal(brief({ customer: 'c 7', month: 2, deep: { x: [1] } }), 'customer="c 7" month=2 deep={"x":[1]}')
  t.equal(brief({}), '')
  const turned = { said: 'a\u202ecba\u05e9', text: 'a"b' }
  t.equal(jsonText(turned), '{"said":"a\\u202ecba\u05e9","text":"a\\"b"}')
  t.strictSame(JSON.parse(jsonText(turned, 2)), turned)
  t.equal(brief(turned), 'said="a\\u202ecba\u05e9" text="a\\"b"')
})

t.test('attempts fill their line, and long waits are folded', async t => {
  const at = (seconds: number) => new Date(seconds * 1000).toISOString()
  const tries = [
    { started_at: at(1), finished_at: at(2) },
    { started_at: at(3602), finished_at: null }
  ]
  const places = placed(stretchesOf(at(0), tries, 3_604_000))
  t.strictSame(
    places.map(({ kind, attempt, folded }) => [kind, attempt, folded]),
    [
      ['wait', 0, false],
      ['run', 0, false],
      ['wait', 1, true],
      ['run', 1, false]
    ]
  )
  t.ok(Math.abs(places.reduce((sum, { width }) => sum + width, 0) - 1) < 1e-9)
  t.ok(
    places.every(({ width }) => width > 0.1),
    'each can be seen'
  )
  t.strictSame(
    placed(stretchesOf(at(0), [], 5000)).map(({ kind, width }) => [kind, width]),
    [['wait', 1]]
  )
})

t.test('a time is of the zone of the browser, and a day that there is not is left to the API to refuse', async t => {
  const midnight = new Date(2027, 0, 31).toISOString()
  for (const text of ['2027-01-31', ' 2027-01-31 ', '2027-01-31 00:00', '2027-01-31T00:00', midnight]) {
    t.equal(isoText(text), midnight, text)
  }
  t.equal(isoText('2027-01-31 09:00:30+02:00'), '2027-01-31T07:00:30.000Z')
  t.equal(isoText(writtenText(new Date(midnight))), midnight)
  const wrong = [
    '2027-02-29',
    '2027-02-30 09:00',
    '2027-04-31T09:00:00Z',
    '2027-13-01',
    '2027-01-31 25:00',
    '1.2.2027',
    '5'
  ]
  for (const text of wrong) t.equal(isoText(text), text)
})

t.test('cron reads as a sentence, and what has no short one stays as it is', async t => {
  const sentences: Record<string, string> = {
    '30 2 * * *': 'each day at 02:30',
    '0 8,12,18 * * *': 'each day at 08:00, 12:00 and 18:00',
    '0 6 * * MON': 'each Monday at 06:00',
    '0 6 * * 7': 'each Sunday at 06:00',
    '0 9 * * 1-5': 'Monday to Friday at 09:00',
    '0 9 * * mon,wed,5': 'Monday, Wednesday and Friday at 09:00',
    '0 0 1 * *': 'on day 1 of each month at 00:00',
    '* * * * *': 'each minute',
    '*/5 * * * *': 'every 5 minutes',
    '*/15 9-17 * * SAT-SUN': 'Saturday to Sunday, every 15 minutes from 09:00 to 17:45',
    '* 12 * * *': 'each minute from 12:00 to 12:59',
    '17 * * * *': 'each hour at minute 17',
    '0 * * * 1': 'each Monday, each hour at minute 0',
    '0 */6 * * *': 'every 6 hours',
    '20 */6 * * *': 'every 6 hours at minute 20',
    '15 8-18 * * MON-FRI': 'Monday to Friday, each hour from 08:15 to 18:15',
    '0 8-17/2 * * *': 'every 2 hours from 08:00 to 16:00',
    '30 22-4 * * *': 'each hour from 22:30 to 04:30'
  }
  for (const [cron, sentence] of Object.entries(sentences)) t.equal(cronText(cron), sentence, cron)

  const lists = ['0 0 1 1 *', '0 0 1 * 1', '0 0 * * 1#2', '0 0 * * 1,2,3,4,5', '1,2 3 * * *', '0 1-3,5 * * *']
  const uneven = ['*/7 * * * *', '0 */5 * * *', '0 22-4/2 * * *', '*/5 */2 * * *', '0 22-4 * * 1', '5/15 * * * *']
  const wrong = ['0 24 * * *', '60 1 * * *', '0 0 32 * *', '0 1-2-3 * * *', '0 */0 * * *', '0 0 * * 8', '', '@daily']
  for (const cron of [...lists, ...uneven, ...wrong, '0 0 0 * * *']) t.equal(cronText(cron), cron, cron)
})

t.test('rules and occurrences read as sentences', async t => {
  t.equal(ruleText({ cron: null, every: 3600, at: null, timezone: 'UTC' }), 'every hour')
  t.equal(ruleText({ cron: null, every: 90, at: null, timezone: 'UTC' }), 'every 1 min 30 s')
  const one = { due_at: '', outcome: 'skipped', reason: 'overlap', task_id: null, late_by: 0, manual: false, count: 2 }
  t.equal(occurrenceText(one), 'skipped: overlap, its last task was unfinished, 2 times')
})

t.test('a schema is a form where it is simple', async t => {
  const schema = {
    type: 'object',
    required: ['x'],
    properties: { x: { type: 'integer', minimum: 1 }, how: { enum: ['a', 'b'] }, on: { type: 'boolean' } }
  }
  t.match(fieldsOf(schema), [
    { name: 'x', kind: 'number', required: true, hint: 'at least 1' },
    { name: 'how', kind: 'choice', choices: ['a', 'b'] },
    { name: 'on', kind: 'flag', required: false }
  ])
  t.equal(fieldsOf({ type: 'object', properties: { deep: { type: 'object' } } }), undefined)
  t.equal(fieldsOf({ type: 'object', additionalProperties: true }), undefined)
})

t.test('a search for a group takes what its messages have in common', async t => {
  t.equal(commonPart('order <n> has no total, says <path>'), 'has no total, says')
})

t.test('moments of a task read as sentences', async t => {
  const item = { at: '', until: null, reason: null, attempt: null, worker: null, outcome: null, time_limit: null }
  const rest = { state: null, error: null, by: null }
  t.equal(lineOf({ ...item, ...rest, type: 'wait', reason: 'retry' }), 'waits for its next attempt')
  t.equal(
    lineOf({ ...item, ...rest, type: 'attempt', attempt: 2, time_limit: 60, error: { type: 'E', message: 'no' } }),
    'attempt 2: runs (limit 1 min): E, no'
  )
  t.equal(lineOf({ ...item, ...rest, type: 'event', state: 'STARTED' }), 'STARTED')
})

/** The same numbers in each run. */
function randomOf(seed: number) {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

t.test('a browser is named by its User-Agent', async t => {
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)'
  const agents: [agent: string, text: string][] = [
    [`Mozilla/5.0 (X11; Linux x86_64) ${webkit} HeadlessChrome/156.0.0.0 Safari/537.36`, 'Chrome 156 on Linux'],
    [`Mozilla/5.0 (Windows NT 10.0) ${webkit} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`, 'Edge 140 on Windows'],
    ['Mozilla/5.0 (Android 14; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0', 'Firefox 143 on Android'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1',
      'Safari 18 on iOS'
    ],
    ['curl/8.5.0', 'curl/8.5.0']
  ]
  for (const [agent, text] of agents) t.equal(browserText(agent), text)
})
