import type { CompletedPath, Word } from './paths.ts'

/** For `_describe`, which shows what a word means. */
export function zshScript(paths: CompletedPath[]): string {
  const cases = paths.map(({ path, words, options, isFile }) => {
    const values = options
      .filter(({ takesValue }) => takesValue)
      .map(({ word, values }) => {
        const act = values.length > 0 ? `compadd -- ${values.join(' ')}` : '_files'
        return `        ${word}) ${act}; return ;;`
      })
    const inside = values.length > 0 ? `\n      case "\${words[CURRENT-1]}" in\n${values.join('\n')}\n      esac` : ''
    return `    '${path}')${inside}
      choices=(${words.map(described).join(' ')})
      options=(${options.map(described).join(' ')})${isFile ? '\n      files=yes' : ''} ;;`
  })
  const leaves = paths.filter(({ isLeaf }) => isLeaf).map(({ path }) => `'${path}'`)
  return `#compdef darkroom
# Completion of darkroom for zsh: source <(darkroom completion zsh)
_darkroom() {
  local place='' files='' i
  local -a choices options
  for ((i = 2; i < CURRENT && i < 4; i++)); do
    [[ "\${words[i]}" == -* ]] && break
    case "$place" in (${leaves.join('|')}) break ;; esac
    place="\${place:+$place }\${words[i]}"
  done
  case "$place" in
${cases.join('\n')}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe option options
  elif [[ -n "$files" ]]; then
    _files
  else
    _describe command choices
  fi
}
compdef _darkroom darkroom`
}

function described({ word, about }: Word) {
  return quoted(`${word.replaceAll(':', '\\:')}${about ? `:${about}` : ''}`)
}

function quoted(text: string) {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
