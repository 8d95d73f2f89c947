// `Stream #0:1[0x2](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv, bt709), 640x360 …`
const stream = /Stream #(\d+):\d+[^:]*: (Video|Audio): (\w+)(?: \([^)]*\))*(?:, (\w+))?/

/**
 * Reads what ffmpeg says of its inputs at the level `level+info`: "h264 yuv420p" of a picture, "aac" of a sound, by the
 * numbers of the inputs. Knows the lines of ffmpeg 4 to 8.
 */
export function readFormats() {
  const formats = new Map<number, string[]>()
  let areInputs = true
  let error: string | undefined

  function onLine(line: string) {
    if (/\[(error|fatal|panic)\]/.test(line)) error = line
    if (/Stream mapping:|Output #/.test(line)) areInputs = false
    const [, input, kind, codec, format] = (areInputs && stream.exec(line)) || []
    if (input === undefined) return
    const of = formats.get(Number(input)) ?? []
    formats.set(Number(input), [...of, kind === 'Video' ? `${codec} ${format}` : codec!])
  }

  return { onLine, formats, error: () => error }
}
