// What begins so is no film, in any container that ffmpeg reads. Pictures are left to the probe: some of them move.
const others: [what: string, start: string][] = [
  ['a PDF document', '%PDF-'],
  ['a ZIP archive or an Office document', 'PK\x03\x04'],
  ['a gzip archive', '\x1f\x8b\x08'],
  ['a 7z archive', '7z\xbc\xaf\x27\x1c'],
  ['a RAR archive', 'Rar!\x1a\x07'],
  ['an xz archive', '\xfd7zXZ\0'],
  ['a bzip2 archive', 'BZh91AY&SY'],
  ['an Office document', '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'],
  ['a program', '\x7fELF'],
  ['a SQLite database', 'SQLite format 3\0'],
  ['a web page', '<!DOCTYPE html'],
  ['a web page', '<!doctype html'],
  ['a web page', '<html']
]

/** What a file certainly is instead of a film, by its first bytes; undefined where only the probe can tell. */
export function noFilm(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 32)).toString('latin1')
  return others.find(([, beginning]) => start.startsWith(beginning))?.[0]
}
