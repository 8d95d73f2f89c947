import type { CompletedPath } from './paths.ts'

/** A line for each word that may follow, with the condition under which it may. */
export function fishScript(paths: CompletedPath[]): string {
  return [
    '# Completion of darkroom for fish: darkroom completion fish | source',
    `function __darkroom_is
    set -l words (commandline -opc)[2..]
    set -l wanted (string split -n ' ' -- $argv[1])
    set -l count (count $wanted)
    test (count $words) -ge $count; or return 1
    test $count -eq 0; or test "$words[1..$count]" = "$wanted"; or return 1
    test "$argv[2]" = more; or test (count $words) -eq $count
end`,
    'complete -c darkroom -e',
    'complete -c darkroom -f',
    ...paths.flatMap(linesOf)
  ].join('\n')
}

function linesOf({ path, words, options, isFile }: CompletedPath) {
  const line = `complete -c darkroom -n ${quoted(`__darkroom_is ${quoted(path)}`)}`
  const more = `complete -c darkroom -n ${quoted(`__darkroom_is ${quoted(path)} more`)}`
  return [
    ...words.map(({ word, about }) => `${line} -a ${word}${about ? ` -d ${quoted(about)}` : ''}`),
    ...options.map(({ word, about, takesValue, values }) => {
      const value = takesValue ? ' -x' : ''
      const choices = values.length > 0 ? ` -a ${quoted(values.join(' '))}` : ''
      return `${more} -l ${word.slice(2)}${value}${choices} -d ${quoted(about)}`
    }),
    ...(isFile ? [`${more} -F`] : [])
  ]
}

function quoted(text: string) {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
