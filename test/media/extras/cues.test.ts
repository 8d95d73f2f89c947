import t from 'tap'
import { cuesOf, plainText } from '../../../src/media/extras/subtitles/cues.ts'
import { planTracks } from '../../../src/media/extras/subtitles/tracks.ts'
import { vttTime } from '../../../src/media/extras/vtt.ts'
import { languageOf } from '../../../src/media/language.ts'

t.test('the words of an event of ASS', async t => {
  const cases: [string, string][] = [
    ['{\\b1}bold{\\b0}', 'bold'],
    ['one\\Ntwo\\nthree', 'one\ntwo\nthree'],
    ['a\\hb', 'a\u00a0b'],
    ['\\{kept\\} \\\\', '{kept} \\'],
    ['\\N\\N', ''],
    ['{unclosed', '{unclosed'],
    ['{\\p1}m 0 0 l 1 1', ''],
    ['{\\p1}m 0 0{\\p0} after', 'after'],
    ['{\\pos(1,2)}at a place', 'at a place'],
    ['a --> b', 'a --&gt; b'],
    ['\u0000\u0007x\ufeff', 'x'],
    ['\u202b\u05e9\u05dc', '\u202b\u05e9\u05dc\u202c'],
    ['half \ud800 of a pair', 'half  of a pair']
  ]
  for (const [text, expected] of cases) t.equal(plainText(text), expected, JSON.stringify(text))
  t.equal([...plainText('👪'.repeat(2000))].length, 1000, 'no character is cut in half')
})

t.test('lines that are no events, and times that are none, are passed over', async t => {
  const { cues, cut } = cuesOf(
    [
      'Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,a',
      'Dialogue: 0,0:00:02.00,0:00:01.00,Default,,0,0,0,,ends before it begins',
      'Dialogue: 0,NaN,0:00:01.00,Default,,0,0,0,,b',
      'Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,late\r',
      'Dialogue: 0,0:00:01.00,0:00:02.50,Default,,0,0,0,,early'
    ].join('\n')
  )
  t.strictSame(cues, [
    { from: 1, to: 2.5, text: 'early' },
    { from: 5, to: 6, text: 'late' }
  ])
  t.equal(cut, false)
})

t.test('languages of files as BCP 47', async t => {
  const cases: [string | null, string][] = [
    ['eng', 'en'],
    ['ger', 'de'],
    ['fre', 'fr'],
    ['chi', 'zh'],
    ['pt_BR', 'pt-BR'],
    ['zh-hant', 'zh-Hant'],
    ['qaa', 'qaa'],
    ['../x', 'und'],
    ['', 'und'],
    [null, 'und']
  ]
  for (const [text, expected] of cases) t.equal(languageOf(text), expected, String(text))
})

t.test('no two tracks have the same name', async t => {
  const stream = { codec: 'subrip', language: 'eng', forced: false, hearing_impaired: false }
  const { tracks } = planTracks(
    [{}, {}, { forced: true }, { forced: true }, { language: 'EN' }].map((own, index) => ({ ...stream, ...own, index }))
  )
  t.strictSame(
    tracks.map(({ language }) => language),
    ['en', 'en-x-2', 'en-x-forced', 'en-x-forced-2', 'en-x-3']
  )
})

t.test('times of WebVTT', async t => {
  t.equal(vttTime(0), '00:00:00.000')
  t.equal(vttTime(59.9996), '00:01:00.000')
  t.equal(vttTime(3661.5), '01:01:01.500')
  t.equal(vttTime(400_000), '111:06:40.000')
})
