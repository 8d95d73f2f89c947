import t from 'tap'
import { doneTo, languageText, notesOf, sourceText } from '../../src/dashboard/words/films/film.ts'
import { cellAt, cellsOf } from '../../src/dashboard/words/films/storyboard.ts'

t.test('what was done to a source, in short words', async t => {
  const phone = { video: { hdr: 'hlg', bit_depth: 10, rotation: 90, sample_aspect_ratio: '1:1' } }
  t.strictSame(doneTo(phone), ['HDR (HLG) → tone-mapped', 'rotated 90°'])
  const tape = {
    video: { interlaced: true, sample_aspect_ratio: '16:15', bit_depth: 8, rotation: 0, full_range: false },
    audio: { channels: 6 },
    damage: { share: 0.001 }
  }
  t.strictSame(doneTo(tape), ['deinterlaced', 'pixels of 16:15 → square', '6 channels → stereo', '1 % damage bridged'])
  t.strictSame(doneTo({ video: { bit_depth: 10, full_range: true } }), ['10 bit → 8 bit', 'full range → video range'])
  for (const nothing of [null, {}, { video: null, audio: null, damage: null }]) t.strictSame(doneTo(nothing), [])
})

t.test('a source in a line, and what the film does without', async t => {
  const probe = { video: { codec: 'hevc', width: 1920, height: 1080, fps: 29.97003 }, audio: { codec: 'aac' } }
  t.equal(sourceText(probe), 'hevc · 1920 × 1080 · 29.97 fps · aac')
  t.equal(sourceText({ video: null, audio: { codec: 'mp3' } }), 'mp3')
  t.equal(sourceText(null), '')
  t.strictSame(notesOf({ notes: [{ about: 'preview', reason: 'failed', detail: 'No preview.' }] }), ['No preview.'])
  t.strictSame(notesOf({}), [])
})

t.test('languages of subtitles', async t => {
  t.strictSame(['de', 'pt-BR', 'und', 'en-x-sdh', 'en-x-forced-2', 'qaa'].map(languageText), [
    'German',
    'Brazilian Portuguese',
    'Unknown language',
    'English (SDH)',
    'English (forced 2)',
    'qaa'
  ])
})

t.test('cells of a storyboard', async t => {
  const cells = cellsOf(
    'WEBVTT\n\n00:00:00.000 --> 00:00:04.000\na.jpg#xywh=0,0,160,90\n\n100:00:04.000 --> 100:00:08.500\nb.jpg#xywh=160,90,160,90\n'
  )
  t.strictSame(cells, [
    { from: 0, sheet: 'a.jpg', x: 0, y: 0, width: 160, height: 90 },
    { from: 360_004, sheet: 'b.jpg', x: 160, y: 90, width: 160, height: 90 }
  ])
  t.equal(cellAt(cells, 3.9)?.sheet, 'a.jpg')
  t.equal(cellAt(cells, 400_000)?.sheet, 'b.jpg')
  t.equal(cellAt([], 1), undefined)
})
